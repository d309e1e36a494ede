// How a process hands its service to a newer one: sockets and state over a pair of sockets, and the
// steps by which at any moment at least one of the two accepts. One thread on each side.
//
//   old                                    new
//   spawns the binary            ------>   starts
//   estate: sockets, state       ------>   validates, starts its threads; accepts nobody yet
//                                <------   ready, or failed with a reason
//   go, with its last words      ------>   accepts
//                                <------   serving
//   stops accepting, drains
//
// Until `serving` the old one accepts and changes nothing; what goes wrong before, or takes too
// long, ends the new one. When the old one ends by itself before `go`, the new one goes on alone.
//
// A message is a JSON object with a `kind`, and descriptors. Kinds and members that one side does
// not know are passed over, so that versions understand each other.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/accept/listen_sockets.h"
#include "ringway/base/time.h"

namespace ringway::control {

/// What goes from one process to the next. Descriptors are not owned.
struct Estate {
    std::vector<accept::InheritedSocket> listeners;
    std::optional<accept::InheritedSocket> admin;
    int pid_file = -1;  // open for writing; -1: none
    std::string state;  // StateImage as JSON; empty: none
};

/// What the old process says at the end, for the new one to go on from.
struct LastWords {
    std::uint64_t event_id = 0;  // of the last event that it has told
    std::string events;          // event_image.h; empty: none
};

/// How this process was started, to start another one.
struct Invocation {
    std::string binary;  // absolute path; what lies there may be newer
    std::vector<std::string> arguments;
};

/// Of this process, from /proc. Once, at the start: a replaced binary has no path any more.
Invocation read_invocation();

/// The old side: starts a new process and walks the steps above within `timeout`. `last_words` is
/// asked when the new one is ready. Its pid once it serves; else a sentence with the reason, and it
/// has ended. Blocks.
std::expected<pid_t, std::string> hand_over(const Invocation& invocation, const Estate& estate,
                                            base::Duration timeout,
                                            const std::function<LastWords()>& last_words);

class HandoverChannel;

/// The new side: the older process, as its successor sees it.
class Predecessor {
 public:
    /// The one that has started this process, found on the first call, which is before any thread;
    /// nullptr when there is none.
    static Predecessor* find();

    ~Predecessor();
    Predecessor(const Predecessor&) = delete;
    Predecessor& operator=(const Predecessor&) = delete;

    /// Its estate; the descriptors are the caller's. A sentence when it does not come.
    std::expected<Estate, std::string> receive();
    /// Why there will be no successor. Once, instead of ready().
    void failed(std::string_view reason);
    /// Says ready and waits for the word to go: its last words, none when it has ended without
    /// them. A sentence when it changed its mind.
    std::expected<LastWords, std::string> ready();
    void serving();

 private:
    explicit Predecessor(int descriptor);
    std::unique_ptr<HandoverChannel> channel_;
};

}  // namespace ringway::control
