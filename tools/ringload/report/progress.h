// What is said while a run lasts: one line that is drawn over on a terminal, plain lines in a pipe.
#pragma once

#include <cstdio>
#include <string>

#include "tally/result.h"

namespace ringload {

class Progress {
 public:
    /// To `out`, which stays open; whether it is a terminal is asked once.
    Progress(const LoadPlan& plan, std::FILE* out);
    ~Progress();  // ends the line

    void show(const Sample& sample);
    /// A line of its own: a fault, a step of a search.
    void say(const std::string& line);

    /// Rate, p99, errors, what remains.
    static std::string line_of(const LoadPlan& plan, const Sample& sample, std::uint64_t errors);

 private:
    LoadPlan plan_;
    std::FILE* out_;
    bool is_terminal_;
    bool drawn_ = false;
    std::uint64_t errors_ = 0;
};

}  // namespace ringload
