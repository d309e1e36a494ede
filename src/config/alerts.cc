// [alerts] and [[alerts.webhook]]: who is told when something fails, and how.
#include <fmt/format.h>

#include <algorithm>

#include "sections.h"
#include "values.h"

#include "ringway/base/suggest.h"

namespace ringway::config {

namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::size_t kWebhooksMax = 64;
constexpr std::string_view kFormats[] = {"json", "slack"};
constexpr std::string_view kSeverities[] = {"info", "warning", "critical"};

/// Those of observe::EventKind, which lies above this room; a test compares them.
constexpr std::string_view kEvents[] = {"healthy",
                                        "unhealthy",
                                        "degraded",
                                        "recovered",
                                        "draining",
                                        "maintenance",
                                        "ejected",
                                        "readmitted",
                                        "rate_limited",
                                        "rate_limit_over",
                                        "credentials_refused",
                                        "credentials_accepted",
                                        "breaker_open",
                                        "breaker_half_open",
                                        "breaker_closed",
                                        "weight_set",
                                        "failover",
                                        "panic",
                                        "panic_over",
                                        "total_failure",
                                        "total_recovery"};

Complaint check_event(std::string_view text) {
    if (std::ranges::find(kEvents, text) != std::end(kEvents)) return {};
    const std::vector<std::string> known(std::begin(kEvents), std::end(kEvents));
    std::string advice = base::did_you_mean(text, known);
    if (advice.empty()) advice = "; docs/alerts.md lists them";
    return "is no event" + advice;
}

/// Never shows the URL: it may be a secret.
Complaint check_url(std::string_view text) {
    std::string_view rest = text;
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (rest.starts_with(scheme)) {
            rest.remove_prefix(scheme.size());
            break;
        }
    }
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    const std::string_view host = authority.substr(authority.rfind('@') + 1);
    if (rest.size() == text.size() || host.empty() || host.front() == ':') {
        return "is no URL to send to; write \"https://host/path\"";
    }
    const auto bad = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= ' ' || byte >= 0x7f;
    };
    if (std::ranges::any_of(text, bad)) {
        return "has a space or another character that a URL cannot have; write it as %XX";
    }
    return {};
}

void read_url(Reading& reading, const Rule& rule, const toml::node& node, Webhook& webhook) {
    auto url = read_secret(reading, rule.name, node);
    if (!url) return;
    if (const auto complaint = check_url(*url)) {
        return reading.complain(node, fmt::format("`{}`: its value {}", rule.name, *complaint));
    }
    webhook.url = std::move(*url);
}

void read_headers(Reading& reading, const Rule& rule, const toml::node& node, Webhook& webhook) {
    read_edits(reading, rule, node, HeaderEdit::Kind::set, webhook.headers);
}

void check_webhook(const Given& given, Webhook& webhook) {
    check_order(given, "backoff_min", webhook.backoff_min, "backoff_max", webhook.backoff_max);
}

const Section<Webhook>& webhook_section() {
    static const Section<Webhook> section{
        .heading = "[[alerts.webhook]]",
        .meaning =
            "One receiver of alerts, by HTTP POST. One that is dead or slow delays no other "
            "and no request.",
        .keys =
            {
                text<&Webhook::name>("name", check_name, "for logs and metrics; unique").required(),
                custom<Webhook>("url", "a URL or a secret", read_url,
                                "where alerts are sent: \"https://host/path\", or a secret when it "
                                "has a token in it; never logged or shown")
                    .required(),
                word<&Webhook::format>("format", kFormats,
                                       "of the body: \"json\" (docs/alerts.md), or \"slack\" for "
                                       "receivers of Slack's incoming webhooks"),
                word<&Webhook::severity_min>("severity_min", kSeverities,
                                             "less severe alerts are not sent here"),
                texts<&Webhook::events>("events", check_event,
                                        "only alerts of these kinds are sent here; empty: all"),
                duration<&Webhook::timeout>("timeout", between(milliseconds(10), minutes(5)),
                                            "of one attempt, from the connect to the whole answer"),
                count<&Webhook::retries_max>("retries_max", {0, 100},
                                             "attempts after the first, when nobody answers, or "
                                             "with 408, 425, 429 or 5xx"),
                duration<&Webhook::backoff_min>(
                    "backoff_min", between(milliseconds(1), hours(1)),
                    "longest pause before the second attempt; it doubles with each one, and is "
                    "random up to that (full jitter); Retry-After of an answer is waited for"),
                duration<&Webhook::backoff_max>("backoff_max", between(milliseconds(1), hours(24)),
                                                "bound of that pause"),
                custom<Webhook>("headers", "a table of headers", read_headers,
                                "set on every request; values may be secrets")
                    .with_default("{}"),
                text<&Webhook::ca_file>("ca_file", check_plain,
                                        "PEM file of the authorities that may have signed the "
                                        "certificate of an https receiver; empty: the system's"),
            },
        .check = check_webhook,
    };
    return section;
}

void read_webhooks(Reading& reading, const Rule&, const toml::node& node, Alerts& alerts) {
    std::vector<std::string> names;
    for (const toml::table* table : tables_of(reading, "[[alerts.webhook]]", node, kWebhooksMax)) {
        Webhook webhook;
        read_section(reading, webhook_section(), *table, webhook);
        add_name(reading, *table, "webhook", webhook.name, names);
        alerts.webhooks.push_back(std::move(webhook));
    }
}

const Section<Alerts>& alerts_section() {
    static const Section<Alerts> section{
        .heading = "[alerts]",
        .meaning =
            "Alerts about upstreams and pools (docs/alerts.md). On when there is a "
            "[[alerts.webhook]].",
        .keys =
            {
                duration<&Alerts::dedup_window>(
                    "dedup_window", between(Duration(0), hours(24)),
                    "the same kind of event of the same upstream is sent once in this time, then "
                    "with the count of its repeats; 0s: each is sent"),
                duration<&Alerts::escalate_after>(
                    "escalate_after", between(Duration(0), hours(24 * 7)),
                    "an alert that is not resolved after this is sent again, one severity higher, "
                    "and so on each time it has passed; 0s: never"),
                flag<&Alerts::resolve_notices>(
                    "resolve_notices", "tell receivers when what they were told of is over"),
                count<&Alerts::queue_max>(
                    "queue_max", {1, 1 << 16},
                    "alerts that wait for each webhook; what comes when it is full is dropped and "
                    "counted"),
                custom<Alerts>("webhook", "an array of tables", read_webhooks,
                               "[[alerts.webhook]]: the receivers, at most 64")
                    .with_default("[]"),
            },
    };
    return section;
}

}  // namespace

void read_alerts(Reading& reading, const toml::node& node, Alerts& out) {
    if (const toml::table* table = node.as_table()) {
        read_section(reading, alerts_section(), *table, out);
        return;
    }
    reading.complain(node,
                     fmt::format("expected the section [alerts], found {}", type_found(node)));
}

void describe_alerts(std::vector<SectionText>& out) {
    out.push_back(describe(alerts_section()));
    out.push_back(describe(webhook_section()));
}

}  // namespace ringway::config
