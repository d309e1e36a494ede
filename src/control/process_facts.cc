// What the kernel knows of this process. Any thread; no state.
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "ringway/control/endpoints.h"

namespace ringway::control {
namespace {

/// Seconds since the epoch at which the process started: proc(5), field 22 of stat, counted in
/// ticks since boot.
double read_start_time() {
    std::ifstream file("/proc/self/stat");
    std::string line;
    std::getline(file, line);
    // The name in field 2 may hold anything; the fields after its last ')' are plain numbers.
    std::istringstream rest(line.substr(line.rfind(')') + 1));
    std::string field;
    for (int i = 3; i < 22; ++i) rest >> field;
    double ticks = 0;
    rest >> ticks;
    timespec boot{};
    timespec wall{};
    clock_gettime(CLOCK_BOOTTIME, &boot);
    clock_gettime(CLOCK_REALTIME, &wall);
    const auto seconds = [](const timespec& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
    };
    return seconds(wall) - seconds(boot) + ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::uint64_t read_resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t total_pages = 0;
    std::uint64_t resident_pages = 0;
    file >> total_pages >> resident_pages;
    return resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t count_open_descriptors() {
    std::error_code error;
    std::uint64_t count = 0;
    for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
         at.increment(error)) {
        ++count;
    }
    return count > 0 ? count - 1 : 0;  // without the one that counts
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

observe::ProcessFacts read_process_facts() {
    // Read once: later readings would differ by the clock's adjustments.
    static const double started = read_start_time();
    observe::ProcessFacts facts;
    facts.version = RINGWAY_VERSION;
    facts.started_unix_seconds = started;
    facts.cpu_seconds = cpu_seconds();
    facts.resident_bytes = read_resident_bytes();
    facts.open_descriptors = count_open_descriptors();
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.descriptors_max = limit.rlim_cur;
    return facts;
}

}  // namespace ringway::control
