#include "client/client.h"

#include <fmt/format.h>

#include <cstring>

#include "ringway/base/assert.h"
#include "ringway/base/printable.h"

namespace ringctl {

namespace {

constexpr long kConnectTimeoutMs = 5000;
constexpr long kErrorFrom = 400;

using Fields = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

void add(Fields& fields, const std::string& line) {
    curl_slist* const longer = curl_slist_append(fields.get(), line.c_str());
    RW_ASSERT(longer != nullptr);
    (void)fields.release();
    fields.reset(longer);
}

}  // namespace

/// What libcurl's callbacks of one transfer write to.
struct Client::Transfer {
    Client& client;
    const std::function<bool(std::string_view)>* on_bytes = nullptr;  // of a stream
    Reply reply;
    bool ended_by_reader = false;
    std::chrono::milliseconds silence_max{0};  // 0: any
    std::chrono::steady_clock::time_point heard_at = std::chrono::steady_clock::now();

    bool is_silent() const {
        return silence_max.count() > 0 && std::chrono::steady_clock::now() - heard_at > silence_max;
    }
    Fields fields{nullptr, &curl_slist_free_all};

    static std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* self) {
        auto& transfer = *static_cast<Transfer*>(self);
        transfer.heard_at = std::chrono::steady_clock::now();
        curl_easy_getinfo(transfer.client.curl_.get(), CURLINFO_RESPONSE_CODE,
                          &transfer.reply.status);
        if (transfer.on_bytes != nullptr && transfer.reply.status == 200) {
            if ((*transfer.on_bytes)({bytes, count})) return count;
            transfer.ended_by_reader = true;
            return 0;
        }
        if (transfer.reply.body.size() + count > kBodyBytesMax) return 0;
        transfer.reply.body.append(bytes, count);
        return count;
    }

    static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
        const auto& transfer = *static_cast<Transfer*>(self);
        return transfer.client.stopped_ || transfer.is_silent() ? 1 : 0;
    }
};

Client::Client(Address address, std::string token, std::string hint)
    : address_(std::move(address)),
      token_(std::move(token)),
      hint_(std::move(hint)),
      curl_(curl_easy_init()) {
    RW_ASSERT(curl_ != nullptr);
}

void Client::prepare(const Question& question, Transfer& transfer) {
    CURL* const curl = curl_.get();
    curl_easy_reset(curl);  // the connection stays
    error_[0] = '\0';
    const auto set = [curl](CURLoption option, auto value) {
        RW_ASSERT(curl_easy_setopt(curl, option, value) == CURLE_OK);
    };
    set(CURLOPT_URL, ("http://" + address_.authority + question.target).c_str());
    set(CURLOPT_PROTOCOLS_STR, "http");
    set(CURLOPT_NOPROXY, "*");  // http_proxy of the environment is not for the admin API
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_ERRORBUFFER, error_);
    set(CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(question.timeout.count()));
    set(CURLOPT_TCP_KEEPALIVE, 1L);  // of a stream whose server has vanished
    set(CURLOPT_TCP_KEEPIDLE, 15L);
    set(CURLOPT_TCP_KEEPINTVL, 5L);
    set(CURLOPT_CUSTOMREQUEST, question.method);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, &transfer);
    set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
    set(CURLOPT_XFERINFODATA, &transfer);
    set(CURLOPT_NOPROGRESS, 0L);
    if (address_.unix_path.starts_with('@')) {
        set(CURLOPT_ABSTRACT_UNIX_SOCKET, address_.unix_path.c_str() + 1);
    } else if (!address_.unix_path.empty()) {
        set(CURLOPT_UNIX_SOCKET_PATH, address_.unix_path.c_str());
    }
    add(transfer.fields, "User-Agent: ringctl/" RINGWAY_VERSION);
    add(transfer.fields, "Expect:");
    if (!token_.empty()) add(transfer.fields, "Authorization: Bearer " + token_);
    for (const std::string& field : question.fields) add(transfer.fields, field);
    if (std::string_view(question.method) != "GET") {
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(question.body.size()));
        set(CURLOPT_POSTFIELDS, question.body.c_str());  // lives as long as the question
        // an empty body has no type
        add(transfer.fields, std::string("Content-Type:") + (question.body.empty() ? "" : " ") +
                                 (question.body.empty() ? "" : question.content_type));
    }
    set(CURLOPT_HTTPHEADER, transfer.fields.get());
}

Failure Client::failure_of(CURLcode code, const Question& question) const {
    std::string why = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
    long system_error = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_OS_ERRNO, &system_error);
    if (code == CURLE_COULDNT_CONNECT && system_error != 0)
        why = std::strerror(static_cast<int>(system_error));
    double connected = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_PRETRANSFER_TIME, &connected);
    if (code == CURLE_OPERATION_TIMEDOUT && connected > 0) {
        return Failure::no_connection(fmt::format(
            "{} took the connection and gave no whole answer to {} {} within {} s; is it hung? Try "
            "`ringctl status`, and look at its log",
            address_.text, question.method, question.target, question.timeout.count() / 1000));
    }
    if (code == CURLE_ABORTED_BY_CALLBACK && !stopped_) {
        return Failure::no_connection(fmt::format("{} has said nothing for {} s", address_.text,
                                                  question.silence_max.count() / 1000));
    }
    if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_HTTP2 ||
        code == CURLE_WEIRD_SERVER_REPLY) {
        return Failure::no_connection(
            fmt::format("{} speaks no HTTP ({}): {}", address_.text, why, hint_));
    }
    if (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_PARTIAL_FILE ||
        code == CURLE_SEND_ERROR) {
        return Failure::no_connection(
            fmt::format("{} ended the connection before its answer was whole ({}): {}",
                        address_.text, why, hint_));
    }
    if (code == CURLE_WRITE_ERROR) {
        return Failure::no_connection(
            fmt::format("the answer of {} to {} is longer than {} MiB: {}", address_.text,
                        question.target, kBodyBytesMax >> 20, hint_));
    }
    Failure failure = Failure::no_connection(
        fmt::format("no connection to {}: {}: {}", address_.text, why, hint_));
    failure.nobody_listens = code == CURLE_COULDNT_CONNECT;
    return failure;
}

Result<Reply> Client::perform(const Question& question, Transfer& transfer) {
    prepare(question, transfer);
    const CURLcode code = curl_easy_perform(curl_.get());
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &transfer.reply.status);
    if (code != CURLE_OK && !transfer.ended_by_reader) {
        return std::unexpected(failure_of(code, question));
    }
    Reply& reply = transfer.reply;
    if (reply.status < kErrorFrom && reply.status >= 200) return std::move(reply);
    Failure failure = refusal_of(reply.status, reply.body);
    if (reply.status == 401) {
        failure.message += token_.empty()
                               ? "; give the token with --token-file FILE or RINGWAY_TOKEN_FILE"
                               : "; the token that was given is not the server's";
    }
    return std::unexpected(std::move(failure));
}

Result<Reply> Client::ask(const Question& question) {
    Transfer transfer{.client = *this};
    return perform(question, transfer);
}

std::expected<void, Failure> Client::stream(const Question& question,
                                            const std::function<bool(std::string_view)>& on_bytes) {
    Transfer transfer{.client = *this, .on_bytes = &on_bytes, .silence_max = question.silence_max};
    auto reply = perform(question, transfer);
    if (!reply) return std::unexpected(std::move(reply.error()));
    return {};
}

}  // namespace ringctl
