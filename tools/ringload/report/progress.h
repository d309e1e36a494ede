// What is said while a run lasts: one line that is drawn over on a terminal, plain lines in a pipe.
#pragma once

#include <cstdio>
#include <string>

#include "tally/result.h"

namespace ringload {

class Progress {
 public:
    /// To `out`, which stays open; whether it is a terminal is asked once. In a pipe, samples that
    /// come sooner than `line_interval` after a line are counted, and get none.
    Progress(const LoadPlan& plan, std::FILE* out, Duration line_interval = {});
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress();  // ends the line

    void show(const Sample& sample);
    /// A line of its own: a fault, a step of a search.
    void say(const std::string& line);

    /// Rate, p99, errors, what remains. `errors` are those of the run so far.
    static std::string line_of(const LoadPlan& plan, const Sample& sample, std::uint64_t errors);

 private:
    void draw(std::string line);
    void erase();

    LoadPlan plan_;
    std::FILE* out_;
    bool is_terminal_;
    bool drawn_ = false;
    const Duration line_interval_;
    Duration seen_at_{0};       // of the last sample
    Duration line_at_{0};       // of the last one that got a line; 0: none yet
    std::uint64_t errors_ = 0;  // of the samples of this run
};

}  // namespace ringload
