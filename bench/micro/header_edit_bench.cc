// Cost of writing a head on: a browser's request to an upstream and an API answer to a client, as
// received, with configured edits, and with much to drop. The heads are parsed beforehand.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <string_view>

#include "ringway/forward/head_writer.h"

namespace ringway::forward {
namespace {

constexpr std::string_view kSmallRequest =
    "GET /v1/items/4711?fields=id,name HTTP/1.1\r\n"
    "Host: api.example.com\r\n"
    "User-Agent: curl/8.5.0\r\n"
    "Accept: */*\r\n"
    "\r\n";

constexpr std::string_view kBrowserRequest =
    "GET /2010/03/hello.jpg HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.7,de;q=0.3\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Connection: keep-alive\r\n"
    "Referer: https://www.example.com/2010/03/\r\n"
    "Cookie: sid=31d4d96e407aad42; theme=dark; seen=2010-03-01\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-Site: none\r\n"
    "Priority: u=0, i\r\n"
    "\r\n";

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Server: origin\r\n"
    "Date: Mon, 01 Jun 2026 10:00:00 GMT\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 512\r\n"
    "Cache-Control: no-store\r\n"
    "\r\n";

config::Route make_route(bool edits) {
    using Kind = config::HeaderEdit::Kind;
    config::Route route;
    if (!edits) return route;
    route.request_headers = {{Kind::set, "X-Env", "production"},
                             {Kind::remove, "Referer", ""},
                             {Kind::add, "X-Team", "web"}};
    route.response_headers = {{Kind::set, "Server", "edge"},
                              {Kind::remove, "X-Powered-By", ""},
                              {Kind::add, "Vary", "Accept-Encoding"}};
    return route;
}

void write_requests(benchmark::State& state, std::string_view bytes, bool edits) {
    const auto head = std::make_unique<http::RequestHead>();
    std::uint32_t scanned = 0;
    if (http::parse_request_head(bytes, {}, scanned, *head) != http::HeadError::none) {
        state.SkipWithError("refused");
        return;
    }
    const config::Route route = make_route(edits);
    const config::Upstream upstream;
    ring::Buffer buffer;
    const auto gather = std::make_unique<Gather>();
    const RequestEdit edit{.route = route,
                           .upstream = upstream,
                           .client_ip = "192.0.2.7",
                           .request_id = "00112233445566778899aabbccddeeff"};
    for (auto _ : state) {
        gather->clear();
        write_request_head(*gather, *head, &buffer, edit);
        benchmark::DoNotOptimize(gather->pieces().data());
        benchmark::ClobberMemory();
    }
    state.counters["pieces"] = static_cast<double>(gather->pieces().size());
}

void write_responses(benchmark::State& state, bool edits, const ResponseEdit& changes) {
    const auto head = std::make_unique<http::ResponseHead>();
    std::uint32_t scanned = 0;
    if (http::parse_response_head(kResponse, {}, http::Method::get, scanned, *head) !=
        http::HeadError::none) {
        state.SkipWithError("refused");
        return;
    }
    const config::Route route = make_route(edits);
    ResponseEdit edit = changes;
    edit.route = &route;
    ring::Buffer buffer;
    const auto gather = std::make_unique<Gather>();
    for (auto _ : state) {
        gather->clear();
        write_response_head(*gather, *head, kResponse, &buffer, edit);
        benchmark::DoNotOptimize(gather->pieces().data());
        benchmark::ClobberMemory();
    }
    state.counters["pieces"] = static_cast<double>(gather->pieces().size());
}

BENCHMARK_CAPTURE(write_requests, small, kSmallRequest, false)->Name("forward/write_small_request");
BENCHMARK_CAPTURE(write_requests, browser, kBrowserRequest, false)
    ->Name("forward/write_browser_request");
BENCHMARK_CAPTURE(write_requests, edited, kBrowserRequest, true)
    ->Name("forward/write_browser_request_edited");
BENCHMARK_CAPTURE(write_responses, untouched, false, ResponseEdit{})
    ->Name("forward/write_response");
BENCHMARK_CAPTURE(write_responses, last, false, ResponseEdit{.keep_alive = false})
    ->Name("forward/write_response_closing");
BENCHMARK_CAPTURE(write_responses, edited, true, ResponseEdit{})
    ->Name("forward/write_response_edited");

}  // namespace
}  // namespace ringway::forward
