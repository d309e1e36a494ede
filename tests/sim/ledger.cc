#include "ledger.h"

#include <cstdio>

#include "ringway/base/hash.h"

namespace ringway::sim {

namespace {

// A broken run repeats one complaint for every byte; the first ones tell.
constexpr std::size_t kViolationsMax = 20;

}  // namespace

char body_byte(std::uint64_t key, std::uint64_t offset) {
    const std::uint64_t word = base::mix64(key + offset / 8);
    return static_cast<char>(word >> (offset % 8 * 8));
}

std::string body_piece(std::uint64_t key, std::uint64_t offset, std::size_t bytes) {
    std::string result(bytes, '\0');
    std::uint64_t word = base::mix64(key + offset / 8);
    for (std::size_t i = 0; i < bytes; ++i, ++offset) {
        if (offset % 8 == 0) word = base::mix64(key + offset / 8);
        result[i] = static_cast<char>(word >> (offset % 8 * 8));
    }
    return result;
}

bool body_matches(std::uint64_t key, std::uint64_t offset, std::string_view bytes) {
    return body_piece(key, offset, bytes.size()) == bytes;
}

bool Entry::were_refused() const {
    return std::all_of(attempts.begin(), attempts.end() - 1, [](const Attempt& attempt) {
        return attempt.answer_began && (attempt.status == 429 || attempt.status == 401);
    });
}

Entry& Ledger::add(Plan plan) {
    Entry& entry = entries_[plan.id];
    entry.plan = std::move(plan);
    return entry;
}

Entry* Ledger::find(std::uint64_t id) {
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : &found->second;
}

std::uint64_t Ledger::request_key(std::uint64_t id) const {
    return base::mix64(base::mix64(seed_ + 1) + id);
}

std::uint64_t Ledger::answer_key(std::uint64_t id, std::size_t attempt) const {
    return base::mix64(request_key(id) + attempt + 1);
}

std::string Ledger::padding(std::uint64_t id, std::size_t bytes) const {
    std::string result = body_piece(request_key(id) ^ 1, 0, bytes);
    for (char& c : result) c = static_cast<char>('a' + (static_cast<unsigned char>(c) % 26));
    return result;
}

void Ledger::violation(const std::string& sentence) {
    trace("VIOLATION", sentence);
    if (violations_.size() < kViolationsMax) violations_.push_back(sentence);
}

void Ledger::trace(std::string_view who, const std::string& what) const {
    if (!trace_) return;
    const std::int64_t us = base::to_us(net_.now() - net_.start());
    std::fprintf(stderr, "%10.6f %-14.*s %s\n", static_cast<double>(us) / 1e6,
                 static_cast<int>(who.size()), who.data(), what.c_str());
}

}  // namespace ringway::sim
