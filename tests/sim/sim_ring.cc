// The life of an operation on the simulated ring, and the turn. Direct calls are in
// sim_ring_direct.cc.
#include "sim_ring.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ringway::sim {

namespace {

constexpr Duration kLateStart = std::chrono::microseconds(300);
constexpr Duration kLateCompletion = std::chrono::microseconds(300);
constexpr Duration kLateTurn = std::chrono::microseconds(200);
constexpr Duration kStallMax = std::chrono::milliseconds(30);
constexpr Duration kStashTime = std::chrono::milliseconds(3);
constexpr char kPoison = '\xdd';

}  // namespace

const char* name_of(Op::Kind kind) {
    switch (kind) {
        case Op::Kind::none:
            return "none";
        case Op::Kind::accept:
            return "accept";
        case Op::Kind::receive:
            return "receive";
        case Op::Kind::send:
            return "send";
        case Op::Kind::connect:
            return "connect";
        case Op::Kind::poll:
            return "poll";
        case Op::Kind::timeout:
            return "timeout";
    }
    return "?";
}

SimRing::SimRing(SimNet& net, const RingOptions& options)
    : net_(net),
      options_(options),
      buffers_(options.buffer_count, options.buffer_bytes),
      now_(net.now()),
      dirty_(options.buffer_count, 0) {}

SimRing::~SimRing() {
    for (ring::Buffer* buffer : stash_) buffers_.untake(buffer);
    fetched_.clear();
    produced_.clear();
    for (auto& [descriptor, file] : files_) {
        if (file.end != nullptr) file.end->set_on_change(nullptr);
        if (file.kind == File::Kind::listener) net_.stop_listening(file.address, this);
    }
}

// -- starting --

SimRing::Armed& SimRing::arm(Op& op, Op::Kind kind, Descriptor descriptor, const char* verb) {
    File* file = kind == Op::Kind::timeout ? nullptr : find(descriptor, verb);
    op.start(kind, descriptor);
    op.starved = false;
    const std::uint64_t serial = next_serial_++;
    Armed& armed = armed_[serial];
    armed.op = &op;
    armed.serial = serial;
    armed.kind = kind;
    armed.descriptor = descriptor;
    serials_[&op] = serial;
    if (file != nullptr) file->armed.push_back(serial);
    // a marked descriptor does not block, and io_uring then answers EAGAIN instead of waiting
    if (file != nullptr && file->splicing && kind != Op::Kind::poll) {
        misuse(std::string(verb) + " on a socket that is marked for splicing");
    }
    queued_.push_back(serial);
    return armed;
}

void SimRing::refuse_second(Descriptor descriptor, Op::Kind kind, const char* verb) {
    const auto found = files_.find(descriptor);
    if (found != files_.end() && has_armed(found->second, kind)) {
        misuse(std::string(verb) + " on descriptor " + std::to_string(descriptor) +
               " while another is in flight");
    }
}

void SimRing::accept(Op& op, Descriptor listener) {
    refuse_second(listener, Op::Kind::accept, "accept");
    arm(op, Op::Kind::accept, listener, "accept");
}

void SimRing::receive(Op& op, Descriptor socket, std::uint32_t credit_bytes) {
    refuse_second(socket, Op::Kind::receive, "receive");
    if (credit_bytes == 0) misuse("receive with no credit");
    arm(op, Op::Kind::receive, socket, "receive").credit = credit_bytes;
}

void SimRing::send(Op& op, Descriptor socket, std::span<const iovec> pieces) {
    refuse_second(socket, Op::Kind::send, "send");
    Armed& armed = arm(op, Op::Kind::send, socket, "send");
    armed.pieces.assign(pieces.begin(), pieces.end());
    for (const iovec& piece : pieces) {
        armed.bytes.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    if (armed.bytes.empty()) misuse("send of nothing");
}

void SimRing::connect(Op& op, Descriptor socket, const SocketAddress& to) {
    refuse_second(socket, Op::Kind::connect, "connect");
    arm(op, Op::Kind::connect, socket, "connect").to = to;
}

void SimRing::poll(Op& op, Descriptor descriptor, ring::PollFor what) {
    arm(op, Op::Kind::poll, descriptor, "poll").poll_for = what;
}

void SimRing::timeout(Op& op, Instant at) {
    arm(op, Op::Kind::timeout, ring::kNoDescriptor, "timeout").at = at;
}

void SimRing::cancel(Op& op) {
    if (!op.submitted()) return;
    op.set_canceling();
    const auto found = serials_.find(&op);
    if (found == serials_.end()) return;
    canceled_.push_back(found->second);
}

void SimRing::submit() {
    for (const std::uint64_t serial : std::exchange(queued_, {})) {
        const auto found = armed_.find(serial);
        if (found != armed_.end()) start(found->second);
    }
    for (const std::uint64_t serial : std::exchange(canceled_, {})) {
        if (chance(options_.cancel_races, 50)) {
            net_.after(net_.random_duration(kLateStart),
                       [this, serial] { carry_out_cancel(serial); });
        } else {
            carry_out_cancel(serial);
        }
    }
}

void SimRing::start(Armed& armed) {
    armed.started = true;
    armed.not_before = net_.now();
    if (chance(options_.late, 30)) armed.not_before += net_.random_duration(kLateStart);
    if (chance(options_.late, 1)) armed.not_before += net_.random_duration(kStallMax);
    if (armed.kind == Op::Kind::connect) return start_connect(armed);
    if (armed.kind == Op::Kind::timeout) armed.not_before = armed.at;
    if (armed.not_before > net_.now()) {
        net_.at(armed.not_before, [this, serial = armed.serial] {
            const auto found = armed_.find(serial);
            if (found != armed_.end()) progress(found->second);
        });
    } else {
        progress(armed);
    }
}

void SimRing::start_connect(Armed& armed) {
    File* file = find(armed.descriptor, "connect");
    if (file == nullptr) return fail(armed, Error::other);
    if (file->end != nullptr) misuse("connect on a connected socket");
    const auto local = SimNet::shard_address(
        options_.shard, static_cast<std::uint32_t>(10'000 + armed.serial % 50'000));
    net_.connect(local, armed.to, [this, serial = armed.serial](std::expected<End*, Error> end) {
        const auto found = armed_.find(serial);
        if (found == armed_.end() || !found->second.producing) {
            if (end) (*end)->reset();  // canceled while the handshake was under way
            return;
        }
        Armed& connecting = found->second;
        if (!end) return fail(connecting, end.error());
        const auto descriptor = connecting.descriptor;
        files_.at(descriptor).end = *end;
        (*end)->set_on_change([this, descriptor] { touch(descriptor); });
        connecting.producing = false;
        produce(connecting, Completion{});
    });
}

// -- progress --

void SimRing::progress(Armed& armed) {
    if (!armed.started || !armed.producing || net_.now() < armed.not_before) return;
    if (armed.kind == Op::Kind::timeout) return fail(armed, Error::timed_out);
    if (armed.kind == Op::Kind::connect) return;
    const auto found = files_.find(armed.descriptor);
    if (found == files_.end()) return fail(armed, Error::other);
    File& file = found->second;
    switch (armed.kind) {
        case Op::Kind::accept:
            return progress_accept(armed, file);
        case Op::Kind::receive:
            return progress_receive(armed, file);
        case Op::Kind::send:
            return progress_send(armed, file);
        case Op::Kind::poll:
            return progress_poll(armed, file);
        case Op::Kind::none:
        case Op::Kind::connect:
        case Op::Kind::timeout:
            return;
    }
}

void SimRing::progress_receive(Armed& armed, File& file) {
    if (file.end == nullptr) {
        misuse("receive on a socket that is not connected");
        return fail(armed, Error::other);
    }
    while (armed.producing && receive_once(armed, *file.end)) {
        if (!armed.producing || !chance(options_.late, 30)) continue;
        armed.not_before = net_.now() + net_.random_duration(kLateStart);
        net_.at(armed.not_before, [this, descriptor = armed.descriptor] { touch(descriptor); });
        return;
    }
}

// One buffer, the end or an error; false when there is nothing (yet).
bool SimRing::receive_once(Armed& armed, End& end) {
    if (end.readable() == 0) {
        if (end.failed()) {
            fail(armed, Error::reset);
        } else if (end.at_end()) {
            armed.producing = false;
            produce(armed, Completion{});
        } else {
            return false;
        }
        return true;
    }
    ring::Buffer* buffer = buffers_.take();
    if (buffer == nullptr) {
        if (!armed.op->starved) {
            armed.op->starved = true;
            ++starved_count_;
            starved_.push_back(armed.serial);
        }
        return false;
    }
    std::size_t size = std::min<std::size_t>(buffer->capacity, end.readable());
    if (!options_.loose_credit) size = std::min<std::size_t>(size, armed.credit);
    size = shortened(size, 30);
    end.read(buffer->bytes, size);
    dirty_[buffer->index] = 1;
    armed.credit -= static_cast<std::uint32_t>(std::min<std::size_t>(size, armed.credit));
    Completion completion;
    completion.result = static_cast<std::int32_t>(size);
    completion.buffer = buffers_.filled(buffer);
    completion.more = armed.credit > 0;
    armed.producing = completion.more;
    produce(armed, std::move(completion));
    return true;
}

void SimRing::progress_send(Armed& armed, File& file) {
    if (file.end == nullptr) {
        misuse("send on a socket that is not connected");
        return fail(armed, Error::other);
    }
    End& end = *file.end;
    check_pieces(armed);
    const bool broken = end.failed() || end.send_shut();
    const std::string_view left = std::string_view(armed.bytes).substr(armed.sent);
    const std::size_t room = std::min(left.size(), end.room());
    if (!broken && room > 0) armed.sent += end.write(left.substr(0, shortened(room, 30)));
    if (armed.sent == armed.bytes.size() || (armed.sent > 0 && broken) ||
        (armed.sent > 0 && chance(options_.partial_io, 50))) {
        armed.producing = false;
        Completion completion;
        completion.result = static_cast<std::int32_t>(armed.sent);
        return produce(armed, std::move(completion));
    }
    if (broken) return fail(armed, Error::reset);
    if (end.room() > 0) {  // shortened only: the kernel goes on with it at once
        net_.after(Duration{0}, [this, descriptor = armed.descriptor] { touch(descriptor); });
    }
}

void SimRing::progress_accept(Armed& armed, File& file) {
    while (armed.producing && !file.queue.empty()) {
        Completion completion;
        if (chance(options_.accept_failures, 3)) return fail(armed, Error::no_descriptors);
        End* end = file.queue.front();
        file.queue.pop_front();
        File accepted;
        accepted.end = end;
        const Descriptor descriptor = add(std::move(accepted));
        end->set_on_change([this, descriptor] { touch(descriptor); });
        completion.more = true;
        completion.result = descriptor;
        produce(armed, std::move(completion));
    }
}

void SimRing::progress_poll(Armed& armed, File& file) {
    bool ready = false;
    if (file.kind == File::Kind::socket) {
        ready = file.end != nullptr &&
                (armed.poll_for == ring::PollFor::readable
                     ? file.end->readable() > 0 || file.end->at_end() || file.end->failed()
                     : file.end->room() > 0 || file.end->failed() || file.end->send_shut());
    } else {
        misuse("poll on what is no socket");
        return fail(armed, Error::other);
    }
    if (!ready) return;
    armed.producing = false;
    produce(armed, Completion{});
}

void SimRing::carry_out_cancel(std::uint64_t serial) {
    const auto found = armed_.find(serial);
    if (found == armed_.end() || !found->second.producing) return;
    Armed& armed = found->second;
    if (chance(options_.cancel_races, 60) && armed.kind != Op::Kind::timeout) {
        armed.not_before = net_.now();
        if (armed.kind == Op::Kind::receive && net_.prng().chance(30)) {
            armed.credit = std::min(armed.credit, 1u);  // its next buffer, if there is one, ends it
        }
        progress(armed);  // as it would have
        if (!armed.producing) return;
    }
    if (armed.kind == Op::Kind::send &&
        armed.sent > 0) {  // bytes went out: they are what it reports
        armed.producing = false;
        Completion completion;
        completion.result = static_cast<std::int32_t>(armed.sent);
        return produce(armed, std::move(completion));
    }
    fail(armed, Error::canceled);
}

void SimRing::fail(Armed& armed, Error error) {
    armed.producing = false;
    Completion completion;
    completion.error = error;
    produce(armed, std::move(completion));
}

void SimRing::produce(Armed& armed, Completion&& completion) {
    Instant due = net_.now();
    if (chance(options_.late, 30)) due += net_.random_duration(kLateCompletion);
    if (chance(options_.late, 1)) due += net_.random_duration(kStallMax);
    due = std::max(due, armed.due_last);
    armed.due_last = due;
    if (due > net_.now()) net_.at(due, [] {});  // so that the clock stops there
    produced_.push_back(Produced{armed.serial, std::move(completion), due});
}

// The bytes of a send in flight must stay as they were.
void SimRing::check_pieces(const Armed& armed) {
    std::size_t offset = 0;
    for (const iovec& piece : armed.pieces) {
        if (std::memcmp(armed.bytes.data() + offset, piece.iov_base, piece.iov_len) != 0) {
            misuse("the bytes of a send on descriptor " + std::to_string(armed.descriptor) +
                   " changed while it was in flight");
            return;
        }
        offset += piece.iov_len;
    }
}

// -- buffers --

void SimRing::return_starved() {
    while (!starved_.empty() && buffers_.free_count() > 0) {
        const std::uint64_t serial = starved_.front();
        starved_.pop_front();
        const auto found = armed_.find(serial);
        if (found == armed_.end()) continue;
        found->second.op->starved = false;
        progress(found->second);
    }
}

void SimRing::change_stash() {
    if (!options_.starve || net_.now() < stash_change_at_) return;
    stash_change_at_ = net_.now() + net_.random_duration(kStashTime);
    if (!stash_.empty() || !net_.prng().chance(30)) return;
    while (ring::Buffer* buffer = buffers_.take()) stash_.push_back(buffer);
    net_.at(stash_change_at_, [this] {
        for (ring::Buffer* buffer : std::exchange(stash_, {})) buffers_.untake(buffer);
        return_starved();
    });
}

// A view into a buffer that was given back must not find its old bytes there.
void SimRing::poison_free() {
    for (std::uint16_t i = 0; i < dirty_.size(); ++i) {
        ring::Buffer& buffer = buffers_.at(i);
        if (dirty_[i] == 0 || buffer.references > 0) continue;
        std::memset(buffer.bytes, kPoison, buffer.capacity);
        dirty_[i] = 0;
    }
}

// -- the turn --

bool SimRing::has_due() const {
    return std::any_of(produced_.begin(), produced_.end(),
                       [&](const Produced& produced) { return produced.due <= net_.now(); });
}

void SimRing::wait(Instant until) {
    fall_asleep(until);
    if (shared_) return;
    while (!ready()) {
        const Instant at = alarm();
        const Instant next = net_.next_event();
        if (next == base::kNever && at == base::kNever) {
            dead_ = true;
            break;
        }
        if (next > at) {
            net_.advance_to(at);
            break;
        }
        net_.run_next();
        return_starved();
    }
    rise();
}

void SimRing::fall_asleep(Instant until) {
    poison_free();
    change_stash();
    return_starved();
    submit();
    asleep_ = true;
    until_ = until;
    rise_not_before_ = net_.now();
    if (!options_.late) return;
    rise_not_before_ += net_.random_duration(kLateTurn);
    if (net_.prng().chance(1)) rise_not_before_ += net_.random_duration(kStallMax);
}

void SimRing::rise() {
    while (net_.next_event() <= net_.now()) net_.run_next();  // what happens at the same moment
    asleep_ = false;
    woken_ = false;
    now_ = net_.now();
    fetch();
}

void SimRing::fetch() {
    if (!options_.late) {
        std::deque<Produced> later;
        for (Produced& produced : produced_) {
            (produced.due <= now_ ? fetched_ : later).push_back(std::move(produced));
        }
        produced_ = std::move(later);
        return;
    }
    const std::size_t batch = 1 + net_.prng().below(40);
    while (fetched_.size() < batch) {
        std::vector<std::size_t> firsts;  // of each op, the completion that is next
        std::vector<std::uint64_t> seen;
        for (std::size_t i = 0; i < produced_.size(); ++i) {
            const Produced& produced = produced_[i];
            if (std::find(seen.begin(), seen.end(), produced.serial) != seen.end()) continue;
            seen.push_back(produced.serial);
            if (produced.due <= now_) firsts.push_back(i);
        }
        if (firsts.empty()) break;
        const std::size_t at = firsts[net_.prng().below(static_cast<std::uint32_t>(firsts.size()))];
        fetched_.push_back(std::move(produced_[at]));
        produced_.erase(produced_.begin() + static_cast<std::ptrdiff_t>(at));
    }
}

std::size_t SimRing::dispatch() {
    std::size_t count = 0;
    while (!fetched_.empty()) {
        Produced produced = std::move(fetched_.front());
        fetched_.pop_front();
        ++count;
        const auto found = armed_.find(produced.serial);
        RW_ASSERT(found != armed_.end());
        Op& op = *found->second.op;
        if (!produced.completion.more) {
            if (found->second.kind == Op::Kind::send) check_pieces(found->second);
            const auto file = files_.find(found->second.descriptor);
            if (file != files_.end()) std::erase(file->second.armed, produced.serial);
            serials_.erase(&op);
            armed_.erase(found);
        }
        op.complete(std::move(produced.completion));
    }
    return count;
}

}  // namespace ringway::sim
