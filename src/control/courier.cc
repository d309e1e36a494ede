// The courier. Its URL and fields are secrets: they go to libcurl and nowhere else, and errors are
// told in libcurl's fixed words, which never quote a URL.
#include "courier.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "ringway/base/assert.h"

namespace ringway::control {
namespace {

constexpr base::Duration kRetryAfterMax = std::chrono::hours(1);

/// The body of an answer tells nothing that its status does not.
std::size_t swallow(char*, std::size_t size, std::size_t count, void*) { return size * count; }

/// No program that this one starts inherits the connection; libcurl does not see to that.
int close_on_exec(void*, curl_socket_t socket, curlsocktype) {
    fcntl(socket, F_SETFD, FD_CLOEXEC);
    return CURL_SOCKOPT_OK;
}

/// RFC 9110 15.5.9, RFC 8470 5.2, RFC 6585 4 and 5xx: the same request may succeed later.
bool may_succeed_later(long status) {
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

std::string field_line(const config::HeaderEdit& field) {
    // libcurl's form of a field without a value
    return field.value.empty() ? field.name + ";" : field.name + ": " + field.value;
}

}  // namespace

Courier::Courier(CURLM* multi, const config::Webhook& webhook, CourierCounters& counters, Log& log,
                 std::string host, std::uint64_t seed)
    : multi_(multi),
      easy_(curl_easy_init()),
      webhook_(webhook),
      counters_(counters),
      log_(log),
      host_(std::move(host)),
      prng_(seed) {}

Courier::~Courier() {
    if (sending_) curl_multi_remove_handle(multi_, easy_);
    if (easy_ != nullptr) curl_easy_cleanup(easy_);
    curl_slist_free_all(fields_);
    counters_.dropped += queue_.size();
    counters_.queued = 0;
}

bool Courier::wants(const Notice& notice) const {
    if (notice.severity < webhook_.severity_min) return false;
    const auto listed = [this](observe::EventKind kind) {
        return std::ranges::find(webhook_.events, observe::name_of(kind)) != webhook_.events.end();
    };
    return webhook_.events.empty() || listed(notice.kind) || listed(notice.event.told.event.kind);
}

void Courier::offer(const News& news, std::size_t queue_max) {
    if (!wants(news.notice)) return;
    if (news.repeat) {
        ++counters_.deduplicated;
    } else if (queue_.size() >= queue_max) {
        ++counters_.dropped;
    } else {
        queue_.push_back(news.notice);
        counters_.queued = queue_.size();
    }
}

void Courier::set_up(CURL* easy) {
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, webhook_.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body_.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body_.size()));
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "ringway/" RINGWAY_VERSION);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(base::to_ms(webhook_.timeout)));
    if (!webhook_.ca_file.empty()) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, webhook_.ca_file.c_str());
        curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
    }
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    // a look-up that hangs holds up neither the end of an attempt nor that of the process
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, close_on_exec);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
    curl_slist_free_all(fields_);
    fields_ = curl_slist_append(nullptr, "Content-Type: application/json");
    fields_ = curl_slist_append(fields_, "Expect:");
    for (const config::HeaderEdit& field : webhook_.headers)
        fields_ = curl_slist_append(fields_, field_line(field).c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fields_);
}

std::optional<Courier::Clock::time_point> Courier::due() const {
    if (sending_ || queue_.empty()) return {};
    return not_before_;
}

void Courier::begin_due(Clock::time_point now) {
    if (easy_ == nullptr || sending_ || queue_.empty() || now < not_before_) return;
    if (attempts_ == 0) body_ = alert_body(queue_.front(), webhook_.format, host_);
    set_up(easy_);
    ++attempts_;
    sending_ = curl_multi_add_handle(multi_, easy_) == CURLM_OK;
    if (!sending_) retry_or_give_up("out of memory", true, base::Duration::zero(), now);
}

void Courier::on_done(CURLcode result, Clock::time_point now) {
    RW_ASSERT(sending_);
    sending_ = false;
    long status = 0;
    curl_off_t asked_s = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &asked_s);
    curl_multi_remove_handle(multi_, easy_);
    if (result != CURLE_OK) {
        return retry_or_give_up(curl_easy_strerror(result), true, base::Duration::zero(), now);
    }
    if (status < 200 || status > 299) {
        const base::Duration asked =
            std::min<base::Duration>(kRetryAfterMax, std::chrono::seconds(asked_s));
        return retry_or_give_up(fmt::format("it answers {}", status), may_succeed_later(status),
                                asked, now);
    }
    if (failing_) {
        log_.info("alerts", webhook_.name + " takes alerts again",
                  {{.key = "webhook", .value = webhook_.name, .names = true, .told = true}});
    }
    failing_ = false;
    settle(counters_.sent);
}

/// `again`: another attempt may succeed. `asked`: the least pause, by the receiver's own word.
void Courier::retry_or_give_up(const std::string& why, bool again, base::Duration asked,
                               Clock::time_point now) {
    const auto say = [&](LogLevel level, std::string_view what) {
        log_.line(level, "alerts", fmt::format("{} {} ({})", webhook_.name, what, why),
                  {{.key = "webhook", .value = webhook_.name, .names = true, .told = true},
                   {.key = "attempts", .value = std::uint64_t{attempts_}}});
    };
    const bool is_first = !std::exchange(failing_, true);
    if (!again || attempts_ > webhook_.retries_max || hurried_) {
        say(LogLevel::warn, "was not told of an alert");
        return settle(counters_.failed);
    }
    if (is_first) say(LogLevel::warn, "cannot be told of an alert yet; it is tried again");
    ++counters_.retried;
    const double doubled = static_cast<double>(webhook_.backoff_min.count()) *
                           static_cast<double>(std::uint64_t{1} << std::min(attempts_ - 1, 40u));
    const double bound = std::min(doubled, static_cast<double>(webhook_.backoff_max.count()));
    const base::Duration pause(static_cast<std::int64_t>(bound * prng_.unit()));
    not_before_ = now + std::max(pause, asked);
}

/// The front is done with.
void Courier::settle(std::atomic<std::uint64_t>& counter) {
    ++counter;
    queue_.pop_front();
    counters_.queued = queue_.size();
    attempts_ = 0;
    not_before_ = {};
}

void Courier::hurry() {
    hurried_ = true;
    if (sending_ || queue_.empty() || attempts_ == 0) return;
    settle(counters_.failed);
}

}  // namespace ringway::control
