// The terminal while `top` has it: the other screen, no echo, no cursor; and back, however it ends.
// Signals come as bytes of a descriptor, so that none can end the process with the terminal in
// disorder. One at a time; the main thread.
#pragma once

#include <signal.h>
#include <termios.h>

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "top/screen.h"

namespace ringctl {

class Terminal {
 public:
    /// Blocks the signals that it takes; to be made before any other thread. A sentence when
    /// standard input and output are no terminal.
    static std::expected<std::unique_ptr<Terminal>, std::string> open();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal();

    void enter();
    void leave();
    ScreenSize size() const;
    /// False when the terminal has gone.
    bool show(const std::vector<std::string>& lines);

    /// SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP and SIGWINCH can be read here.
    int signals() const { return signals_; }
    /// One of them; 0 when there is none.
    int next_signal() const;
    /// Stops the process as Ctrl-Z does, the terminal in order, and goes on when it is continued.
    void suspend();
    /// Ends the process by the signal, as if it had not been caught.
    [[noreturn]] void die_of(int signal);

 private:
    Terminal() = default;
    static bool put(std::string_view text);

    termios before_{};
    sigset_t caught_{};
    sigset_t mask_before_{};
    int signals_ = -1;
    bool entered_ = false;
};

}  // namespace ringctl
