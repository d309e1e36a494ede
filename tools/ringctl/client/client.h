// The admin API over HTTP: one connection that is kept, by libcurl. Blocking; one thread at a time,
// but any thread may tell it to stop.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/address.h"
#include "client/failure.h"

namespace ringctl {

struct Reply {
    long status = 0;
    std::string body;
};

struct Question {
    const char* method = "GET";
    std::string target;  // path and query
    std::string body;
    const char* content_type = "application/json";  // of the body, where there is one
    std::chrono::milliseconds timeout{30'000};      // of the whole; 0: a stream, which has none
    std::vector<std::string> fields = {};           // "Name: value"
    // a stream that says nothing for so long has lost its server, which says something every 15 s
    std::chrono::milliseconds silence_max{45'000};
};

class Client {
 public:
    static constexpr std::size_t kBodyBytesMax = 64 << 20;

    /// `hint` ends the sentence that says that nobody was there: where the address is from.
    /// `token`:
    /// "" when there is none.
    Client(Address address, std::string token, std::string hint);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// A reply below 400; every other one is a Failure with the server's own words.
    Result<Reply> ask(const Question& question);

    /// A stream: hands over the body of a 200 as it comes, until `on_bytes` returns false or it
    /// ends. How it ended: nothing when the server ended it or on_bytes did.
    std::expected<void, Failure> stream(const Question& question,
                                        const std::function<bool(std::string_view)>& on_bytes);

    /// Ends what is under way, and all that is asked from now on, within a second.
    void stop() { stopped_ = true; }
    const Address& address() const { return address_; }

 private:
    struct Transfer;

    Result<Reply> perform(const Question& question, Transfer& transfer);
    void prepare(const Question& question, Transfer& transfer);
    Failure failure_of(CURLcode code, const Question& question) const;

    struct Cleanup {
        void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
    };
    Address address_;
    std::string token_;
    std::string hint_;
    std::unique_ptr<CURL, Cleanup> curl_;
    char error_[CURL_ERROR_SIZE] = {};
    std::atomic<bool> stopped_{false};
};

}  // namespace ringctl
