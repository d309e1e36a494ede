// JSON as the access log and the admin API write it (RFC 8259): one pass, straight into a string.
// Pure; any thread.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "ringway/base/time.h"

namespace ringway::observe {

/// Appends `text` as a JSON string, quotes included (RFC 8259 7). Any bytes are taken: well-formed
/// UTF-8 stays, control characters are escaped, and each byte that belongs to no well-formed
/// character becomes \u00XX of the byte.
void append_json_string(std::string& out, std::string_view text);

/// Appends values and sets the commas between them; that brackets close and keys have values is the
/// caller's business. `json.key("status").number(200u)` is a member, without a key an element.
class JsonWriter {
 public:
    /// Appends to `out`, which outlives it.
    explicit JsonWriter(std::string& out) : out_(out) {}

    /// Of a member of the object that is open. Keys are ours: nothing in them is escaped.
    JsonWriter& key(std::string_view name);

    void open_object() { open('{'); }
    void close_object() { close('}'); }
    void open_array() { open('['); }
    void close_array() { close(']'); }

    void text(std::string_view value);
    void null() { word("null"); }
    void boolean(bool value) { word(value ? "true" : "false"); }
    void number(std::unsigned_integral auto value) { whole(value); }
    /// The shortest digits that read back as the same value; null when it is no number or infinite
    /// (JSON has neither, RFC 8259 6).
    void number(std::floating_point auto value) { real(static_cast<double>(value)); }
    /// In milliseconds with three decimals; null when negative.
    void milliseconds(base::Duration value) { thousandths(value, std::chrono::microseconds(1)); }
    /// In seconds with three decimals; null when negative.
    void seconds(base::Duration value) { thousandths(value, std::chrono::milliseconds(1)); }
    /// "2026-01-02T03:04:05.678Z"
    void time(std::int64_t unix_ns);

 private:
    void separate() {
        if (wants_comma_) out_ += ',';
        wants_comma_ = true;
    }
    void open(char bracket) {
        separate();
        out_ += bracket;
        wants_comma_ = false;
    }
    void close(char bracket) {
        out_ += bracket;
        wants_comma_ = true;
    }
    void word(std::string_view value) {
        separate();
        out_ += value;
    }
    void whole(std::uint64_t value);
    void real(double value);
    void thousandths(base::Duration value, base::Duration thousandth);

    std::string& out_;
    bool wants_comma_ = false;  // true exactly when the next key or element stands behind another
};

}  // namespace ringway::observe
