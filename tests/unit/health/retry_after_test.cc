// What a 429 asks for, as the services that answer one write it.
#include "ringway/health/retry_after.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "ringway/base/prng.h"

namespace ringway::health {
namespace {

using base::Duration;
using namespace std::chrono_literals;
using Asked = std::optional<Duration>;

constexpr std::int64_t kNowS = 1'717'243'200;  // Sat, 01 Jun 2024 12:00:00 GMT
constexpr std::int64_t kNowNs = kNowS * 1'000'000'000;

/// What the lines of a real head ask for: they pass the parser first.
Asked asked_in(const std::vector<std::string>& lines) {
    std::string bytes = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n";
    for (const std::string& line : lines) bytes += line + "\r\n";
    bytes += "\r\n";
    std::uint32_t scanned = 0;
    http::ResponseHead head;
    const auto error = http::parse_response_head(bytes, {}, http::Method::get, scanned, head);
    EXPECT_EQ(error, http::HeadError::none);
    return retry_after(head.fields, kNowNs);
}

Asked asked(const std::string& line) { return asked_in({line}); }

TEST(RetryAfter, TakesSeconds) {
    EXPECT_EQ(asked("Retry-After: 120"), 120s);
    EXPECT_EQ(asked("retry-after: 0"), 0s);
    EXPECT_EQ(asked("Retry-After: 1.5"), 1500ms);
    EXPECT_EQ(asked("Retry-After: 0.7"), 700ms);
}

TEST(RetryAfter, TakesAnHttpDateInEachForm) {
    EXPECT_EQ(asked("Retry-After: Sat, 01 Jun 2024 12:00:30 GMT"), 30s);
    EXPECT_EQ(asked("Retry-After: Saturday, 01-Jun-24 12:01:00 GMT"), 60s);
    EXPECT_EQ(asked("Retry-After: Sat Jun  1 12:00:05 2024"), 5s);
    EXPECT_EQ(asked("Retry-After: Sat, 01 Jun 2024 11:59:59 GMT"), 0s) << "has passed";
}

TEST(RetryAfter, IsNeverLongerThanAnHour) {
    EXPECT_EQ(asked("Retry-After: 3600"), 1h);
    EXPECT_EQ(asked("Retry-After: 3601"), 1h);
    EXPECT_EQ(asked("Retry-After: 99999999999999999999999999"), 1h);
    EXPECT_EQ(asked("Retry-After: Fri, 31 Dec 9999 23:59:59 GMT"), 1h);
    EXPECT_EQ(asked("X-RateLimit-Reset-Tokens: 999999999d999999999h"), 1h);
}

TEST(RetryAfter, TakesOpenAiForms) {
    EXPECT_EQ(asked_in({"x-ratelimit-reset-requests: 1s", "x-ratelimit-reset-tokens: 6m0s"}), 6min);
    EXPECT_EQ(asked("x-ratelimit-reset-requests: 120ms"), 120ms);
    EXPECT_EQ(asked("x-ratelimit-reset-tokens: 1m12.5s"), 72500ms);
    EXPECT_EQ(asked("x-ratelimit-reset-requests: 8.64s"), 8640ms);
    EXPECT_EQ(asked("x-ratelimit-reset-requests: 350us"), 350us);
    EXPECT_EQ(asked("retry-after-ms: 1234"), 1234ms);
    EXPECT_EQ(asked("x-ms-retry-after-ms: 20"), 20ms);
}

TEST(RetryAfter, TakesAnthropicForms) {
    EXPECT_EQ(asked("anthropic-ratelimit-requests-reset: 2024-06-01T12:00:07Z"), 7s);
    EXPECT_EQ(asked_in({"anthropic-ratelimit-requests-reset: 2024-06-01T12:00:07Z",
                        "anthropic-ratelimit-input-tokens-reset: 2024-06-01T12:00:45.25Z"}),
              45250ms);
    EXPECT_EQ(
        asked_in({"retry-after: 3", "anthropic-ratelimit-tokens-reset: 2024-06-01T12:05:00Z"}), 3s);
}

TEST(RetryAfter, TakesUnixTimesAsGitHubHasThem) {
    EXPECT_EQ(asked("x-ratelimit-reset: " + std::to_string(kNowS + 42)), 42s);
    EXPECT_EQ(asked("x-ratelimit-reset: " + std::to_string(kNowS - 42)), 0s);
    EXPECT_EQ(asked("x-ratelimit-reset: " + std::to_string(kNowS + 1) + ".25"), 1250ms);
    EXPECT_EQ(asked("x-ratelimit-reset: " + std::to_string(kNowS * 1000 + 420)), 420ms);
    EXPECT_EQ(asked("x-rate-limit-reset: " + std::to_string(kNowS + 9)), 9s);
    EXPECT_EQ(asked("X-RateLimit-Reset-After: 0.65"), 650ms);
}

TEST(RetryAfter, TakesTheFieldsOfTheIetfDraft) {
    EXPECT_EQ(asked("RateLimit-Reset: 50"), 50s);
    EXPECT_EQ(asked("RateLimit: \"default\";r=0;t=30"), 30s);
    EXPECT_EQ(asked("RateLimit: \"burst\";r=0;t=5, \"day\";r=0; t=900"), 900s);
    EXPECT_EQ(asked("RateLimit: limit=100, remaining=0, reset=17"), 17s);
    EXPECT_EQ(asked("RateLimit: \"default\";r=0"), std::nullopt);
    EXPECT_EQ(asked("RateLimit-Policy: \"default\";q=100;w=60;t=5"), std::nullopt);
}

TEST(RetryAfter, RanksAboveEveryResetField) {
    EXPECT_EQ(asked_in({"X-RateLimit-Reset: 500", "Retry-After: 3", "RateLimit-Reset: 400"}), 3s);
    EXPECT_EQ(asked_in({"Retry-After: soon", "X-RateLimit-Reset: 500"}), 500s)
        << "one that cannot be understood is none";
    EXPECT_EQ(asked_in({"Retry-After: 3", "Retry-After: 8", "Retry-After: 5"}), 8s);
}

TEST(RetryAfter, UnderstandsNothingElse) {
    for (const char* value :
         {"",   "-1",  "+5",  "5 s", "1e3",      "0x10",       "1,000",
          "5;", "NaN", "inf", "s",   "5x",       "5s3",        ".5",
          "5.", "1.s", "m5",  "Sat", "tomorrow", "2024-06-01", "2024-06-01T12:00:00"}) {
        EXPECT_EQ(asked(std::string("Retry-After: ") + value), std::nullopt) << value;
        EXPECT_EQ(asked(std::string("X-RateLimit-Reset: ") + value), std::nullopt) << value;
    }
    EXPECT_EQ(asked("Retry-After-Ms: 5s"), std::nullopt);
    EXPECT_EQ(asked("X-Retry-After: 5"), std::nullopt);
    EXPECT_EQ(asked("Retry-Afters: 5"), std::nullopt);
    EXPECT_EQ(asked_in({}), std::nullopt);
}

/// A day of the calendar, counted on from 1 January 1970 one by one.
struct Day {
    int year = 1970, month = 1, day = 1, weekday = 4;  // Sunday is 0
    void next() {
        const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        const int lengths[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        weekday = (weekday + 1) % 7;
        if (++day <= lengths[month - 1]) return;
        day = 1;
        if (++month <= 12) return;
        month = 1;
        ++year;
    }
};

TEST(HttpDate, EachDayOf170YearsInEachForm) {
    const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const char* days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                          "Thursday", "Friday", "Saturday"};
    Day day;
    for (std::int64_t number = 0; day.year < 2140; ++number, day.next()) {
        const std::int64_t expected = number * 86400 + 8 * 3600 + 49 * 60 + 37;
        const char* month = months[day.month - 1];
        const char* name = days[day.weekday];
        char text[64];
        std::snprintf(text, sizeof text, "%.3s, %02d %s %d 08:49:37 GMT", name, day.day, month,
                      day.year);
        ASSERT_EQ(parse_http_date(text), expected) << text;
        std::snprintf(text, sizeof text, "%.3s %s %2d 08:49:37 %d", name, month, day.day, day.year);
        ASSERT_EQ(parse_http_date(text), expected) << text;
        if (day.year >= 2070) continue;
        std::snprintf(text, sizeof text, "%s, %02d-%s-%02d 08:49:37 GMT", name, day.day, month,
                      day.year % 100);
        ASSERT_EQ(parse_http_date(text), expected) << text;
    }
}

TEST(HttpDate, HasTheExamplesOfRfc9110) {
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
    EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
    EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), 784111777);
}

TEST(HttpDate, KnowsWhichDaysAndTimesThereAre) {
    EXPECT_TRUE(parse_http_date("Thu, 29 Feb 2024 00:00:00 GMT"));
    EXPECT_TRUE(parse_http_date("Tue, 29 Feb 2000 00:00:00 GMT"));
    EXPECT_TRUE(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT")) << "a leap second";
    for (const char* text : {"Wed, 29 Feb 2023 00:00:00 GMT",
                             "Mon, 29 Feb 2100 00:00:00 GMT",
                             "Mon, 31 Apr 2024 00:00:00 GMT",
                             "Mon, 00 Apr 2024 00:00:00 GMT",
                             "Mon, 32 Jan 2024 00:00:00 GMT",
                             "Mon, 01 Apr 2024 24:00:00 GMT",
                             "Mon, 01 Apr 2024 00:60:00 GMT",
                             "Mon, 01 Apr 2024 00:00:61 GMT",
                             "Mon, 01 Apr 2024 00:00:00 UTC",
                             "Mon, 01 Apr 2024 00:00:00",
                             "Mon 01 Apr 2024 00:00:00 GMT",
                             "mon, 01 Apr 2024 00:00:00 GMT",
                             "Mon, 1 Apr 2024 00:00:00 GMT",
                             "Mon, 01 April 2024 00:00:00 GMT",
                             "Mon, 01 Apr 24 00:00:00 GMT",
                             "Mon, 01 Apr 2024 00:00:00 GMT ",
                             " Mon, 01 Apr 2024 00:00:00 GMT",
                             "Mon, 01-Apr-24 00:00:00 GMT",
                             "Monday, 01-Apr-2024 00:00:00 GMT",
                             "Mon Apr 1 00:00:00 2024",
                             "Mon Apr  1 00:00:00 24",
                             "Mon Apr  1 00:00:00 2024 GMT",
                             "Mon, ",
                             ""}) {
        EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
    }
}

TEST(InternetTime, TakesFractionsAndOffsets) {
    EXPECT_EQ(parse_rfc3339_ms("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(parse_rfc3339_ms("2024-06-01T12:00:00Z"), kNowS * 1000);
    EXPECT_EQ(parse_rfc3339_ms("2024-06-01t14:30:00.1239+02:30"), kNowS * 1000 + 123);
    EXPECT_EQ(parse_rfc3339_ms("2024-06-01 04:00:00.5-08:00"), kNowS * 1000 + 500);
    EXPECT_EQ(parse_rfc3339_ms("2024-06-01T12:00:00.000000000001z"), kNowS * 1000);
    for (const char* text : {"2024-06-01T12:00:00", "2024-06-01T12:00:00.Z", "2024-06-01T12:00Z",
                             "2023-02-29T12:00:00Z", "2024-13-01T12:00:00Z", "2024-00-01T12:00:00Z",
                             "2024-06-01T12:00:00+24:00", "2024-06-01T12:00:00+0200",
                             "2024-06-01T12:00:00Zx", "24-06-01T12:00:00Z", "T", ""}) {
        EXPECT_EQ(parse_rfc3339_ms(text), std::nullopt) << text;
    }
}

/// Whatever stands there, the wait is between nothing and an hour.
TEST(RetryAfter, StaysWithinItsBoundsOnScrambledFields) {
    const std::vector<std::string> seeds = {"Sun, 06 Nov 1994 08:49:37 GMT",
                                            "Sunday, 06-Nov-94 08:49:37 GMT",
                                            "Sun Nov  6 08:49:37 1994",
                                            "2024-06-01T12:00:00.5+02:00",
                                            "1h6m0.5s120ms9us",
                                            "99999999999999999999.999999999999",
                                            "\"a\";r=0;t=30, reset=17"};
    for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
        base::Prng prng(seed);
        std::string value = seeds[prng.below(static_cast<std::uint32_t>(seeds.size()))];
        for (std::uint32_t edits = prng.below(4); edits > 0 && !value.empty(); --edits) {
            const auto at = prng.below(static_cast<std::uint32_t>(value.size()));
            if (prng.chance(50)) {
                value[at] = static_cast<char>(' ' + prng.below(95));
            } else {
                value.erase(at, 1 + prng.below(4));
            }
        }
        http::Fields fields;
        for (const char* name : {"Retry-After", "X-RateLimit-Reset", "RateLimit"}) {
            fields.count = 1;
            fields.at[0] = {.name = name, .value = value};
            const Asked wait = retry_after(fields, kNowNs);
            if (!wait) continue;
            ASSERT_GE(*wait, 0s) << name << ": " << value;
            ASSERT_LE(*wait, 1h) << name << ": " << value;
        }
    }
}

}  // namespace
}  // namespace ringway::health
