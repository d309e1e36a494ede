// open_loop: argv -> OpenLoop -> a file of records. Prints "ready" when the load begins.
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>

#include "open_loop.h"

namespace {

volatile int stopped = 0;

int fail(const std::string& message) {
    fmt::print(stderr, "open_loop: {}\n", message);
    return 1;
}

bool write_records(const std::vector<bench::Record>& records, const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (file == nullptr) return false;
    bool good = true;
    for (const bench::Record& record : records) {
        if (record.done_ns != 0) good = std::fwrite(&record, sizeof(record), 1, file) == 1 && good;
    }
    return std::fclose(file) == 0 && good;
}

}  // namespace

int main(int argc, char** argv) {
    std::string connect, out;
    double rate = 400, seconds = 5, timeout_seconds = 10;
    CLI::App app{"open_loop: requests at a fixed rate, with a record of each"};
    app.add_option("--connect", connect, "127.0.0.1:8080")->required();
    app.add_option("--rate", rate, "requests a second")
        ->check(CLI::Range(1.0, 100000.0))
        ->capture_default_str();
    app.add_option("--duration", seconds, "seconds")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str();
    app.add_option("--timeout", timeout_seconds, "seconds for each request")
        ->check(CLI::Range(0.01, 600.0))
        ->capture_default_str();
    app.add_option("--out", out, "file of the records")->required();
    CLI11_PARSE(app, argc, argv);

    bench::OpenLoopSettings settings;
    const auto address = ringway::base::SocketAddress::parse(connect);
    if (!address) return fail(fmt::format("--connect {}: not an address", connect));
    settings.connect = *address;
    settings.rate = rate;
    settings.duration_ns = static_cast<std::int64_t>(seconds * 1e9);
    settings.timeout_ns = static_cast<std::int64_t>(timeout_seconds * 1e9);

    prctl(PR_SET_TIMERSLACK, 1);  // requests go out on time, not up to 50 us late
    rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    for (const int number : {SIGTERM, SIGINT}) std::signal(number, [](int) { stopped = 1; });
    bench::OpenLoop loop(settings);
    fmt::print("ready\n");
    std::fflush(stdout);
    loop.run(stopped);
    if (!write_records(loop.records(), out)) return fail(fmt::format("cannot write {}", out));
    return 0;
}
