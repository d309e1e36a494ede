// One line of progress on standard error: drawn over on a terminal, a line for each change in a
// pipe. Single-threaded.
#pragma once

#include <string>
#include <string_view>

namespace ringctl {

class ProgressLine {
 public:
    ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;
    ~ProgressLine() { end(); }

    void show(std::string_view text);
    /// Clears it from the terminal.
    void end();

 private:
    bool on_terminal_;
    std::string last_;
};

}  // namespace ringctl
