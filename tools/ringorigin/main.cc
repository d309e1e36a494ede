// ringorigin: a fast HTTP/1.1 origin for demonstrations, tests and benches. argv -> workers ->
// signals.
#include <fmt/format.h>
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <deque>
#include <string>
#include <vector>

#include "answer.h"
#include "ringway/base/units.h"
#include "ringway/ring/descriptor_table.h"
#include "worker.h"

namespace {

constexpr const char* kFooter = R"(Answers, chosen by the path (any other path is answered like /):
  /                                  --body-bytes bytes and 8 header fields that name the origin
  /fixed?bytes=N                     Content-Length
  /chunked?bytes=N&chunk=M           chunks of M bytes; interval=50ms pauses between them
  /sse?events=N&interval=50ms        text/event-stream, one chunk an event
  /slow?delay=500ms                  late
  /fail?status=503                   an error status
  /429?retry_after=3                 429 with Retry-After
  /reset?after=BYTES                 RST after BYTES of the body; before any byte without after=
  /stall?after=BYTES                 silence after BYTES of the body; from the start without after=
  /close?bytes=N                     a body that ends with the connection
  /echo                              the request's body, at most 64 MiB
  /headers                           what was received, as JSON
status=, bytes= and delay= work on every path. Bodies carry X-Checksum: FNV-1a 64 in hexadecimal.

At run time: POST /_control?mode=fixed|slow|fail|reset|stall|429|chunked|sse|close|echo|headers, with the parameters
above, makes every path but this one answer so; mode=default ends that; GET /_control shows it. health=ok leaves /health
alone (as slow and 429 do by themselves), health=same does not.)";

// More are served, too.
constexpr std::uint64_t kConnectionsExpected = 65536;

struct Arguments {
    std::vector<std::string> listen;
    std::string name = "origin";
    unsigned threads = 1;
    std::vector<int> cpus;
    std::uint64_t body_bytes = 128;
    std::string latency = "0ms";
};

int fail(const std::string& message) {
    fmt::print(stderr, "ringorigin: {}\n", message);
    return 1;
}

bool is_good_name(const std::string& name) {
    return !name.empty() && name.size() <= 64 &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127; });
}

int serve(const Arguments& arguments, ringorigin::WorkerSettings settings) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // before the threads, which inherit it
    std::signal(SIGPIPE, SIG_IGN);

    ringorigin::Override everywhere;
    std::deque<ringorigin::Worker> workers;
    std::string error;
    for (unsigned i = 0; i < arguments.threads && error.empty(); ++i) {
        if (!arguments.cpus.empty()) settings.cpu = arguments.cpus[i % arguments.cpus.size()];
        const auto started = workers.emplace_back(settings, everywhere).start();
        if (!started) {
            workers.pop_back();
            error = started.error();
            break;
        }
        // the others share the ports that the kernel chose; a unix socket has one acceptor only
        settings.listen = *started;
        std::erase_if(settings.listen, [](const auto& address) { return !address.is_ip(); });
        if (i > 0) continue;
        for (const auto& address : *started)
            fmt::print("ringorigin {}: {}\n", settings.name, address.text());
        std::fflush(stdout);
    }
    if (error.empty()) {
        int signal = 0;
        sigwait(&ends, &signal);
    }
    for (auto& worker : workers) worker.request_stop();
    workers.clear();
    return error.empty() ? 0 : fail(error);
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    CLI::App app{"ringorigin: a fast HTTP/1.1 origin for demonstrations, tests and benches"};
    app.footer(kFooter);
    app.add_option("--listen", arguments.listen,
                   "127.0.0.1:9101, [::1]:9101 or unix:/path; may be repeated; port 0: any")
        ->required();
    app.add_option("--name", arguments.name, "sent as X-Origin")->capture_default_str();
    app.add_option("--threads", arguments.threads, "each with its own ring")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    app.add_option("--cpus", arguments.cpus, "CPUs that the threads are pinned to, in turn: 1,2")
        ->delimiter(',');
    app.add_option("--body-bytes", arguments.body_bytes, "body of / and default of bytes=")
        ->capture_default_str();
    app.add_option("--latency", arguments.latency, "before every answer: 250us, 5ms, 1s")
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    ringorigin::WorkerSettings settings;
    for (const std::string& text : arguments.listen) {
        const auto address = ringway::base::SocketAddress::parse(text);
        if (!address) return fail(fmt::format("--listen {}: not an address", text));
        settings.listen.push_back(*address);
    }
    if (!is_good_name(arguments.name)) return fail("--name: 1 to 64 visible ASCII characters");
    const auto latency = ringway::base::parse_duration(arguments.latency);
    if (!latency)
        return fail(fmt::format("--latency {}: a whole number and us, ms or s", arguments.latency));
    if (arguments.body_bytes > ringorigin::kBytesMax) return fail("--body-bytes: too many");
    settings.standard.bytes = arguments.body_bytes;
    settings.standard.delay = *latency;
    settings.name = arguments.name;
    const auto features = ringway::ring::probe_kernel_features();
    if (!features) return fail(features.error());
    settings.features = *features;
    ringway::ring::raise_descriptor_limit();
    ringway::ring::reserve_descriptor_table(kConnectionsExpected);
    return serve(arguments, std::move(settings));
}
