#include "load/request_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace ringload {

namespace http = ringway::http;

namespace {

constexpr std::string_view kNumberPlace = "{n}";

bool has(const RequestKind& kind, http::FieldId id) {
    return std::ranges::any_of(
        kind.headers, [id](const auto& header) { return http::field_id(header.first) == id; });
}

/// RFC 9110 8.6: a method that gives a body a meaning says that there is none.
bool wants_length(http::Method method) {
    return method == http::Method::post || method == http::Method::put ||
           method == http::Method::patch;
}

}  // namespace

RequestText::RequestText(const RequestKind& kind, const std::string& authority)
    : method_(http::method_of(kind.method)),
      kept_alive_(form_of(kind, authority, false)),
      last_(form_of(kind, authority, true)) {}

RequestText::Form RequestText::form_of(const RequestKind& kind, const std::string& authority,
                                       bool last) const {
    Form form;
    std::string target = kind.target;
    const std::size_t place = target.find(kNumberPlace);
    if (place != std::string::npos) {
        target.erase(place, kNumberPlace.size());
        form.number_at = kind.method.size() + 1 + place;
    }
    const auto out = std::back_inserter(form.text);
    fmt::format_to(out, "{} {} HTTP/1.1\r\n", kind.method, target);
    if (!has(kind, http::FieldId::host)) fmt::format_to(out, "Host: {}\r\n", authority);
    for (const auto& [name, value] : kind.headers) fmt::format_to(out, "{}: {}\r\n", name, value);
    if (!kind.body.empty() || wants_length(method_))
        fmt::format_to(out, "Content-Length: {}\r\n", kind.body.size());
    if (last && !has(kind, http::FieldId::connection)) form.text += "Connection: close\r\n";
    form.text += "\r\n";
    form.text += kind.body;
    return form;
}

std::string_view RequestText::write(std::uint64_t number, bool last, std::string& room) const {
    const Form& form = last ? last_ : kept_alive_;
    if (form.number_at == std::string::npos) return form.text;
    room.assign(form.text, 0, form.number_at);
    fmt::format_to(std::back_inserter(room), "{}", number);
    room.append(form.text, form.number_at);
    return room;
}

}  // namespace ringload
