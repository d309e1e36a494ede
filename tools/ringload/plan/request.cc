#include "plan/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "ringway/http/head.h"

namespace ringload {

namespace config = ringway::config;
namespace http = ringway::http;

namespace {

std::optional<std::uint64_t> parse_hex(std::string_view text, std::size_t digits_max) {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, 16);
    if (error != std::errc{} || stop != end || text.size() > digits_max) return {};
    return value;
}

}  // namespace

std::expected<BodyChecksum, std::string> parse_checksum(std::string_view text) {
    constexpr std::string_view kField = "field:";
    constexpr std::string_view kFnv = "fnv1a64:";
    constexpr std::string_view kCrc = "crc32:";
    BodyChecksum checksum;
    if (text.starts_with(kField)) {
        checksum.kind = BodyChecksum::Kind::field;
        checksum.field_name = text.substr(kField.size());
        if (config::check_header_name(checksum.field_name))
            return std::unexpected("names no header; write it as \"field:X-Checksum\"");
        return checksum;
    }
    std::optional<std::uint64_t> value;
    if (text.starts_with(kFnv)) {
        checksum.kind = BodyChecksum::Kind::fnv1a64;
        value = parse_hex(text.substr(kFnv.size()), 16);
        if (!value) return std::unexpected("is no checksum; write 1 to 16 digits 0-9a-f after it");
    } else if (text.starts_with(kCrc)) {
        checksum.kind = BodyChecksum::Kind::crc32;
        value = parse_hex(text.substr(kCrc.size()), 8);
        if (!value) return std::unexpected("is no checksum; write 1 to 8 digits 0-9a-f after it");
    } else {
        return std::unexpected(
            "is no checksum; write \"field:NAME\", \"fnv1a64:HEX\" or \"crc32:HEX\"");
    }
    checksum.value = *value;
    return checksum;
}

config::Complaint check_method(std::string_view text) {
    if (text == "CONNECT") return "asks for a tunnel, which cannot be measured; remove it";
    return config::check_method(text);
}

config::Complaint check_target(std::string_view text) {
    if (auto complaint = config::check_target(text)) return complaint;
    const std::size_t number = text.find("{n}");
    if (number != std::string_view::npos && text.find("{n}", number + 1) != std::string_view::npos)
        return "has \"{n}\" twice; one place can take the number of the request";
    return {};
}

config::Complaint check_field_name(std::string_view text) {
    if (auto complaint = config::check_header_name(text)) return complaint;
    const http::FieldId id = http::field_id(text);
    if (id == http::FieldId::content_length || id == http::FieldId::transfer_encoding)
        return "frames the body, which ringload does by itself; remove it";
    if (id == http::FieldId::connection) {
        return "is written by ringload itself; remove it (--no-keepalive and "
               "--requests-per-connection close connections)";
    }
    if (id == http::FieldId::upgrade)
        return "asks for another protocol, which cannot be measured; remove it";
    return {};
}

void complete(RequestKind& kind) {
    if (kind.method.empty()) kind.method = kind.body.empty() ? "GET" : "POST";
    if (kind.name.empty()) kind.name = kind.method + " " + kind.target;
}

std::optional<StatusRange> parse_statuses(std::string_view text) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto status = [&](std::string_view digits) -> std::uint16_t {
        if (digits.size() != 3 || !std::ranges::all_of(digits, digit)) return 0;
        const int value = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
        return value >= 100 && value <= 599 ? static_cast<std::uint16_t>(value) : 0;
    };
    if (text.size() == 3 && text.substr(1) == "xx" && text[0] >= '1' && text[0] <= '5') {
        const auto first = static_cast<std::uint16_t>((text[0] - '0') * 100);
        return StatusRange{first, static_cast<std::uint16_t>(first + 99)};
    }
    const std::uint16_t first = status(text.substr(0, 3));
    if (first == 0) return {};
    if (text.size() == 3) return StatusRange{first, first};
    if (text[3] != '-') return {};
    const std::uint16_t last = status(text.substr(4));
    if (last < first) return {};
    return StatusRange{first, last};
}

}  // namespace ringload
