#include "cli/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace ringctl {

namespace {

ColourChoice choice_of(std::string_view word) {
    if (word == "always") return ColourChoice::always;
    if (word == "never") return ColourChoice::never;
    return ColourChoice::automatic;
}

}  // namespace

Session::Session(Globals globals)
    : globals_(std::move(globals)),
      style_(style_of(choice_of(globals_.colour), ::isatty(STDOUT_FILENO) == 1)) {}

Result<Client*> Session::client() {
    if (client_) return client_.get();
    auto connection = find_connection(globals_);
    if (!connection) return std::unexpected(std::move(connection.error()));
    token_problem_ = connection->token_problem;
    std::string hint = connection->hint();
    client_ = std::make_unique<Client>(std::move(connection->address), std::move(connection->token),
                                       std::move(hint));
    return client_.get();
}

Result<Reply> Session::ask(const Question& question) {
    const auto found = client();
    if (!found) return std::unexpected(found.error());
    return (*found)->ask(question);
}

Result<Document> Session::get(std::string target) {
    const auto reply = ask({.target = target});
    if (!reply) return std::unexpected(reply.error());
    auto document = Document::parse(reply->body);
    if (!document) {
        return std::unexpected(
            Failure{.message = fmt::format("the answer to {} is {}", target, document.error())});
    }
    return std::move(*document);
}

Result<Reply> Session::change(const char* method, std::string target, std::string body) {
    return change({.method = method, .target = std::move(target), .body = std::move(body)});
}

Result<Reply> Session::change(const Question& question) {
    const auto found = client();
    if (!found) return std::unexpected(found.error());
    if (!token_problem_.empty()) return std::unexpected(Failure::usage(token_problem_));
    return (*found)->ask(question);
}

Result<UpstreamName> Session::upstream_named(std::string_view wanted) {
    const auto upstreams = get("/upstreams");
    if (!upstreams) return std::unexpected(upstreams.error());
    return find_upstream(wanted, upstream_names(upstreams->root()));
}

void Session::print(std::string_view text) const {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

void Session::print_line(std::string_view text) const { print(std::string(text) + '\n'); }

void Session::print_json(std::string_view json) const {
    while (json.ends_with('\n')) json.remove_suffix(1);
    print_line(json);
}

Result<int> Session::show(const Result<Reply>& reply,
                          const std::function<std::string(const Value&)>& text_of) const {
    if (!reply) return std::unexpected(reply.error());
    if (json()) {
        print_json(reply->body);
        return 0;
    }
    const auto document = Document::parse(reply->body);
    if (!document) return std::unexpected(Failure{.message = "the answer is " + document.error()});
    print(text_of(document->root()));
    return 0;
}

void Session::note(std::string_view text) {
    std::fprintf(stderr, "ringctl: %.*s\n", static_cast<int>(text.size()), text.data());
}

}  // namespace ringctl
