#include "load/answer_reader.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

namespace ringload {

namespace http = ringway::http;

namespace {

constexpr http::HeadLimits kLimits{};

std::string_view value_of(const http::ResponseHead& head, std::string_view name) {
    const http::Field* found = head.fields.find(name);
    return found == nullptr ? std::string_view() : found->value;
}

}  // namespace

void AnswerReader::start(const RequestKind& kind, http::Method method) {
    kind_ = &kind;
    method_ = method;
    inbox_.clear();
    scanned_ = 0;
    has_head_ = false;
    is_expected_ = false;
    status_ = 0;
    if (kind.checksum.kind == BodyChecksum::Kind::none) return;
    fnv1a64_ = {};
    crc32_ = 0;
    checksum_told_.clear();
}

AnswerReader::Step AnswerReader::take(std::string_view& bytes, http::ResponseHead& head) {
    while (!has_head_) {
        const Step step = take_head(bytes, head);
        if (step != Step::whole) return step;
    }
    return take_body(bytes);
}

/// `whole`: a head was read, which may be an interim one.
AnswerReader::Step AnswerReader::take_head(std::string_view& bytes, http::ResponseHead& head) {
    const std::size_t kept = inbox_.size();
    if (kept > 0) inbox_ += bytes;
    const std::string_view text = kept > 0 ? std::string_view(inbox_) : bytes;
    const http::HeadError error = http::parse_response_head(text, kLimits, method_, scanned_, head);
    if (error == http::HeadError::incomplete) {
        if (kept == 0) inbox_ = bytes;
        bytes = {};
        return Step::more;
    }
    if (error != http::HeadError::none) return Step::malformed;
    bytes.remove_prefix(head.size - kept);
    if (head.status >= 200) {
        note(head);
    } else if (head.status == 101) {
        return Step::malformed;  // nobody asked for another protocol
    }
    inbox_.clear();
    return Step::whole;
}

void AnswerReader::note(const http::ResponseHead& head) {
    has_head_ = true;
    status_ = head.status;
    keep_alive_ = head.keep_alive && head.framing != http::Framing::until_close;
    is_expected_ = std::ranges::any_of(
        kind_->expected, [&](const StatusRange& range) { return range.has(status_); });
    body_.start(head.framing, head.content_length);
    if (kind_->checksum.kind == BodyChecksum::Kind::field)
        checksum_told_ = value_of(head, kind_->checksum.field_name);
    if (!origin_field_.empty()) origin_ = value_of(head, origin_field_);
}

AnswerReader::Step AnswerReader::take_body(std::string_view& bytes) {
    while (!body_.done()) {
        if (bytes.empty()) return Step::more;
        add(body_.take(bytes));
        if (body_.failed()) return Step::malformed;
    }
    return Step::whole;
}

void AnswerReader::add(std::string_view payload) {
    if (payload.empty()) return;  // zlib takes nullptr for "begin anew"
    switch (kind_->checksum.kind) {
        case BodyChecksum::Kind::none:
            return;
        case BodyChecksum::Kind::crc32:
            crc32_ =
                ::crc32_z(crc32_, reinterpret_cast<const Bytef*>(payload.data()), payload.size());
            return;
        case BodyChecksum::Kind::fnv1a64:
        case BodyChecksum::Kind::field:
            fnv1a64_.add(payload);
            return;
    }
}

AnswerReader::Step AnswerReader::end() {
    if (!has_head_) return Step::more;
    body_.close();
    return body_.done() ? Step::whole : Step::more;
}

bool AnswerReader::checksum_holds() const {
    const BodyChecksum& wanted = kind_->checksum;
    switch (wanted.kind) {
        case BodyChecksum::Kind::none:
            return true;
        case BodyChecksum::Kind::crc32:
            return crc32_ == wanted.value;
        case BodyChecksum::Kind::fnv1a64:
            return fnv1a64_.value() == wanted.value;
        case BodyChecksum::Kind::field:
            return checksum_told_ == fmt::format("{:016x}", fnv1a64_.value());
    }
    return false;
}

}  // namespace ringload
