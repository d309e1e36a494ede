// JSON of the server, read by simdjson. What is not there, or is of another kind, reads as absent:
// a newer or older server may say more or less than is known here. Texts that are shown come out
// printable, so that no name can write to the terminal. Single-threaded.
#pragma once

#include <simdjson.h>

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringctl {

/// A value of a document, or none. Valid as long as the document.
class Value {
 public:
    Value() = default;
    explicit Value(simdjson::dom::element element) : element_(element) {}

    /// Of an object; none when there is no such member.
    Value operator[](std::string_view key) const;
    /// Of an array; empty when it is none.
    std::vector<Value> elements() const;
    /// Of an object, in its order; empty when it is none.
    std::vector<std::pair<std::string, Value>> members() const;

    /// Not absent, and not null.
    bool there() const;
    bool is_text() const { return element_ && element_->is_string(); }
    bool is_object() const { return element_ && element_->is_object(); }
    bool is_array() const { return element_ && element_->is_array(); }

    /// A string with control characters as \xNN; of numbers and flags their JSON. "" when absent.
    std::string text() const;
    /// A string as the server wrote it, for what goes back to the server.
    std::string raw_text() const;
    std::optional<double> number() const;
    /// 0 when absent.
    double number_or_zero() const { return number().value_or(0); }
    bool flag() const;
    /// As JSON in one line.
    std::string json() const;

 private:
    std::optional<simdjson::dom::element> element_;
};

class Document {
 public:
    /// A sentence when the text is no JSON.
    static std::expected<Document, std::string> parse(std::string_view text);

    Value root() const { return root_; }

 private:
    std::unique_ptr<simdjson::dom::parser> parser_;  // owns what root_ points to
    Value root_;
};

/// With an indent of two spaces.
std::string pretty(const Value& value);

}  // namespace ringctl
