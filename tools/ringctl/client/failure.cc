#include "client/failure.h"

#include <fmt/format.h>

#include "client/json.h"
#include "ringway/base/printable.h"
#include "ringway/observe/json.h"

namespace ringctl {

Failure refusal_of(long status, std::string_view body) {
    Failure failure;
    const auto document = Document::parse(body);
    const Value error = document ? document->root()["error"] : Value();
    if (error.is_text()) failure.message = error.text();
    if (error["message"].is_text()) failure.message = error["message"].text();
    for (const Value& line : error["errors"].elements()) failure.lines.push_back(line.text());
    if (document) failure.json = body;
    if (failure.message.empty()) {
        failure.message =
            fmt::format("it answered {}: {}", status, ringway::base::shown(body.substr(0, 200)));
    }
    return failure;
}

std::string error_json(const Failure& failure) {
    std::string out;
    ringway::observe::JsonWriter json(out);
    const auto code = [&] {
        switch (failure.status) {
            case ExitStatus::ok:
            case ExitStatus::refused:
                break;
            case ExitStatus::usage:
                return "wrong_usage";
            case ExitStatus::no_connection:
                return "no_connection";
        }
        return "refused";
    };
    json.open_object();
    json.key("error").open_object();
    json.key("code").text(code());
    json.key("message").text(failure.message);
    json.close_object();
    json.close_object();
    return out;
}

}  // namespace ringctl
