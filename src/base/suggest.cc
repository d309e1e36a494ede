#include "ringway/base/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "ringway/base/printable.h"

namespace ringway::base {

namespace {

// longer names are no typing mistakes; bounds the quadratic work
constexpr std::size_t kNameMax = 64;

std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
        std::swap(before_last, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

std::vector<std::string_view> sorted_words(std::string_view name) {
    std::vector<std::string_view> words;
    while (true) {
        const std::size_t end = name.find_first_of("_-");
        words.push_back(name.substr(0, end));
        if (end == std::string_view::npos) break;
        name.remove_prefix(end + 1);
    }
    std::ranges::sort(words);
    return words;
}

bool contains_either_way(std::string_view a, std::string_view b) {
    if (std::min(a.size(), b.size()) < 4) return false;
    return a.find(b) != std::string_view::npos || b.find(a) != std::string_view::npos;
}

/// The first of the candidates with the least distance, if that is at most `distance_max`.
std::string_view by_distance(std::string_view name, std::span<const std::string> candidates,
                             std::size_t distance_max) {
    if (name.size() > kNameMax) return {};
    std::string_view best;
    for (const std::string& candidate : candidates) {
        const std::size_t shorter = std::min(name.size(), candidate.size());
        const std::size_t longer = std::max(name.size(), candidate.size());
        if (longer - shorter > distance_max) continue;  // the distance is at least that
        const std::size_t far = distance(name, candidate);
        // replacing every letter is no mistyping
        if (far > distance_max || far >= shorter) continue;
        best = candidate;
        if (far == 0) break;
        distance_max = far - 1;
    }
    return best;
}

}  // namespace

std::string_view sure_guess(std::string_view name, std::span<const std::string> candidates) {
    const std::string_view slip = by_distance(name, candidates, 1);
    if (!slip.empty()) return slip;
    const auto words = sorted_words(name);
    for (const std::string& candidate : candidates) {
        if (sorted_words(candidate) == words) return candidate;
    }
    std::string_view only;
    for (const std::string& candidate : candidates) {
        if (!contains_either_way(name, candidate)) continue;
        if (!only.empty()) return {};  // two fit: no guess
        only = candidate;
    }
    return only;
}

std::string_view nearest(std::string_view name, std::span<const std::string> candidates) {
    const std::string_view sure = sure_guess(name, candidates);
    return sure.empty() ? by_distance(name, candidates, name.size() / 3) : sure;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
    const std::string_view guess = nearest(name, candidates);
    return guess.empty() ? "" : fmt::format(", did you mean `{}`?", shown(guess));
}

}  // namespace ringway::base
