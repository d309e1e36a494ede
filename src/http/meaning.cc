// See meaning.h.
#include "meaning.h"

#include "chars.h"

namespace ringway::http {
namespace {

/// Calls visit(element, without OWS, perhaps empty) for the elements of a comma list (RFC
/// 9110 5.6.1) until it returns false.
template <class Visit>
void for_each_element(std::string_view list, Visit&& visit) {
    for (;;) {
        const std::size_t comma = list.find(',');
        if (!visit(trim_ows(list.substr(0, comma)))) return;
        if (comma == std::string_view::npos) return;
        list.remove_prefix(comma + 1);
    }
}

/// Digits only, below 2^63 (RFC 9112 6.3: whatever else is an unrecoverable error).
bool parse_length(std::string_view text, std::uint64_t& length) {
    constexpr std::uint64_t kMax = 0x7fff'ffff'ffff'ffff;
    std::uint64_t value = 0;
    for (const char c : text) {
        if (!is_digit(c)) return false;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (value > (kMax - digit) / 10) return false;
        value = value * 10 + digit;
    }
    length = value;
    return !text.empty();
}

HeadError read_length(std::string_view value, Meaning& meaning) {
    std::uint64_t length = 0;
    if (!parse_length(value, length)) return HeadError::bad_content_length;
    if (meaning.has_length) {
        return length == meaning.length ? HeadError::bad_content_length
                                        : HeadError::conflicting_content_length;
    }
    meaning.has_length = true;
    meaning.length = length;
    return HeadError::none;
}

/// Several codings, or one that is not chunked: unsupported when the list is one that a recipient
/// could frame (codings that end in one chunked), else an error of the sender (RFC 9112 6.1, 6.3).
HeadError judge_codings(const Fields& fields) {
    bool well_formed = true;
    bool ended = false;  // chunked was seen, which must be the last one
    for (const Field& field : fields) {
        if (field.id != FieldId::transfer_encoding) continue;
        for_each_element(field.value, [&](std::string_view coding) {
            const std::string_view name = trim_ows(coding.substr(0, coding.find(';')));
            if (ended || !is_token(name)) well_formed = false;
            ended = equals_any_case(coding, "chunked");
            return well_formed;
        });
    }
    return well_formed && ended ? HeadError::unsupported_transfer_coding
                                : HeadError::bad_transfer_encoding;
}

bool may_be_nominated(FieldId id) {
    // These frame or route the message; a sender that nominates them must not make them vanish.
    return id != FieldId::content_length && id != FieldId::transfer_encoding && id != FieldId::host;
}

void nominate(Fields& fields, std::string_view option) {
    const FieldId id = field_id(option);
    for (std::uint32_t i = 0; i < fields.count; ++i) {
        Field& field = fields.at[i];
        if (field.id != id || !may_be_nominated(id)) continue;
        if (id == FieldId::other) {
            if (field.name.size() != option.size()) continue;
            std::size_t j = 0;
            while (j < option.size() && lower(field.name[j]) == lower(option[j])) ++j;
            if (j != option.size()) continue;
        }
        field.nominated = true;
    }
}

/// RFC 9110 7.6.1. `options` counts those of the whole head.
HeadError read_connection(Fields& fields, std::string_view value, Meaning& meaning,
                          std::uint32_t& options) {
    for_each_element(value, [&](std::string_view option) {
        if (option.empty()) return true;
        if (++options > kConnectionOptionsMax) return false;
        meaning.close = meaning.close || equals_any_case(option, "close");
        meaning.keep_alive = meaning.keep_alive || equals_any_case(option, "keep-alive");
        meaning.upgrade_option = meaning.upgrade_option || equals_any_case(option, "upgrade");
        nominate(fields, option);
        return true;
    });
    return options > kConnectionOptionsMax ? HeadError::bad_field_value : HeadError::none;
}

/// What must wait until every field has its id.
HeadError read_lists(Fields& fields, std::uint8_t minor_version, std::uint32_t codings,
                     std::uint32_t connections, Meaning& meaning) {
    if (codings != 0) {
        // RFC 9112 6.1: faulty framing, whatever the coding.
        if (minor_version == 0) return HeadError::bad_transfer_encoding;
        // RFC 9112 6.3: ought to be handled as an error; the two must never be left to disagree.
        if (meaning.has_length) return HeadError::length_and_transfer_encoding;
        if (codings > 1 ||
            !equals_any_case(fields.find(FieldId::transfer_encoding)->value, "chunked")) {
            return judge_codings(fields);
        }
        meaning.chunked = true;
    }
    if (connections == 0) return HeadError::none;
    std::uint32_t options = 0;
    for (std::uint32_t i = 0; i < fields.count; ++i) {
        if (fields.at[i].id != FieldId::connection) continue;
        const HeadError error = read_connection(fields, fields.at[i].value, meaning, options);
        if (error != HeadError::none) return error;
    }
    return HeadError::none;
}

}  // namespace

bool is_continue(std::string_view expectation) {
    return equals_any_case(expectation, "100-continue");
}

HeadError read_meaning(Fields& fields, std::uint8_t minor_version, Meaning& meaning) {
    std::uint32_t codings = 0;
    std::uint32_t connections = 0;
    for (std::uint32_t i = 0; i < fields.count; ++i) {
        Field& field = fields.at[i];
        field.id = field_id(field.name);
        if (field.id == FieldId::other) continue;
        if (field.id == FieldId::host) {
            meaning.host = &field;
            ++meaning.hosts;
        } else if (field.id == FieldId::content_length) {
            const HeadError error = read_length(field.value, meaning);
            if (error != HeadError::none) return error;
        } else if (field.id == FieldId::transfer_encoding) {
            ++codings;
        } else if (field.id == FieldId::connection) {
            ++connections;
        } else if (field.id == FieldId::upgrade) {
            meaning.upgrade_field = true;
        } else if (field.id == FieldId::expect) {
            if (meaning.expect == nullptr || is_continue(meaning.expect->value)) {
                meaning.expect = &field;
            }
        } else if (field.id == FieldId::max_forwards) {
            meaning.max_forwards = &field;
            ++meaning.max_forwards_lines;
        }
    }
    if (codings + connections == 0) return HeadError::none;
    return read_lists(fields, minor_version, codings, connections, meaning);
}

}  // namespace ringway::http
