#include "top/keys.h"

#include <optional>

namespace ringctl {

namespace {

std::optional<Key> plain_key(char byte) {
    switch (byte) {
        case 'q':
        case 'Q':
            return Key::quit;
        case 'p':
        case ' ':
            return Key::pause;
        case 's':
            return Key::sort;
        case 'k':
            return Key::up;
        case 'j':
            return Key::down;
        case 'g':
            return Key::home;
        default:
            return {};
    }
}

/// Of what stands behind the escape: "[A" or, in application mode, "OA".
std::optional<Key> key_of_sequence(std::string_view rest) {
    if (rest == "[A" || rest == "OA") return Key::up;
    if (rest == "[B" || rest == "OB") return Key::down;
    if (rest == "[C" || rest == "OC") return Key::right;
    if (rest == "[D" || rest == "OD") return Key::left;
    if (rest == "[H" || rest == "OH" || rest == "[1~") return Key::home;
    if (rest == "[5~") return Key::page_up;
    if (rest == "[6~") return Key::page_down;
    return {};
}

/// ECMA-48 5.4: parameters and intermediates, then a final byte.
bool is_final(char byte) { return byte >= '\x40' && byte <= '\x7e'; }

}  // namespace

std::vector<Key> KeyReader::take(std::string_view bytes) {
    std::vector<Key> keys;
    for (const char byte : bytes) {
        if (byte == '\x1b') {
            sequence_ = byte;
            continue;
        }
        std::optional<Key> key;
        if (sequence_.empty()) {
            key = plain_key(byte);
        } else {
            sequence_ += byte;
            const bool introduced = sequence_.size() == 2 && (byte == '[' || byte == 'O');
            if (introduced || (!is_final(byte) && sequence_.size() < 16)) continue;
            key = key_of_sequence(std::string_view(sequence_).substr(1));
            sequence_.clear();
        }
        if (key) keys.push_back(*key);
    }
    return keys;
}

}  // namespace ringctl
