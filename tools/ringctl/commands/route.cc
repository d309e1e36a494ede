// route explain: which route a request takes, and why no earlier one.
#include <fmt/format.h>

#include <algorithm>

#include "commands/commands.h"
#include "ringway/base/printable.h"

namespace ringctl {

namespace {

using ringway::base::shown;

struct ExplainArguments {
    std::string url;
    std::string method = "GET";
    std::vector<std::string> headers;
    std::string listener;
};

struct UrlParts {
    std::string host;  // with its port; "" when there is none
    std::string target;
};

/// Of "http://host/path?query", "host/path" or "/path".
Result<UrlParts> parts_of(const std::string& url) {
    std::string rest = url.substr(0, url.find('#'));
    for (const char* const scheme : {"http://", "https://"}) {
        if (rest.starts_with(scheme)) rest.erase(0, std::string_view(scheme).size());
    }
    const bool odd =
        std::ranges::any_of(rest, [](char c) { return static_cast<unsigned char>(c) <= ' '; });
    if (rest.empty() || odd || rest.find("://") < rest.find('/')) {
        return std::unexpected(Failure::usage(fmt::format(
            "`{}` is no URL; write http://HOST/PATH, or /PATH for any host", shown(url))));
    }
    const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
    UrlParts parts{rest.substr(0, end), rest.substr(end)};
    if (!parts.target.starts_with('/')) parts.target.insert(0, "/");
    return parts;
}

/// "Name: value" without the blank, as the API takes it; a Host goes where the host of the URL is.
Result<std::string> header_query(const std::vector<std::string>& headers, std::string& host) {
    std::string query;
    for (const std::string& header : headers) {
        const std::size_t colon = header.find(':');
        if (colon == std::string::npos || colon == 0) {
            return std::unexpected(Failure::usage(
                fmt::format("-H: `{}` is no header; write 'Name: value'", shown(header))));
        }
        const std::string name = header.substr(0, colon);
        std::string value = header.substr(colon + 1);
        value.erase(0, std::min(value.find_first_not_of(" \t"), value.size()));
        const bool is_host = name.size() == 4 && strncasecmp(name.c_str(), "host", 4) == 0;
        if (is_host) {
            host = value;
        } else {
            query += "&header=" + percent_encoded(name + ':' + value);
        }
    }
    return query;
}

std::string explanation_text(const Value& answer, const Style& style) {
    std::string out;
    for (const Value& line : answer["considered"].elements()) out += "  " + line.text() + '\n';
    if (!answer["route"].there()) {
        return out + style.paint(Tone::warning, "no route matches: the answer is 404") + '\n';
    }
    std::string pools;
    for (const Value& pool : answer["pools"].elements())
        pools += (pools.empty() ? " " : ", ") + pool.text();
    const std::string place = answer["place"].text();
    return out + fmt::format("{} -> {}{}{}\n", style.paint(Tone::good, answer["route"].text()),
                             answer["action"].text(), pools,
                             place.empty() ? "" : "  (" + place + ')');
}

Result<int> run_explain(Session& session, const ExplainArguments& arguments) {
    auto parts = parts_of(arguments.url);
    if (!parts) return std::unexpected(parts.error());
    const auto headers = header_query(arguments.headers, parts->host);
    if (!headers) return std::unexpected(headers.error());
    std::string target = fmt::format("/routes/explain?method={}&host={}&target={}",
                                     percent_encoded(arguments.method),
                                     percent_encoded(parts->host), percent_encoded(parts->target));
    if (!arguments.listener.empty()) target += "&listener=" + percent_encoded(arguments.listener);
    return session.show(session.ask({.target = target + *headers}), [&](const Value& answer) {
        return explanation_text(answer, session.style());
    });
}

}  // namespace

void add_route_commands(CLI::App& app, CommandLine& line) {
    CLI::App* const route = app.add_subcommand("route", "where requests go");
    route->require_subcommand(1);
    const auto [explain, arguments] = add_command<ExplainArguments>(
        *route, line, "explain", "the route of a request, and why no earlier one", run_explain);
    explain->add_option("url", arguments->url, "http://HOST/PATH, or /PATH")
        ->type_name("URL")
        ->required();
    explain->add_option("-X,--method", arguments->method, "its method (GET)")->type_name("METHOD");
    explain
        ->add_option("-H,--header", arguments->headers,
                     "'Name: value' of it; may be repeated, Host as well")
        ->type_name("HEADER")
        ->allow_extra_args(false);
    explain
        ->add_option("--listener", arguments->listener,
                     "that it comes in by; needed when there are several")
        ->type_name("NAME");
}

}  // namespace ringctl
