// What a command has to work with: the flags, the client, the terminal. One thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "cli/connection.h"
#include "client/client.h"
#include "client/json.h"
#include "client/names.h"
#include "tables/style.h"

namespace ringctl {

class Session {
 public:
    explicit Session(Globals globals);

    bool json() const { return globals_.json; }
    /// Of standard output.
    const Style& style() const { return style_; }
    const Globals& globals() const { return globals_; }

    /// Made when it is first asked for.
    Result<Client*> client();

    Result<Reply> ask(const Question& question);
    /// A GET whose answer is JSON.
    Result<Document> get(std::string target);
    /// A question that changes something: refused here already when its token cannot be read.
    Result<Reply> change(const char* method, std::string target, std::string body = "");
    Result<Reply> change(const Question& question);

    Result<UpstreamName> upstream_named(std::string_view wanted);

    /// To standard output.
    void print(std::string_view text) const;
    void print_line(std::string_view text) const;
    /// JSON of the server as it came, with one line end.
    void print_json(std::string_view json) const;
    /// The end of most commands: JSON as it came with --json, else what `text_of` makes of it.
    Result<int> show(const Result<Reply>& reply,
                     const std::function<std::string(const Value&)>& text_of) const;
    /// To standard error, as "ringctl: TEXT".
    static void note(std::string_view text);

 private:
    Globals globals_;
    Style style_;
    std::string token_problem_;
    std::unique_ptr<Client> client_;
};

}  // namespace ringctl
