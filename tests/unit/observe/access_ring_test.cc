#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "ringway/base/prng.h"
#include "ringway/observe/access_record.h"

namespace ringway::observe {
namespace {

constexpr std::size_t kRingBytes = 16 * 1024;
constexpr std::size_t kLargeRingBytes = 256 * 1024;  // its writer goes back to the start

AccessRecord simple_record() {
    AccessRecord record;
    record.method = "GET";
    record.target = "/";
    record.client = base::PeerAddress::of(*base::SocketAddress::parse("192.0.2.7:4711"));
    return record;
}

/// Drains into a function object.
template <class Visit>
std::size_t drain(AccessRing& ring, Visit visit) {
    return ring.drain(
        [](void* self, const AccessRecord& record) { (*static_cast<Visit*>(self))(record); },
        &visit);
}

std::size_t drain(AccessRing& ring) {
    return drain(ring, [](const AccessRecord&) {});
}

std::vector<std::string> texts_of(std::span<const FailedAttempt> attempts) {
    std::vector<std::string> texts;
    for (const FailedAttempt& attempt : attempts) {
        texts.push_back(std::to_string(attempt.upstream) + " " + std::to_string(attempt.cause) +
                        " " + std::to_string(attempt.took_ms));
    }
    return texts;
}

TEST(access_ring, every_member_comes_out_as_it_went_in) {
    AccessRecord in;
    in.started_unix_ns = 1'700'000'000'123'456'789;
    in.queue = base::Duration(1);
    in.connect = base::Duration(2);
    in.first_byte = base::Duration(-1);
    in.total = base::Duration(4);
    in.request_body_bytes = 5;
    in.response_body_bytes = std::uint64_t{6} << 40;
    in.status = 503;
    in.listener = 8;
    in.route = 9;
    in.pool = -1;
    in.upstream = 11;
    in.attempts = 3;
    const FailedAttempt failed[] = {{1, 2, 3}, {0xfffe, 13, UINT32_MAX}};
    in.failed_attempts = failed;
    in.last_attempt = base::Duration(12);
    in.upstream_reused = true;
    in.minor_version = 0;
    in.refusal = 7;
    in.client = base::PeerAddress::of(*base::SocketAddress::parse("[2001:db8::1]:443"));
    in.method = "PROPFIND";
    in.target = "/a?b=c";
    in.host = "example.org";
    in.request_id = "id-1";
    in.user_agent = "agent/1";
    in.referer = "";
    AccessRing ring(kRingBytes);
    ASSERT_TRUE(ring.push(in));
    std::size_t seen = 0;
    EXPECT_EQ(drain(ring,
                    [&](const AccessRecord& out) {
                        ++seen;
                        EXPECT_EQ(out.started_unix_ns, in.started_unix_ns);
                        EXPECT_EQ(out.queue, in.queue);
                        EXPECT_EQ(out.connect, in.connect);
                        EXPECT_EQ(out.first_byte, in.first_byte);
                        EXPECT_EQ(out.total, in.total);
                        EXPECT_EQ(out.request_body_bytes, in.request_body_bytes);
                        EXPECT_EQ(out.response_body_bytes, in.response_body_bytes);
                        EXPECT_EQ(out.status, in.status);
                        EXPECT_EQ(out.listener, in.listener);
                        EXPECT_EQ(out.route, in.route);
                        EXPECT_EQ(out.pool, in.pool);
                        EXPECT_EQ(out.upstream, in.upstream);
                        EXPECT_EQ(out.attempts, in.attempts);
                        EXPECT_EQ(texts_of(out.failed_attempts), texts_of(in.failed_attempts));
                        EXPECT_EQ(out.last_attempt, in.last_attempt);
                        EXPECT_EQ(out.upstream_reused, in.upstream_reused);
                        EXPECT_EQ(out.minor_version, in.minor_version);
                        EXPECT_EQ(out.refusal, in.refusal);
                        EXPECT_EQ(out.client, in.client);
                        EXPECT_EQ(out.method, in.method);
                        EXPECT_EQ(out.target, in.target);
                        EXPECT_EQ(out.host, in.host);
                        EXPECT_EQ(out.request_id, in.request_id);
                        EXPECT_EQ(out.user_agent, in.user_agent);
                        EXPECT_EQ(out.referer, in.referer);
                    }),
              1u);
    EXPECT_EQ(seen, 1u);
    EXPECT_EQ(drain(ring), 0u);
}

TEST(access_ring, an_empty_record_passes) {
    AccessRing ring(kRingBytes);
    ASSERT_TRUE(ring.push(AccessRecord{}));
    EXPECT_EQ(drain(ring,
                    [](const AccessRecord& out) {
                        EXPECT_TRUE(out.client.is_unix);
                        EXPECT_EQ(out.target, "");
                    }),
              1u);
}

TEST(access_ring, long_strings_are_cut_at_1_kib) {
    const std::string text(5000, 'x');
    AccessRecord record = simple_record();
    record.target = record.host = record.user_agent = record.referer = text;
    AccessRing ring(kRingBytes);
    ASSERT_TRUE(ring.push(record));
    drain(ring, [](const AccessRecord& out) {
        EXPECT_EQ(out.target.size(), 1024u);
        EXPECT_EQ(out.host.size(), 1024u);
        EXPECT_EQ(out.user_agent.size(), 1024u);
        EXPECT_EQ(out.referer.size(), 1024u);
        EXPECT_EQ(out.method, "GET");
    });
}

TEST(access_ring, of_more_failed_attempts_than_it_takes_the_first_are_kept) {
    std::vector<FailedAttempt> failed;
    for (std::uint16_t i = 0; i < kFailedAttemptsMax + 3; ++i) failed.push_back({i, 0, i});
    AccessRecord record = simple_record();
    record.failed_attempts = failed;
    AccessRing ring(kRingBytes);
    ASSERT_TRUE(ring.push(record));
    drain(ring, [&](const AccessRecord& out) {
        EXPECT_EQ(texts_of(out.failed_attempts),
                  texts_of(std::span(failed).first(kFailedAttemptsMax)));
        EXPECT_EQ(out.target, "/");
    });
}

TEST(access_ring, a_full_ring_refuses_and_takes_again_after_a_drain) {
    AccessRing ring(kRingBytes);
    std::size_t pushed = 0;
    while (ring.push(simple_record())) ++pushed;
    EXPECT_GT(pushed, kRingBytes / 256);
    EXPECT_FALSE(ring.push(simple_record()));
    EXPECT_EQ(drain(ring), pushed);
    EXPECT_TRUE(ring.push(simple_record()));
    EXPECT_EQ(drain(ring), 1u);
}

/// Pushes records of random sizes, and drains after a push in so many percent of cases.
void push_all_sizes(std::size_t ring_bytes, std::uint32_t drain_percent) {
    AccessRing ring(ring_bytes);
    base::Prng prng(3);
    std::string text;
    for (int i = 0; i < 1024; ++i) text += static_cast<char>('a' + i % 26);
    std::int64_t next_in = 0;
    std::int64_t next_out = 0;
    const auto check = [&](const AccessRecord& out) {
        ASSERT_EQ(out.started_unix_ns, next_out++);
        ASSERT_EQ(out.target, std::string_view(text).substr(0, out.request_body_bytes));
        ASSERT_EQ(out.referer, std::string_view(text).substr(0, out.response_body_bytes));
        ASSERT_EQ(out.failed_attempts.size(), out.attempts);
        for (const FailedAttempt& attempt : out.failed_attempts) {
            ASSERT_EQ(attempt.took_ms, static_cast<std::uint32_t>(out.started_unix_ns));
        }
    };
    std::vector<FailedAttempt> failed;
    for (int round = 0; round < 20'000; ++round) {
        AccessRecord record = simple_record();
        record.started_unix_ns = next_in;
        record.request_body_bytes = prng.below(1025);
        record.response_body_bytes = prng.below(1025);
        record.attempts = static_cast<std::uint8_t>(prng.below(kFailedAttemptsMax + 1));
        failed.assign(record.attempts, {0, 0, static_cast<std::uint32_t>(next_in)});
        record.failed_attempts = failed;
        record.target = std::string_view(text).substr(0, record.request_body_bytes);
        record.referer = std::string_view(text).substr(0, record.response_body_bytes);
        if (ring.push(record)) ++next_in;
        if (prng.chance(drain_percent)) drain(ring, check);
        if (testing::Test::HasFatalFailure()) return;
    }
    drain(ring, check);
    EXPECT_EQ(next_in, next_out);
    EXPECT_GT(next_in, 10'000);
}

TEST(access_ring, records_of_all_sizes_survive_the_wrap_at_every_place) {
    push_all_sizes(kRingBytes, 10);
}

TEST(access_ring, records_of_all_sizes_survive_a_writer_that_goes_back) {
    for (const std::uint32_t drain_percent : {50u, 10u, 3u, 1u})
        push_all_sizes(kLargeRingBytes, drain_percent);
}

TEST(access_ring, no_more_of_the_store_is_touched_than_bursts_need) {
    AccessRing ring(kLargeRingBytes);
    std::uintptr_t low = UINTPTR_MAX, high = 0;
    for (int i = 0; i < 10'000; ++i) {
        ASSERT_TRUE(ring.push(simple_record()));
        drain(ring, [&](const AccessRecord& out) {
            const auto at = reinterpret_cast<std::uintptr_t>(out.target.data());
            low = std::min(low, at);
            high = std::max(high, at);
        });
    }
    EXPECT_LT(high - low, 65 * 1024u);
    std::size_t pushed = 0;
    while (ring.push(simple_record())) ++pushed;
    EXPECT_GT(pushed, kLargeRingBytes / 256);  // all of it is there when it is needed
    EXPECT_EQ(drain(ring), pushed);
}

TEST(access_ring, the_longest_record_fits_an_empty_ring_wherever_it_stands) {
    const std::string text(1024, 'y');
    const std::vector<FailedAttempt> failed(kFailedAttemptsMax);
    AccessRecord longest;
    longest.failed_attempts = failed;
    longest.method = longest.target = longest.host = text;
    longest.request_id = longest.user_agent = longest.referer = text;
    AccessRing ring(kRingBytes);
    for (int i = 0; i < 2000; ++i) {
        AccessRecord step = simple_record();
        step.target = std::string_view(text).substr(0, static_cast<std::size_t>(i % 64) * 8);
        ASSERT_TRUE(ring.push(step)) << i;
        ASSERT_EQ(drain(ring), 1u);
        ASSERT_TRUE(ring.push(longest)) << i;
        ASSERT_EQ(drain(ring), 1u);
    }
}

void write_and_read_at_once(std::size_t ring_bytes) {
    constexpr std::int64_t kRecords = 100'000;
    AccessRing ring(ring_bytes);
    std::jthread writer([&] {
        std::string text;
        for (std::int64_t i = 0; i < kRecords; ++i) {
            text = std::to_string(i);
            AccessRecord record = simple_record();
            record.started_unix_ns = i;
            record.request_id = text;
            while (!ring.push(record)) std::this_thread::yield();
        }
    });
    std::int64_t next = 0;
    const auto check = [&](const AccessRecord& out) {
        ASSERT_EQ(out.started_unix_ns, next);
        ASSERT_EQ(out.request_id, std::to_string(next));
        ++next;
    };
    while (next < kRecords && !testing::Test::HasFatalFailure()) {
        if (drain(ring, check) == 0) std::this_thread::yield();
    }
    EXPECT_EQ(next, kRecords);
}

TEST(access_ring, one_writer_and_one_reader_lose_nothing_and_keep_the_order) {
    write_and_read_at_once(kRingBytes);
    write_and_read_at_once(kLargeRingBytes);
}

}  // namespace
}  // namespace ringway::observe
