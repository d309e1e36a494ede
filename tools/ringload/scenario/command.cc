// scenario_command(): files -> scenarios -> rounds -> reports. Called once, by the main thread.
#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <optional>

#include "cli/descriptors.h"
#include "cli/interrupts.h"
#include "cli/output_file.h"
#include "cli/verdict.h"
#include "report/compare.h"
#include "report/progress.h"
#include "report/report.h"
#include "scenario/arguments.h"
#include "scenario/rounds.h"
#include "scenario/run.h"

namespace ringload {

namespace {

constexpr std::size_t kComparedMax = 6;

int fail(const std::string& line) {
    fmt::print(stderr, "ringload: {}\n", line);
    return 1;
}

/// What one round does, and where its result goes.
struct Task {
    const Scenario* scenario;
    std::uint32_t round = 0;
    LoadPlan plan;
    std::vector<std::pair<OutputFile, std::string (*)(const Result&)>> files;
};

std::expected<void, std::string> open_files(const Outputs& outputs, Task& task) {
    const std::pair<const std::string&, std::string (*)(const Result&)> wanted[] = {
        {outputs.json, json_of},
        {outputs.csv, csv_of},
        {outputs.html, html_of},
        {outputs.records, records_csv_of}};
    for (const auto& [path, render] : wanted) {
        if (path.empty() || path == "-") continue;
        auto file = OutputFile::open(
            path_of_round(path, task.scenario->variant, task.round, task.scenario->rounds));
        if (!file) return std::unexpected(file.error());
        task.files.emplace_back(std::move(*file), render);
    }
    return {};
}

/// Every plan is made, and every file opened, before anything is started.
std::expected<std::vector<Task>, std::string> tasks_of(const std::vector<Scenario>& scenarios,
                                                       const Outputs& outputs) {
    std::vector<Task> tasks;
    for (const Scenario& scenario : scenarios) {
        const auto plan = plan_of(scenario);
        if (!plan) return std::unexpected(plan.error());
        const std::string no_room = make_room_for(*plan);
        if (!no_room.empty()) return std::unexpected(no_room);
        for (std::uint32_t round = 0; round < scenario.rounds; ++round) {
            Task task{&scenario, round, *plan, {}};
            task.plan.warm_up += phase_of(round);
            if (auto opened = open_files(outputs, task); !opened)
                return std::unexpected(opened.error());
            tasks.push_back(std::move(task));
        }
    }
    return tasks;
}

/// What is said while a round lasts: by the thread of its load, and by the one of its faults.
class Voice {
 public:
    Voice(const LoadPlan& plan, bool is_quiet) {
        if (!is_quiet) progress_.emplace(plan, stderr, std::chrono::seconds(1));
    }
    void show(const Sample& sample) {
        const std::scoped_lock lock(mutex_);
        if (progress_) progress_->show(sample);
    }
    void say(const std::string& line) {
        const std::scoped_lock lock(mutex_);
        if (progress_) progress_->say(line);
    }
    /// However quiet it is.
    void warn(const std::string& line) {
        const std::scoped_lock lock(mutex_);
        if (progress_) {
            progress_->say("ringload: " + line);
        } else {
            fmt::print(stderr, "ringload: {}\n", line);
        }
    }

 private:
    std::mutex mutex_;
    std::optional<Progress> progress_;
};

std::string name_of(const Task& task) {
    std::string name = task.scenario->variant;
    if (task.scenario->rounds > 1)
        name += fmt::format("{}round {} of {}", name.empty() ? "" : ", ", task.round + 1,
                            task.scenario->rounds);
    return name;
}

std::expected<Result, std::string> run(const Task& task, const ScenarioArguments& arguments,
                                       const StopSwitch& stop) {
    Voice voice(task.plan, arguments.outputs.quiet);
    const std::string name = name_of(task);
    if (!name.empty()) voice.say(name);
    auto result = run_scenario(*task.scenario, task.plan, stop,
                               {[&](const Sample& sample) { voice.show(sample); },
                                [&](const std::string& line) { voice.say(line); },
                                [&](const std::string& line) { voice.warn(line); }});
    if (!result) return result;
    for (const Assertion& assertion : arguments.assertions)
        result->assertions.push_back(check(assertion, *result));
    return result;
}

/// Standard output and the rounds so far.
class Report {
 public:
    explicit Report(const ScenarioArguments& arguments, std::size_t tasks)
        : outputs_(arguments.outputs), is_one_(tasks == 1) {}

    /// False when something could not be written.
    bool add(Task& task, const Result& result) {
        bool is_written = true;
        for (auto& [file, render] : task.files) {
            const std::string error = file.write(render(result));
            if (error.empty()) continue;
            fail(error);
            is_written = false;
        }
        if (outputs_.json == "-") return print(json_of(result)) && is_written;
        if (outputs_.csv == "-") return print(csv_of(result)) && is_written;
        const std::string& title = task.scenario->title;
        if (is_one_)
            return print((title.empty() ? "" : title + "\n\n") + text_of(result)) && is_written;
        if (variants_.empty() || task.round == 0) variants_.push_back({task.scenario->variant, {}});
        variants_.back().rounds.push_back(figures_of_round(result));
        if (task.scenario->rounds == 1)
            compared_.push_back({task.scenario->variant, json_of(result)});
        title_ = title;
        return is_written;
    }
    bool end() {
        if (variants_.empty()) return true;
        if (!title_.empty() && !print(title_ + "\n\n")) return false;
        const bool may_compare = compared_.size() >= 2 && compared_.size() <= kComparedMax &&
                                 compared_.size() == variants_.size();
        if (may_compare) {
            const auto table = compare_json(compared_);
            if (table) return print(*table);
        }
        return print(table_of_rounds(variants_));
    }

 private:
    static bool print(const std::string& text) {
        if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
            std::fflush(stdout) == 0) {
            return true;
        }
        fail(fmt::format("standard output cannot be written: {}", std::strerror(errno)));
        return false;
    }

    Outputs outputs_;
    bool is_one_;
    std::string title_;
    std::vector<VariantRounds> variants_;
    std::vector<NamedJson> compared_;
};

/// The worse of two exit statuses: what could not be done comes before what does not hold.
int worse(int a, int b) {
    if (a == 0 || b == 0) return a + b;
    return a == 2 ? b : a;
}

}  // namespace

int scenario_command(int argc, const char* const* argv) {
    const auto arguments = parse_scenario_arguments(argc, argv);
    if (!arguments) {
        std::fputs(arguments.error().out.c_str(), stdout);
        std::fputs(arguments.error().err.c_str(), stderr);
        return arguments.error().status;
    }
    const auto scenarios = load_scenario(arguments->files, arguments->settings);
    if (!scenarios) {
        for (const auto& error : scenarios.error()) fmt::print(stderr, "{}\n", error.text());
        return 1;
    }
    auto tasks = tasks_of(*scenarios, arguments->outputs);
    if (!tasks) return fail(tasks.error());

    std::signal(SIGPIPE, SIG_IGN);  // a connection that is reset is a failure, not our end
    StopSwitch stop;
    Interrupts interrupts(stop);
    Report report(*arguments, tasks->size());
    int status = 0;
    std::size_t measured = 0;
    for (Task& task : *tasks) {
        if (stop.stop) break;
        const auto result = run(task, *arguments, stop);
        if (!result) {
            if (stop.stop && result.error().empty()) break;
            return fail(result.error());
        }
        ++measured;
        if (!report.add(task, *result)) status = worse(status, 1);
        for (const std::string& line : warnings_of(*result))
            fmt::print(stderr, "ringload: {}\n", line);
        for (const std::string& line : failed_assertions(*result)) fmt::print(stderr, "{}\n", line);
        status = worse(status, exit_status(*result, interrupts.signal()));
    }
    if (!report.end()) status = worse(status, 1);
    if (measured < tasks->size() && status == 0) return 128 + interrupts.signal();
    return status;
}

}  // namespace ringload
