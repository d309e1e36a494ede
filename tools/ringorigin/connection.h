// One client connection of the origin: reads requests one after another, answers each as its
// AnswerBook says. Owned by a Worker, on its thread. Its slot goes home when the last operation has
// completed.
//
//   head -> body -> delaying -> sending <-> pausing -> head | stalled | lingering -> closed
//        `-------------------------^                                        any state -> closed
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "answer.h"
#include "pattern.h"
#include "ringway/base/hash.h"
#include "ringway/base/intrusive_list.h"
#include "ringway/http/chunked.h"
#include "ringway/http/head.h"
#include "ringway/ring/ring.h"

namespace ringorigin {

class Worker;

class Connection : public ringway::base::ListLink<Connection> {
 public:
    Connection(Worker& worker, ringway::ring::Descriptor socket)
        : worker_(worker), socket_(socket) {}

    void begin();
    /// Ends it in any state; the worker is told when the last operation is over.
    void close(bool reset);

 private:
    using Completion = ringway::ring::Completion;
    enum class State : std::uint8_t {
        head,       // reading a request head
        body,       // reading a request body
        delaying,   // the timer runs before the answer
        sending,    // the answer is on its way
        pausing,    // the timer runs between two pieces of the answer
        stalled,    // silent until the client leaves
        lingering,  // FIN sent, waiting for the client's
        closed,     // waiting for operations to end
    };
    enum class Ending : std::uint8_t { next_request, close, reset, stall };

    void arm_receive();
    void on_receive(Completion&& completion);
    void on_end_of_stream();
    void arm_send();
    void on_send(Completion&& completion);
    void arm_timer(ringway::base::Duration delay);
    void on_timer(Completion&& completion);
    void close_join();

    void run(std::string_view fresh);
    std::size_t consume(std::string_view input);
    std::size_t read_head(std::string_view input);
    std::size_t read_body(std::string_view input);
    void keep_body(std::string_view bytes);
    void begin_exchange(const ringway::http::RequestHead& head);
    void end_request();
    void answer();
    void answer_pieces(const Prepared& prepared);
    void answer_bytes(const Prepared& prepared);
    void answer_text(std::uint16_t status, std::string_view content_type, std::string_view text);
    void refuse(std::uint16_t status, std::string_view why);
    void append_head(const Prepared& prepared, std::string_view framing);
    void flush();
    bool next_piece();
    void end_answer();

    Worker& worker_;
    ringway::ring::Descriptor socket_;
    State state_ = State::head;
    Ending ending_ = Ending::next_request;
    bool reset_on_close_ = false;
    bool paused_ = false;      // true exactly when receiving waits for pending_ to shrink
    bool peer_ended_ = false;  // true exactly when the client sent FIN
    bool head_only_ = false;   // the answer's body is left out
    bool old_client_ = false;  // HTTP/1.0
    bool keep_alive_ = true;
    bool chunked_answer_ = false;
    bool answer_due_ = false;    // true exactly when the delay is over and the answer not yet made
    std::uint32_t scanned_ = 0;  // of an incomplete head
    std::uint64_t request_left_ = 0;   // request body bytes still to come, when framed by length
    std::uint64_t request_bytes_ = 0;  // request body bytes seen
    std::uint64_t body_left_ = 0;      // pattern bytes to send from body_at_
    std::uint64_t body_at_ = 0;
    std::uint64_t pieces_left_bytes_ = 0;  // of a chunked answer
    std::uint32_t events_left_ = 0;        // of an event stream
    std::uint32_t pieces_sent_ = 0;
    // true exactly when the answer has pieces or their end still to come
    bool pieces_open_ = false;
    ringway::http::Framing request_framing_ = ringway::http::Framing::none;
    ringway::http::ChunkedDecoder decoder_;
    ringway::base::Fnv1a64 request_checksum_;
    bool keeps_body_ = false;
    bool checks_body_ = false;
    Answer answer_;
    std::string target_;  // of the request that is waiting for its body or a delay
    std::string path_;
    std::string query_;
    std::string pending_;  // received, not yet used
    std::string kept_;     // an echoed body, or the begun JSON of /headers
    std::string out_;      // to be sent from out_at_, before the pattern bytes
    std::size_t out_at_ = 0;
    ringway::ring::OpOf<&Connection::on_receive> receive_op_{*this};
    ringway::ring::OpOf<&Connection::on_send> send_op_{*this};
    ringway::ring::OpOf<&Connection::on_timer> timer_op_{*this};
};

}  // namespace ringorigin
