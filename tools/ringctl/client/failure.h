// Why a command could not be done: the sentence, and the exit status that goes with it. A value.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace ringctl {

enum class ExitStatus : int {
    ok = 0,
    refused = 1,        // by the server
    usage = 2,          // what was asked for cannot be asked
    no_connection = 3,  // nobody was there to ask
};

struct Failure {
    ExitStatus status = ExitStatus::refused;
    std::string message;             // a sentence without "ringctl: "
    std::vector<std::string> lines;  // what goes with it: the errors of a configuration
    std::string json;                // the server's own words; "" when it said none
    bool nobody_listens = false;     // no connection could be made at all

    static Failure usage(std::string message) {
        return {.status = ExitStatus::usage, .message = std::move(message)};
    }
    static Failure no_connection(std::string message) {
        return {.status = ExitStatus::no_connection, .message = std::move(message)};
    }
};

template <class T>
using Result = std::expected<T, Failure>;

/// Of an answer with an error status: {"error":{"code","message","errors"}} where the body is that,
/// else the status itself.
Failure refusal_of(long status, std::string_view body);

/// A failure in the server's shape, for those of which the server knows nothing.
std::string error_json(const Failure& failure);

}  // namespace ringctl
