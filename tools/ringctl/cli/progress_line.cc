#include "cli/progress_line.h"

#include <unistd.h>

#include <cstdio>

namespace ringctl {

ProgressLine::ProgressLine() : on_terminal_(::isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(std::string_view text) {
    if (text == last_) return;
    last_ = text;
    if (on_terminal_) {
        std::fprintf(stderr, "\r%s\x1b[K", last_.c_str());
    } else {
        std::fprintf(stderr, "%s\n", last_.c_str());
    }
}

void ProgressLine::end() {
    if (on_terminal_ && !last_.empty()) std::fputs("\r\x1b[K", stderr);
    last_.clear();
}

}  // namespace ringctl
