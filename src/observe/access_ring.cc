// The ring of bytes between a shard (writer) and the log writer (reader). Positions only grow;
// their place in the store is the position, counted from `base`, modulo its size. A record lies in
// one piece: what does not fit before the end of the store is skipped. The writer alone stores
// written, base and read_seen, the reader alone stores read.
//
// A writer that finds the ring empty begins at the store's start again, so that only as much of the
// store is ever touched as bursts need, and what is touched stays in the caches. The reader looks at
// base only while it has something to read, and then it stays: neither is atomic for that reason.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

#include "ringway/base/assert.h"
#include "ringway/observe/access_record.h"

namespace ringway::observe {
namespace {

constexpr std::size_t kStringBytesMax = 1024;
constexpr std::size_t kRewindBytes = 64 * 1024;  // nearer to the start, going back gains nothing
constexpr int kVisits = 4;  // of what came during the one before: a writer never keeps the reader
constexpr std::size_t kAlign = 8;  // of every record, so that a skip mark always has room

/// Lies in front of the strings of a record. A record whose size carries kSkip has nothing but that
/// word.
struct Packed {
    std::uint32_t size = 0;  // of the whole record, a multiple of kAlign
    std::int32_t route = -1;
    std::int32_t pool = -1;
    std::int32_t upstream = -1;
    std::int64_t started_unix_ns = 0;
    std::int64_t queue_ns = -1;
    std::int64_t connect_ns = -1;
    std::int64_t first_byte_ns = -1;
    std::int64_t total_ns = -1;
    std::int64_t last_attempt_ns = -1;
    std::uint64_t request_body_bytes = 0;
    std::uint64_t response_body_bytes = 0;
    std::uint16_t status = 0;
    std::uint16_t listener = 0;
    std::uint8_t attempts = 0;
    bool upstream_reused = false;
    std::uint8_t minor_version = 1;
    std::int8_t refusal = -1;
    std::uint16_t lengths[7] =
        {};  // client address as the kernel writes it, then the strings in order
    std::uint16_t failed_attempts = 0;  // they lie directly behind this, then the strings
};
static_assert(sizeof(Packed) % kAlign == 0);
// so that those of a record can be read where they lie
static_assert(std::is_trivially_copyable_v<FailedAttempt> && alignof(FailedAttempt) <= kAlign);

constexpr std::uint32_t kSkip = 0x80000000u;
constexpr std::size_t kRecordBytesMax = sizeof(Packed) +
                                        kFailedAttemptsMax * sizeof(FailedAttempt) +
                                        sizeof(sockaddr_un) + 6 * kStringBytesMax + 2 * kAlign;

Packed pack(const AccessRecord& record) {
    Packed packed;
    packed.route = record.route;
    packed.pool = record.pool;
    packed.upstream = record.upstream;
    packed.started_unix_ns = record.started_unix_ns;
    packed.queue_ns = base::to_ns(record.queue);
    packed.connect_ns = base::to_ns(record.connect);
    packed.first_byte_ns = base::to_ns(record.first_byte);
    packed.total_ns = base::to_ns(record.total);
    packed.last_attempt_ns = base::to_ns(record.last_attempt);
    packed.request_body_bytes = record.request_body_bytes;
    packed.response_body_bytes = record.response_body_bytes;
    packed.status = record.status;
    packed.listener = record.listener;
    packed.attempts = record.attempts;
    packed.upstream_reused = record.upstream_reused;
    packed.minor_version = record.minor_version;
    packed.refusal = record.refusal;
    return packed;
}

AccessRecord unpack(const std::byte* bytes) {
    Packed packed;
    std::memcpy(&packed, bytes, sizeof(packed));
    AccessRecord record;
    record.route = packed.route;
    record.pool = packed.pool;
    record.upstream = packed.upstream;
    record.started_unix_ns = packed.started_unix_ns;
    record.queue = base::Duration(packed.queue_ns);
    record.connect = base::Duration(packed.connect_ns);
    record.first_byte = base::Duration(packed.first_byte_ns);
    record.total = base::Duration(packed.total_ns);
    record.last_attempt = base::Duration(packed.last_attempt_ns);
    record.request_body_bytes = packed.request_body_bytes;
    record.response_body_bytes = packed.response_body_bytes;
    record.status = packed.status;
    record.listener = packed.listener;
    record.attempts = packed.attempts;
    record.upstream_reused = packed.upstream_reused;
    record.minor_version = packed.minor_version;
    record.refusal = packed.refusal;

    const char* at = reinterpret_cast<const char*>(bytes) + sizeof(packed);
    record.failed_attempts = {reinterpret_cast<const FailedAttempt*>(at), packed.failed_attempts};
    at += record.failed_attempts.size_bytes();
    sockaddr_storage client{};
    std::memcpy(&client, at, packed.lengths[0]);
    if (packed.lengths[0] > 0) {
        record.client = base::SocketAddress::from_kernel(reinterpret_cast<const sockaddr*>(&client),
                                                         packed.lengths[0]);
    }
    at += packed.lengths[0];
    std::string_view* const strings[] = {&record.method,     &record.target,     &record.host,
                                         &record.request_id, &record.user_agent, &record.referer};
    for (std::size_t i = 0; i < std::size(strings); ++i) {
        *strings[i] = {at, packed.lengths[i + 1]};
        at += packed.lengths[i + 1];
    }
    return record;
}

}  // namespace

struct AccessRing::Parts {
    explicit Parts(std::size_t size)
        : bytes(size), store(std::make_unique_for_overwrite<std::byte[]>(size)) {}

    const std::size_t bytes;
    const std::unique_ptr<std::byte[]> store;
    // Writer's cache line: read_seen spares it a look at the reader's line until the ring seems
    // full.
    alignas(64) std::atomic<std::uint64_t> written{0};
    std::uint64_t base = 0;
    std::uint64_t read_seen = 0;
    alignas(64) std::atomic<std::uint64_t> read{0};
};

AccessRing::AccessRing(std::size_t bytes) {
    RW_ASSERT(std::has_single_bit(bytes));
    RW_ASSERT(bytes >=
              2 * kRecordBytesMax);  // the longest record fits wherever an empty ring stands
    parts_ = std::make_unique<Parts>(bytes);
}

AccessRing::~AccessRing() = default;

bool AccessRing::push(const AccessRecord& record) {
    Parts& parts = *parts_;
    const std::array<std::string_view, 7> pieces = {
        std::string_view(reinterpret_cast<const char*>(record.client.raw()),
                         record.client.raw_size()),
        record.method.substr(0, kStringBytesMax),
        record.target.substr(0, kStringBytesMax),
        record.host.substr(0, kStringBytesMax),
        record.request_id.substr(0, kStringBytesMax),
        record.user_agent.substr(0, kStringBytesMax),
        record.referer.substr(0, kStringBytesMax)};
    const auto failed =
        record.failed_attempts.first(std::min(record.failed_attempts.size(), kFailedAttemptsMax));
    std::size_t need = sizeof(Packed) + failed.size_bytes();
    for (const std::string_view piece : pieces) need += piece.size();
    need = (need + kAlign - 1) & ~(kAlign - 1);

    const std::uint64_t at = parts.written.load(std::memory_order_relaxed);
    std::size_t place = (at - parts.base) & (parts.bytes - 1);
    if (place >= kRewindBytes) {
        parts.read_seen = parts.read.load(std::memory_order_acquire);
        if (parts.read_seen == at) {
            parts.base = at;
            place = 0;
        }
    }
    const std::size_t to_end = parts.bytes - place;
    const std::size_t skip = to_end < need ? to_end : 0;
    if (at + skip + need - parts.read_seen > parts.bytes) {
        parts.read_seen = parts.read.load(std::memory_order_acquire);
        if (at + skip + need - parts.read_seen > parts.bytes) return false;
    }
    std::byte* out = parts.store.get() + place;
    if (skip > 0) {
        const auto mark = static_cast<std::uint32_t>(skip) | kSkip;
        std::memcpy(out, &mark, sizeof(mark));
        out = parts.store.get();
    }
    Packed packed = pack(record);
    packed.size = static_cast<std::uint32_t>(need);
    packed.failed_attempts = static_cast<std::uint16_t>(failed.size());
    std::byte* text = out + sizeof(packed);
    if (!failed.empty()) std::memcpy(text, failed.data(), failed.size_bytes());
    text += failed.size_bytes();
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        packed.lengths[i] = static_cast<std::uint16_t>(pieces[i].size());
        if (pieces[i].empty()) continue;  // memcpy wants a pointer even for nothing
        std::memcpy(text, pieces[i].data(), pieces[i].size());
        text += pieces[i].size();
    }
    std::memcpy(out, &packed, sizeof(packed));
    parts.written.store(at + skip + need, std::memory_order_release);
    return true;
}

std::size_t AccessRing::drain(void (*visit)(void* self, const AccessRecord& record), void* self) {
    Parts& parts = *parts_;
    std::uint64_t at = parts.read.load(std::memory_order_relaxed);
    std::size_t records = 0;
    for (int i = 0; i < kVisits; ++i) {
        const std::uint64_t end = parts.written.load(std::memory_order_acquire);
        if (at == end) break;
        const std::uint64_t base = parts.base;
        while (at != end) {
            const std::byte* bytes = parts.store.get() + ((at - base) & (parts.bytes - 1));
            std::uint32_t size = 0;
            std::memcpy(&size, bytes, sizeof(size));
            if ((size & kSkip) == 0) {
                visit(self, unpack(bytes));
                ++records;
            }
            at += size & ~kSkip;
            parts.read.store(at, std::memory_order_release);
        }
    }
    return records;
}

}  // namespace ringway::observe
