// The ring of bytes between a shard (writer) and the log writer (reader). Positions only grow;
// their place in the store is the position, counted from `base`, modulo its size. A record lies in
// one piece: what does not fit before the end of the store is skipped. The writer alone stores
// written, base and read_seen, the reader alone stores read.
//
// A writer that finds the ring empty begins at the store's start again, so that only as much of the
// store is ever touched as bursts need, and what is touched stays in the caches. The reader looks
// at base only while it has something to read, and then the writer leaves it alone: it need not be
// atomic.
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

/// Lies in front of the failed attempts and the texts of a record, which follow it in this order. A
/// record whose size carries kSkip has nothing but that word.
struct Packed {
    std::uint32_t size = 0;  // of the whole record, a multiple of kAlign
    std::uint16_t failed_attempts = 0;
    std::uint16_t lengths[6] = {};
    AccessFacts facts;
};
static_assert(sizeof(Packed) % kAlign == 0);
static_assert(std::is_trivially_copyable_v<Packed>);
// so that those of a record can be read where they lie
static_assert(std::is_trivially_copyable_v<FailedAttempt> && alignof(FailedAttempt) <= kAlign);

constexpr std::uint32_t kSkip = 0x80000000u;
constexpr std::size_t kRecordBytesMax =
    sizeof(Packed) + kFailedAttemptsMax * sizeof(FailedAttempt) + 6 * kStringBytesMax + 2 * kAlign;

/// Where the copy ends. The compiler copies what it knows to be short by `rep movs`, which takes
/// longer to begin than most texts take.
char* copy_text(char* out, std::string_view text) {
    const std::size_t size = text.size();
    const auto copy_16 = [&](std::size_t at) { std::memcpy(out + at, text.data() + at, 16); };
    const auto copy_8 = [&](std::size_t at) { std::memcpy(out + at, text.data() + at, 8); };
    if (size >= 16) {
        for (std::size_t at = 0; at + 16 <= size; at += 16) copy_16(at);
        copy_16(size - 16);
    } else if (size >= 8) {
        copy_8(0);
        copy_8(size - 8);
    } else {
        for (std::size_t at = 0; at < size; ++at) out[at] = text[at];
    }
    return out + size;
}

AccessRecord unpack(const std::byte* bytes) {
    Packed packed;
    std::memcpy(&packed, bytes, sizeof(packed));
    AccessRecord record{packed.facts, {}, {}, {}, {}, {}, {}, {}};
    const char* at = reinterpret_cast<const char*>(bytes) + sizeof(packed);
    record.failed_attempts = {reinterpret_cast<const FailedAttempt*>(at), packed.failed_attempts};
    at += record.failed_attempts.size_bytes();
    std::string_view* const texts[] = {&record.method,     &record.target,     &record.host,
                                       &record.request_id, &record.user_agent, &record.referer};
    for (std::size_t i = 0; i < std::size(texts); ++i) {
        *texts[i] = {at, packed.lengths[i]};
        at += packed.lengths[i];
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
    const std::array<std::string_view, 6> texts = {
        record.method.substr(0, kStringBytesMax),     record.target.substr(0, kStringBytesMax),
        record.host.substr(0, kStringBytesMax),       record.request_id.substr(0, kStringBytesMax),
        record.user_agent.substr(0, kStringBytesMax), record.referer.substr(0, kStringBytesMax)};
    const auto failed =
        record.failed_attempts.first(std::min(record.failed_attempts.size(), kFailedAttemptsMax));
    std::size_t need = sizeof(Packed) + failed.size_bytes();
    for (const std::string_view text : texts) need += text.size();
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
    Packed packed{.size = static_cast<std::uint32_t>(need),
                  .failed_attempts = static_cast<std::uint16_t>(failed.size()),
                  .lengths = {},
                  .facts = record};
    char* end = reinterpret_cast<char*>(out) + sizeof(packed);
    if (!failed.empty()) std::memcpy(end, failed.data(), failed.size_bytes());
    end += failed.size_bytes();
    for (std::size_t i = 0; i < texts.size(); ++i) {
        packed.lengths[i] = static_cast<std::uint16_t>(texts[i].size());
        end = copy_text(end, texts[i]);
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
