#include "top/terminal.h"

#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "ringway/base/assert.h"

namespace ringctl {

namespace {

// xterm's other screen, the cursor, and no wrapping at the right edge
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
constexpr std::string_view kLeave = "\x1b[?7h\x1b[?25h\x1b[?1049l";

}  // namespace

std::expected<std::unique_ptr<Terminal>, std::string> Terminal::open() {
    if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1) {
        return std::unexpected(
            "top needs a terminal; `ringctl top --once` prints one look, --json a line for each");
    }
    std::unique_ptr<Terminal> terminal(new Terminal);
    sigemptyset(&terminal->caught_);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH})
        sigaddset(&terminal->caught_, number);
    RW_ASSERT(pthread_sigmask(SIG_BLOCK, &terminal->caught_, &terminal->mask_before_) == 0);
    terminal->signals_ = ::signalfd(-1, &terminal->caught_, SFD_NONBLOCK | SFD_CLOEXEC);
    RW_ASSERT(terminal->signals_ >= 0);
    return terminal;
}

Terminal::~Terminal() {
    leave();
    if (signals_ >= 0) ::close(signals_);
    pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

void Terminal::enter() {
    if (entered_) return;
    entered_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!entered_) return;
    termios keys = before_;
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // ISIG stays: Ctrl-C is SIGINT
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &keys);
    put(kEnter);
}

void Terminal::leave() {
    if (!entered_) return;
    entered_ = false;
    put(kLeave);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
}

ScreenSize Terminal::size() const {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        return {};
    return {size.ws_col, size.ws_row};
}

bool Terminal::show(const std::vector<std::string>& lines) {
    std::string out = "\x1b[H";
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0) out += "\r\n";
        out += lines[i] + "\x1b[K";
    }
    return put(out + "\x1b[J");
}

bool Terminal::put(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

int Terminal::next_signal() const {
    signalfd_siginfo told{};
    if (::read(signals_, &told, sizeof told) != sizeof told) return 0;
    return static_cast<int>(told.ssi_signo);
}

void Terminal::suspend() {
    leave();
    ::raise(SIGSTOP);
    enter();
}

void Terminal::die_of(int number) {
    leave();
    ::signal(number, SIG_DFL);
    pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    ::raise(number);
    std::_Exit(128 + number);  // the signal is ignored by whoever started us
}

}  // namespace ringctl
