// Cost of reading a head: the common request, a browser's, an API answer, each with every scan
// kernel of this CPU.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "../../src/http/head_parse.h"
#include "ringway/http/chunked.h"

namespace ringway::http {
namespace {

constexpr std::string_view kSmallRequest =
    "GET /v1/items/4711?fields=id,name HTTP/1.1\r\n"
    "Host: api.example.com\r\n"
    "User-Agent: curl/8.5.0\r\n"
    "Accept: */*\r\n"
    "Accept-Encoding: gzip, br\r\n"
    "Connection: keep-alive\r\n"
    "X-Request-ID: 0f8b4c2d9e\r\n"
    "Cookie: sid=31d4d96e4\r\n"
    "Via: 1.1 edge\r\n"
    "\r\n";

constexpr std::string_view kBrowserRequest =
    "GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg HTTP/1.1\r\n"
    "Host: www.kittyhell.example\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.7,de;q=0.3\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://www.kittyhell.example/2010/03/\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=1310202105; "
    "__utma=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.x; "
    "__utmz=xxxxxxxxx.xxxxxxxxxx.x.x.utmccn=(referral)|utmcsr=example.com\r\n"
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

void parse_requests(benchmark::State& state, const ScanKernel& kernel, std::string_view bytes) {
    RequestHead head;
    for (auto _ : state) {
        std::uint32_t scanned = 0;
        benchmark::DoNotOptimize(bytes);
        const HeadError error = parse_request_head_with(kernel, bytes, {}, scanned, head);
        if (error != HeadError::none) state.SkipWithError("refused");
        benchmark::DoNotOptimize(head.fields.count);
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}

void parse_responses(benchmark::State& state, const ScanKernel& kernel) {
    ResponseHead head;
    for (auto _ : state) {
        std::uint32_t scanned = 0;
        std::string_view bytes = kResponse;
        benchmark::DoNotOptimize(bytes);
        const HeadError error =
            parse_response_head_with(kernel, bytes, {}, Method::get, scanned, head);
        if (error != HeadError::none) state.SkipWithError("refused");
        benchmark::DoNotOptimize(head.fields.count);
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kResponse.size()));
}

/// 64 KiB of payload in chunks of 4 KiB.
void decode_chunks(benchmark::State& state) {
    std::string body;
    for (int i = 0; i < 16; ++i) body += "1000\r\n" + std::string(4096, 'x') + "\r\n";
    body += "0\r\n\r\n";
    for (auto _ : state) {
        ChunkedDecoder decoder;
        std::string_view rest = body;
        auto step = decoder.next(rest);
        while (step.state == ChunkedDecoder::State::more) {
            rest.remove_prefix(step.consumed);
            step = decoder.next(rest);
        }
        if (step.state != ChunkedDecoder::State::done) state.SkipWithError("refused");
    }
}
BENCHMARK(decode_chunks)->Name("http/decode_16_chunks");

[[maybe_unused]] const bool registered = [] {
    for (const ScanKernel* kernel : usable_kernels()) {
        const std::string suffix = std::string("/") + kernel->name;
        const auto add = [&](const char* name, std::string_view bytes) {
            benchmark::RegisterBenchmark((name + suffix).c_str(), [=](benchmark::State& state) {
                parse_requests(state, *kernel, bytes);
            });
        };
        add("http/parse_small_request", kSmallRequest);
        add("http/parse_browser_request", kBrowserRequest);
        benchmark::RegisterBenchmark(
            ("http/parse_response" + suffix).c_str(),
            [=](benchmark::State& state) { parse_responses(state, *kernel); });
    }
    return true;
}();

}  // namespace
}  // namespace ringway::http
