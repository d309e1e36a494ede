#include "client/sse.h"

namespace ringctl {

bool SseReader::take(std::string_view bytes) {
    for (const char byte : bytes) {
        const bool second_of_pair = after_cr_ && byte == '\n';
        after_cr_ = byte == '\r';
        if (second_of_pair) continue;
        if (byte != '\r' && byte != '\n') {
            line_ += byte;
            if (line_.size() + event_.data.size() > kBytesMax) return false;
            continue;
        }
        std::string_view line = line_;
        constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
        if (at_start_ && line.starts_with(kByteOrderMark))
            line.remove_prefix(kByteOrderMark.size());
        at_start_ = false;
        on_line(line);
        line_.clear();
    }
    return true;
}

void SseReader::on_line(std::string_view line) {
    if (line.empty()) return dispatch();
    const std::string_view field = line.substr(0, line.find(':'));
    if (field.empty()) return;  // a comment
    std::string_view value = line.substr(std::min(line.size(), field.size() + 1));
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "data") {
        if (has_data_) event_.data += '\n';
        has_data_ = true;
        event_.data += value;
    } else if (field == "event") {
        event_.kind = value;
    } else if (field == "id" && value.find('\0') == std::string_view::npos) {
        event_.id = value;
    }
}

void SseReader::dispatch() {
    if (has_data_) on_event_(event_);
    event_.kind.clear();
    event_.data.clear();
    has_data_ = false;
}

}  // namespace ringctl
