#include "client/json.h"

#include <fmt/format.h>

#include "ringway/base/printable.h"

namespace ringctl {

Value Value::operator[](std::string_view key) const {
    simdjson::dom::object object;
    simdjson::dom::element member;
    if (!element_ || element_->get(object) != simdjson::SUCCESS) return {};
    if (object.at_key(key).get(member) != simdjson::SUCCESS) return {};
    return Value(member);
}

std::vector<Value> Value::elements() const {
    simdjson::dom::array array;
    std::vector<Value> all;
    if (!element_ || element_->get(array) != simdjson::SUCCESS) return all;
    for (const simdjson::dom::element element : array) all.emplace_back(element);
    return all;
}

std::vector<std::pair<std::string, Value>> Value::members() const {
    simdjson::dom::object object;
    std::vector<std::pair<std::string, Value>> all;
    if (!element_ || element_->get(object) != simdjson::SUCCESS) return all;
    for (const auto& [key, value] : object)
        all.emplace_back(ringway::base::printable(key), Value(value));
    return all;
}

bool Value::there() const { return element_ && !element_->is_null(); }

std::string Value::text() const {
    if (is_text()) return ringway::base::printable(raw_text());
    return there() ? json() : "";
}

std::string Value::raw_text() const {
    std::string_view text;
    if (!element_ || element_->get(text) != simdjson::SUCCESS) return "";
    return std::string(text);
}

std::optional<double> Value::number() const {
    double number = 0;
    if (!element_ || !element_->is_number()) return {};
    if (element_->get(number) != simdjson::SUCCESS) return {};
    return number;
}

bool Value::flag() const {
    bool flag = false;
    return element_ && element_->get(flag) == simdjson::SUCCESS && flag;
}

std::string Value::json() const { return element_ ? simdjson::minify(*element_) : "null"; }

std::expected<Document, std::string> Document::parse(std::string_view text) {
    Document document;
    document.parser_ = std::make_unique<simdjson::dom::parser>();
    simdjson::dom::element root;
    const auto error = document.parser_->parse(text.data(), text.size()).get(root);
    if (error != simdjson::SUCCESS) {
        return std::unexpected(fmt::format("no JSON ({}): {}", simdjson::error_message(error),
                                           ringway::base::shown(text)));
    }
    document.root_ = Value(root);
    return document;
}

namespace {

void put_pretty(std::string& out, const Value& value, std::size_t depth) {
    const std::string inner(2 * (depth + 1), ' ');
    const auto elements = value.elements();
    const auto members = value.members();
    if (elements.empty() && members.empty()) {
        out += value.json();
        return;
    }
    out += value.is_array() ? "[\n" : "{\n";
    std::string_view comma;
    for (const Value& element : elements) {
        out.append(comma).append(inner);
        put_pretty(out, element, depth + 1);
        comma = ",\n";
    }
    for (const auto& [key, member] : members) {
        out += fmt::format("{}{}\"{}\": ", comma, inner, key);
        put_pretty(out, member, depth + 1);
        comma = ",\n";
    }
    out += '\n' + std::string(2 * depth, ' ');
    out += value.is_array() ? "]" : "}";
}

}  // namespace

std::string pretty(const Value& value) {
    std::string out;
    put_pretty(out, value, 0);
    return out;
}

}  // namespace ringctl
