// run_command(): files, signals, the run, the report. Called once, by the main thread.
#include <fmt/format.h>
#include <signal.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <vector>

#include "cli/descriptors.h"
#include "cli/interrupts.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/verdict.h"
#include "load/find_max.h"
#include "load/run.h"
#include "report/progress.h"
#include "report/report.h"

namespace ringload {

namespace {

constexpr std::string_view kStandardOutput = "-";

int fail(const std::string& line) {
    fmt::print(stderr, "ringload: {}\n", line);
    return 1;
}

using Render = std::string (*)(const Result&);

struct File {
    Render render;
    OutputFile file;
};

std::expected<std::vector<File>, std::string> open_files(const Outputs& outputs) {
    const std::pair<const std::string&, Render> wanted[] = {{outputs.json, json_of},
                                                            {outputs.csv, csv_of},
                                                            {outputs.html, html_of},
                                                            {outputs.records, records_csv_of}};
    std::vector<File> files;
    for (const auto& [path, render] : wanted) {
        if (path.empty() || path == kStandardOutput) continue;
        auto file = OutputFile::open(path);
        if (!file) return std::unexpected(file.error());
        files.push_back({render, std::move(*file)});
    }
    return files;
}

/// What goes to standard output.
std::string printed(const Outputs& outputs, const Result& result) {
    if (outputs.json == kStandardOutput) return json_of(result) + "\n";
    if (outputs.csv == kStandardOutput) return csv_of(result);
    return text_of(result);
}

std::expected<Result, std::string> load(const Options& options, const StopSwitch& stop) {
    std::optional<Progress> progress;
    if (!options.outputs.quiet) progress.emplace(options.plan, stderr);
    const OnSample on_sample = [&](const Sample& sample) {
        if (progress) progress->show(sample);
    };
    if (!options.find_max) return run_load(options.plan, stop, on_sample);
    return find_max(options.plan, *options.find_max, stop, on_sample, [&](const StepResult& step) {
        if (progress) progress->say(line_of(step));
    });
}

/// False when something could not be written.
bool write_out(const Options& options, const Result& result, std::vector<File>& files) {
    bool written = true;
    for (File& file : files) {
        const std::string error = file.file.write(file.render(result));
        if (error.empty()) continue;
        fail(error);
        written = false;
    }
    const std::string text = printed(options.outputs, result);
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
        std::fflush(stdout) != 0) {
        fail(fmt::format("standard output cannot be written: {}", std::strerror(errno)));
        written = false;
    }
    return written;
}

}  // namespace

int run_command(const Options& options) {
    auto files = open_files(options.outputs);
    if (!files) return fail(files.error());
    const std::string no_room = make_room_for(options.plan);
    if (!no_room.empty()) return fail(no_room);

    ::signal(SIGPIPE, SIG_IGN);  // a connection that is reset is a failure, not our end
    StopSwitch stop;
    Interrupts interrupts(stop);
    auto result = load(options, stop);
    if (!result) return fail(result.error());
    for (const Assertion& assertion : options.assertions)
        result->assertions.push_back(check(assertion, *result));

    const bool written = write_out(options, *result, *files);
    for (const std::string& line : warnings_of(*result)) fmt::print(stderr, "ringload: {}\n", line);
    for (const std::string& line : failed_assertions(*result)) fmt::print(stderr, "{}\n", line);
    const int status = exit_status(*result, interrupts.signal());
    return status == 0 && !written ? 1 : status;
}

}  // namespace ringload
