// The line of a run that lasts. It says what is known: a run of so many requests has no time left.
#include "report/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "report/digest.h"
#include "report/report.h"
#include "report/show.h"
#include "ringway/base/printable.h"

namespace ringload {

namespace {

constexpr std::size_t kWidthUnknown = 80;

/// Asked anew for each line: windows are resized.
std::size_t width_of(std::FILE* out) {
    winsize size{};
    if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kWidthUnknown;
    return size.ws_col;
}

/// Whole seconds, tenths when samples are closer than a second.
std::string seconds(Duration duration, const LoadPlan& plan) {
    const bool is_fine =
        plan.sample_interval.count() > 0 && plan.sample_interval < std::chrono::seconds(1);
    return fmt::format("{:.{}f} s", to_seconds(duration), is_fine ? 1 : 0);
}

std::string left_of(const LoadPlan& plan, const Sample& sample) {
    std::string out;
    if (plan.duration.count() > 0) {
        const Duration left = plan.duration - std::max(sample.at, Duration{0});
        out = "  " + seconds(std::max(left, Duration{0}), plan) + " left";
    }
    if (plan.requests > 0) {
        out += fmt::format("{} {} requests", out.empty() ? "  until" : " or until", plan.requests);
    }
    return out;
}

}  // namespace

Progress::Progress(const LoadPlan& plan, std::FILE* out, Duration line_interval)
    : plan_(plan),
      out_(out),
      is_terminal_(isatty(fileno(out)) == 1),
      line_interval_(line_interval) {}

Progress::~Progress() {
    if (!drawn_) return;
    std::fputc('\n', out_);
    std::fflush(out_);
}

void Progress::show(const Sample& sample) {
    if (sample.at < seen_at_) {  // another run: a search has many
        errors_ = 0;
        line_at_ = {};
    }
    seen_at_ = sample.at;
    errors_ += sample.errors;
    const bool is_soon = line_interval_.count() > 0 && sample.at < line_at_ + line_interval_;
    if (is_soon && !is_terminal_) return;
    line_at_ = sample.at;
    draw(line_of(plan_, sample, errors_));
}

void Progress::say(const std::string& line) {
    erase();
    std::fputs((ringway::base::printable(line) + '\n').c_str(), out_);
    std::fflush(out_);
}

void Progress::draw(std::string line) {
    if (is_terminal_) {
        // one column stays free: a full line would wrap, and \r would no longer find its begin
        const std::size_t width = width_of(out_);
        line.resize(std::min(line.size(), width - 1));
        line = '\r' + line + "\x1b[K";
        drawn_ = true;
    } else {
        line += '\n';
    }
    std::fputs(line.c_str(), out_);
    std::fflush(out_);
}

void Progress::erase() {
    if (!drawn_) return;
    std::fputs("\r\x1b[K", out_);
    drawn_ = false;
}

std::string Progress::line_of(const LoadPlan& plan, const Sample& sample, std::uint64_t errors) {
    const std::string at = sample.at.count() > 0 ? seconds(sample.at, plan) : "warm-up";
    const std::string p99 = sample.p99_ns > 0 ? show_ns(sample.p99_ns) : "-";
    return fmt::format("{}  rate {}  p99 {}  errors {}  in flight {}{}", at, show_rate(sample.rate),
                       p99, errors, sample.in_flight, left_of(plan, sample));
}

}  // namespace ringload
