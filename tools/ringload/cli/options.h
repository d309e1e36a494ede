// The command line of `ringload URL`: flags to a plan, or one line that says what is wrong.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "load/find_max.h"
#include "plan/plan.h"
#include "tally/assertion.h"

namespace ringload {

/// Where the result goes besides the terminal.
struct Outputs {
    std::string json;     // file; "-": standard output, instead of the text
    std::string csv;      // the series; "-" as well
    std::string html;     // file
    std::string records;  // CSV of every request
    bool quiet = false;   // no progress
};

struct Options {
    LoadPlan plan;
    std::optional<FindMaxSettings> find_max;
    std::vector<Assertion> assertions;
    Outputs outputs;
};

/// The target of a run: "http://host:port/path", resolved by getaddrinfo.
struct Target {
    ringway::base::SocketAddress connect;
    std::string authority;
    std::string path;
};
std::expected<Target, std::string> parse_url(const std::string& url);

/// What main() should do when there are no Options: print and exit.
struct Exit {
    int status = 0;
    std::string out;  // for standard output (help, version)
    std::string err;  // for standard error
};
std::expected<Options, Exit> parse_options(int argc, const char* const* argv);

/// Reads, loads, reports: the exit status. 0: as wished; 1: it could not be done, or no request was
/// answered; 2: an assertion does not hold.
int run_command(const Options& options);

}  // namespace ringload
