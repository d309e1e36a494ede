// Names of the message vocabulary: methods, fields, errors, statuses. Pure; any thread.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <iterator>

#include "chars.h"
#include "ringway/http/head.h"

namespace ringway::http {
namespace {

constexpr std::array<std::string_view, 10> kMethodNames = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", ""};

// In the order of FieldId, from its second enumerator on.
constexpr std::array<std::string_view, 26> kKnownFields = {"connection",
                                                           "content-length",
                                                           "cookie",
                                                           "date",
                                                           "expect",
                                                           "host",
                                                           "http2-settings",
                                                           "idempotency-key",
                                                           "keep-alive",
                                                           "max-forwards",
                                                           "proxy-authenticate",
                                                           "proxy-authorization",
                                                           "proxy-connection",
                                                           "retry-after",
                                                           "server",
                                                           "set-cookie",
                                                           "te",
                                                           "trailer",
                                                           "transfer-encoding",
                                                           "upgrade",
                                                           "via",
                                                           "x-forwarded-for",
                                                           "x-forwarded-host",
                                                           "x-forwarded-proto",
                                                           "x-real-ip",
                                                           "x-request-id"};
static_assert(kKnownFields.size() == static_cast<std::size_t>(FieldId::x_request_id));

constexpr std::size_t kKnownBytesMax = 19;

/// A name of 2 to 24 bytes as three overlapping words, so that names compare in three operations.
struct NameWords {
    std::uint64_t first = 0;
    std::uint64_t middle = 0;
    std::uint64_t last = 0;
    bool operator==(const NameWords&) const = default;
};

template <class Word>
constexpr std::uint64_t load(const char* at) {
    Word word = 0;
    if consteval {
        for (std::size_t i = 0; i < sizeof(Word); ++i) {
            word = static_cast<Word>(
                word |
                static_cast<Word>(static_cast<Word>(static_cast<unsigned char>(at[i])) << (8 * i)));
        }
    } else {
        std::memcpy(&word, at, sizeof(Word));
    }
    return word;
}
static_assert(std::endian::native == std::endian::little, "load() builds words as memcpy does");

constexpr NameWords words_of(const char* name, std::size_t size) {
    NameWords words;
    if (size >= 8) {
        words.first = load<std::uint64_t>(name);
        words.last = load<std::uint64_t>(name + size - 8);
        if (size > 16) words.middle = load<std::uint64_t>(name + 8);
    } else if (size >= 4) {
        words.first = load<std::uint32_t>(name);
        words.last = load<std::uint32_t>(name + size - 4);
    } else {
        words.first = load<std::uint16_t>(name);
        words.last = load<std::uint16_t>(name + size - 2);
    }
    return words;
}

struct KnownField {
    NameWords name;         // in lower case
    NameWords case_bits;    // 0x20 exactly where the name has a letter
    std::uint8_t size = 0;  // 0: an empty slot, which no name matches
    FieldId id = FieldId::other;
};

constexpr std::size_t kSlotsLog2 = 7;
using KnownFieldTable = std::array<KnownField, 1u << kSlotsLog2>;

constexpr std::size_t slot_of(const char* name, std::size_t size, std::uint32_t factor) {
    const auto first = static_cast<std::uint32_t>(static_cast<unsigned char>(name[0]) | 0x20);
    const auto last = static_cast<std::uint32_t>(static_cast<unsigned char>(name[size - 1]) | 0x20);
    const auto key = static_cast<std::uint32_t>(size) | first << 8 | last << 16;
    return (key * factor) >> (32 - kSlotsLog2);
}

/// A factor under which no two known names share a slot.
consteval std::uint32_t find_factor() {
    for (std::uint32_t factor = 0x9e3779b1u;; factor += 2) {
        std::array<bool, 1u << kSlotsLog2> taken{};
        bool perfect = true;
        for (const std::string_view name : kKnownFields) {
            bool& slot = taken[slot_of(name.data(), name.size(), factor)];
            if (slot) {
                perfect = false;
                break;
            }
            slot = true;
        }
        if (perfect) return factor;
    }
}

constexpr std::uint32_t kFactor = find_factor();

consteval KnownFieldTable make_known_fields() {
    KnownFieldTable table{};
    for (std::size_t i = 0; i < kKnownFields.size(); ++i) {
        const std::string_view name = kKnownFields[i];
        std::array<char, kKnownBytesMax> case_bits{};
        for (std::size_t j = 0; j < name.size(); ++j) {
            case_bits[j] = name[j] >= 'a' && name[j] <= 'z' ? 0x20 : 0;
        }
        KnownField& known = table[slot_of(name.data(), name.size(), kFactor)];
        known.name = words_of(name.data(), name.size());
        known.case_bits = words_of(case_bits.data(), name.size());
        known.size = static_cast<std::uint8_t>(name.size());
        known.id = static_cast<FieldId>(i + 1);
    }
    return table;
}

constexpr KnownFieldTable kKnownFieldTable = make_known_fields();

struct Reason {
    std::uint16_t status;
    std::string_view phrase;
};

// The HTTP Status Code Registry of IANA, in its order.
constexpr Reason kReasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

}  // namespace

std::string_view method_name(Method method) {
    return kMethodNames[static_cast<std::size_t>(method)];
}

Method method_of(std::string_view name) {
    for (std::size_t i = 0; i + 1 < kMethodNames.size(); ++i) {
        if (name == kMethodNames[i]) return static_cast<Method>(i);
    }
    return Method::other;
}

FieldId field_id(std::string_view name) {
    const std::size_t size = name.size();
    if (size < 2 || size > kKnownBytesMax) return FieldId::other;
    const KnownField& known = kKnownFieldTable[slot_of(name.data(), size, kFactor)];
    if (known.size != size) return FieldId::other;
    const NameWords words = words_of(name.data(), size);
    const std::uint64_t difference = ((words.first | known.case_bits.first) ^ known.name.first) |
                                     ((words.middle | known.case_bits.middle) ^ known.name.middle) |
                                     ((words.last | known.case_bits.last) ^ known.name.last);
    return difference == 0 ? known.id : FieldId::other;
}

const Field* Fields::find(FieldId id) const {
    for (const Field& field : *this) {
        if (field.id == id) return &field;
    }
    return nullptr;
}

const Field* Fields::find(std::string_view name) const {
    for (const Field& field : *this) {
        if (field.name.size() != name.size()) continue;
        std::size_t i = 0;
        while (i < name.size() && lower(field.name[i]) == lower(name[i])) ++i;
        if (i == name.size()) return &field;
    }
    return nullptr;
}

std::string_view name_of(HeadError error) {
    switch (error) {
        case HeadError::none:
            return "none";
        case HeadError::incomplete:
            return "incomplete";
        case HeadError::bad_request_line:
            return "bad_request_line";
        case HeadError::bad_method:
            return "bad_method";
        case HeadError::bad_target:
            return "bad_target";
        case HeadError::uri_too_long:
            return "uri_too_long";
        case HeadError::bad_version:
            return "bad_version";
        case HeadError::unsupported_version:
            return "unsupported_version";
        case HeadError::bad_status_line:
            return "bad_status_line";
        case HeadError::bad_field_name:
            return "bad_field_name";
        case HeadError::bad_field_value:
            return "bad_field_value";
        case HeadError::obsolete_fold:
            return "obsolete_fold";
        case HeadError::bare_line_end:
            return "bare_line_end";
        case HeadError::head_too_large:
            return "head_too_large";
        case HeadError::too_many_fields:
            return "too_many_fields";
        case HeadError::missing_host:
            return "missing_host";
        case HeadError::repeated_host:
            return "repeated_host";
        case HeadError::bad_host:
            return "bad_host";
        case HeadError::bad_content_length:
            return "bad_content_length";
        case HeadError::conflicting_content_length:
            return "conflicting_content_length";
        case HeadError::length_and_transfer_encoding:
            return "length_and_transfer_encoding";
        case HeadError::bad_transfer_encoding:
            return "bad_transfer_encoding";
        case HeadError::unsupported_transfer_coding:
            return "unsupported_transfer_coding";
        case HeadError::bad_expect:
            return "bad_expect";
        case HeadError::bad_connect:
            return "bad_connect";
    }
    return "";
}

std::uint16_t status_of(HeadError error) {
    // Nearly all are plain 400; the enumerators that are not are few enough to name.
    if (error == HeadError::uri_too_long) return 414;
    if (error == HeadError::bad_expect) return 417;  // RFC 9110 10.1.1
    if (error == HeadError::head_too_large || error == HeadError::too_many_fields) return 431;
    if (error == HeadError::unsupported_transfer_coding) return 501;  // RFC 9112 6.1
    if (error == HeadError::unsupported_version) return 505;
    return 400;
}

std::string_view reason_phrase(std::uint16_t status) {
    const auto* found = std::ranges::lower_bound(kReasons, status, {}, &Reason::status);
    return found != std::end(kReasons) && found->status == status ? found->phrase : "";
}

}  // namespace ringway::http
