#include "load/process_sample.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace ringload {

namespace {

void add_thread(const std::filesystem::path& thread, ProcessSample& sample) {
    std::int64_t on_cpu_ns = 0;
    if (std::ifstream(thread / "schedstat") >> on_cpu_ns) sample.cpu_ns += on_cpu_ns;
    std::ifstream status(thread / "status");
    for (std::string line; std::getline(status, line);) {
        // voluntary_ctxt_switches and nonvoluntary_ctxt_switches
        const std::size_t at = line.find("ctxt_switches:");
        if (at != std::string::npos) sample.switches += std::stoll(line.substr(line.find(':') + 1));
    }
}

void add_core(int core, ProcessSample& sample) {
    const std::string wanted = fmt::format("cpu{} ", core);
    const std::int64_t tick_ns = 1'000'000'000 / sysconf(_SC_CLK_TCK);
    std::ifstream stat("/proc/stat");
    for (std::string line; std::getline(stat, line);) {
        if (!line.starts_with(wanted)) continue;
        std::istringstream fields(line.substr(wanted.size()));
        std::int64_t user = 0, nice = 0, system = 0, idle = 0, io_wait = 0, irq = 0, soft_irq = 0,
                     steal = 0;
        fields >> user >> nice >> system >> idle >> io_wait >> irq >> soft_irq >> steal;
        sample.core_busy_ns = (user + nice + system + irq + soft_irq) * tick_ns;
        sample.core_steal_ns = steal * tick_ns;
    }
}

}  // namespace

ProcessSample sample_processes(const std::vector<pid_t>& pids, int core) {
    ProcessSample sample;
    for (const pid_t pid : pids) {
        std::error_code gone;
        for (std::filesystem::directory_iterator thread(fmt::format("/proc/{}/task", pid), gone),
             end;
             thread != end; thread.increment(gone)) {
            if (gone) break;
            add_thread(thread->path(), sample);
        }
    }
    if (core >= 0) add_core(core, sample);
    return sample;
}

}  // namespace ringload
