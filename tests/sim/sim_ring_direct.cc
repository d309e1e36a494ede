// The direct calls of the simulated ring, and its descriptors.
#include <algorithm>
#include <utility>

#include "sim_ring.h"

namespace ringway::sim {

namespace {

// A Linux pipe is an array of page slots; a short splice uses up a whole one.
constexpr std::size_t kPipeSlotBytes = 4096;
constexpr Duration kWakeTime = std::chrono::microseconds(30);

}  // namespace

void SimRing::misuse(const std::string& sentence) {
    constexpr std::size_t kMisusesMax = 20;
    const std::int64_t us = base::to_us(net_.now() - net_.start());
    if (misuses_.size() < kMisusesMax) {
        misuses_.push_back(sentence + ", at " + std::to_string(us) + " us");
    }
}

// As MSG_RING: it takes a moment until the other thread has it.
void SimRing::wake() {
    net_.after(net_.random_duration(kWakeTime), [this] { woken_ = true; });
}

// -- descriptors --

// Numbers are never used twice, so that a use after the close cannot hit somebody else's descriptor
// unseen.
Descriptor SimRing::add(File&& file) {
    const Descriptor descriptor = next_descriptor_++;
    files_.emplace(descriptor, std::move(file));
    return descriptor;
}

SimRing::File* SimRing::find(Descriptor descriptor, const char* verb) {
    const auto found = files_.find(descriptor);
    if (found != files_.end()) return &found->second;
    const bool was_open = descriptor >= 3 && descriptor < next_descriptor_;
    misuse(std::string(verb) + (was_open ? " on closed descriptor " : " on unknown descriptor ") +
           std::to_string(descriptor));
    return nullptr;
}

End* SimRing::connected(Descriptor descriptor, const char* verb) {
    File* file = find(descriptor, verb);
    if (file == nullptr) return nullptr;
    if (file->end == nullptr) {
        misuse(std::string(verb) + " on a descriptor that is no connected socket");
    }
    return file->end;
}

bool SimRing::has_armed(const File& file, Op::Kind kind) const {
    return std::any_of(file.armed.begin(), file.armed.end(),
                       [&](std::uint64_t serial) { return armed_.at(serial).kind == kind; });
}

// Something changed at a descriptor: its ops may go on.
void SimRing::touch(Descriptor descriptor) {
    const auto found = files_.find(descriptor);
    if (found == files_.end()) return;
    const std::vector<std::uint64_t> serials = found->second.armed;
    for (const std::uint64_t serial : serials) {
        const auto armed = armed_.find(serial);
        if (armed != armed_.end()) progress(armed->second);
    }
}

std::expected<Descriptor, Error> SimRing::open_socket(int family) {
    if (family != AF_INET && family != AF_INET6 && family != AF_UNIX) {
        misuse("open_socket of an unknown family");
        return std::unexpected(Error::other);
    }
    return add(File{});
}

std::expected<Descriptor, Error> SimRing::open_listener(const SocketAddress& at,
                                                        const ring::SocketOptions& options) {
    for (const auto& [descriptor, file] : files_) {
        if (file.kind == File::Kind::listener && file.address == at) {
            return std::unexpected(Error::address_in_use);
        }
    }
    File listener;
    listener.kind = File::Kind::listener;
    listener.address = at;
    listener.queue_max = static_cast<std::size_t>(std::max(options.backlog, 1));
    const Descriptor descriptor = add(std::move(listener));
    net_.listen(
        at,
        [this, descriptor](End& end) {
            File& file = files_.at(descriptor);
            if (file.queue.size() >= file.queue_max) return false;
            file.queue.push_back(&end);
            net_.after(net_.latency(), [this, descriptor] { touch(descriptor); });
            return true;
        },
        this);
    return descriptor;
}

std::expected<ring::Pipe, Error> SimRing::open_pipe(std::size_t capacity_bytes) {
    auto pipe = std::make_shared<SimPipe>();
    pipe->capacity = std::max(capacity_bytes, kPipeSlotBytes);
    File read_end, write_end;
    read_end.kind = File::Kind::pipe_read;
    write_end.kind = File::Kind::pipe_write;
    read_end.pipe = write_end.pipe = pipe;
    ring::Pipe result;
    result.read_end = add(std::move(read_end));
    result.write_end = add(std::move(write_end));
    return result;
}

SocketAddress SimRing::peer_of(Descriptor socket) {
    const End* end = connected(socket, "peer_of");
    return end == nullptr ? SocketAddress() : end->remote();
}

SocketAddress SimRing::local_of(Descriptor socket) {
    const File* file = find(socket, "local_of");
    if (file == nullptr) return {};
    return file->end == nullptr ? file->address : file->end->local();
}

Duration SimRing::least_round_trip_of(Descriptor) { return 2 * net_.options().latency_min; }

void SimRing::shutdown_send(Descriptor socket) {
    if (const File* file = find(socket, "shutdown_send");
        file != nullptr && has_armed(*file, Op::Kind::send)) {
        misuse("shutdown_send while a send is in flight on the socket");
    }
    if (End* end = connected(socket, "shutdown_send")) {
        end->shutdown();
        touch(socket);
    }
}

void SimRing::shutdown_both(Descriptor socket) {
    File* file = find(socket, "shutdown_both");
    if (file == nullptr || file->end == nullptr) return;  // ENOTCONN: no harm
    file->end->shutdown();
    file->end->shutdown_read();
    net_.after(Duration{0}, [this, socket] { touch(socket); });
}

void SimRing::close(Descriptor descriptor, bool reset) {
    File* found = find(descriptor, "close");
    if (found == nullptr) return;
    for (const std::uint64_t serial : found->armed) {
        misuse(std::string("close of descriptor ") + std::to_string(descriptor) + " under its " +
               name_of(armed_.at(serial).kind));
    }
    File file = std::move(*found);
    files_.erase(descriptor);
    if (file.kind == File::Kind::pipe_write) file.pipe->write_closed = true;
    if (file.kind == File::Kind::listener) {
        net_.stop_listening(file.address, this);
        for (End* end : file.queue) end->reset();
    }
    if (file.end == nullptr) return;
    if (reset) {
        file.end->reset();
    } else {
        file.end->close();
    }
}

std::vector<std::string> SimRing::leaks() const {
    std::vector<std::string> result;
    for (const auto& [descriptor, file] : files_) {
        std::string what = "socket";
        if (file.kind == File::Kind::listener) what = "listener";
        if (file.pipe != nullptr) what = "pipe end";
        if (file.end != nullptr) {
            what += " " + file.end->local().text() + " <-> " + file.end->remote().text();
        }
        result.push_back("descriptor " + std::to_string(descriptor) + " left open: " + what);
    }
    for (const auto& [serial, armed] : armed_) {
        result.push_back(std::string("still armed: ") + name_of(armed.kind) + " on descriptor " +
                         std::to_string(armed.descriptor));
    }
    if (buffers_.held_count() > 0) {
        result.push_back(std::to_string(buffers_.held_count()) + " receive buffers still held");
    }
    return result;
}

// -- moving bytes --

// With partial I/O, `percent` of the calls move a random share only, at least one byte.
std::size_t SimRing::shortened(std::size_t bytes, std::uint32_t percent) {
    if (bytes < 2 || !chance(options_.partial_io, percent)) return bytes;
    const std::uint32_t bound = static_cast<std::uint32_t>(bytes);
    return 1 + net_.prng().below(net_.prng().chance(50) ? std::min(bound, 16u) : bound);
}

std::expected<std::size_t, Error> SimRing::send_now(Descriptor socket,
                                                    std::span<const iovec> pieces,
                                                    bool more_follows) {
    refuse_second(socket, Op::Kind::send, "send_now");
    End* end = connected(socket, "send_now");
    if (end == nullptr) return std::unexpected(Error::other);
    if (end->failed() || end->send_shut()) return std::unexpected(Error::reset);
    std::size_t total = 0;
    for (const iovec& piece : pieces) total += piece.iov_len;
    if (total == 0) misuse("send_now of nothing");
    const std::size_t room = std::min(total, end->room());
    if (room == 0 || chance(options_.partial_io, 20)) return std::unexpected(Error::again);
    const std::size_t size = shortened(room, 30);
    std::string bytes;
    bytes.reserve(size);
    for (const iovec& piece : pieces) {
        const std::size_t part = std::min(piece.iov_len, size - bytes.size());
        bytes.append(static_cast<const char*>(piece.iov_base), part);
    }
    // Linux pushes what it has when it runs out of room, whatever follows
    return end->write(bytes, more_follows && size == total);
}

void SimRing::mark_splicing(Descriptor socket, bool on) {
    if (File* file = find(socket, "mark_splicing")) file->splicing = on;
}

std::expected<std::size_t, Error> SimRing::splice_now(Descriptor from, Descriptor to,
                                                      std::size_t bytes_max, bool more_follows) {
    File* source = find(from, "splice_now");
    File* sink = find(to, "splice_now");
    if (source == nullptr || sink == nullptr) return std::unexpected(Error::other);
    for (const File* file : {source, sink}) {
        if (file->end != nullptr && !file->splicing)
            misuse("splice with a socket not marked for it");
    }
    if (source->end != nullptr && sink->kind == File::Kind::pipe_write) {
        if (has_armed(*source, Op::Kind::receive)) {
            misuse("splice from a socket with a receive armed on it");
        }
        return splice_in(*source->end, *sink->pipe, bytes_max);
    }
    if (source->kind == File::Kind::pipe_read && sink->end != nullptr) {
        refuse_second(to, Op::Kind::send, "splice");
        return splice_out(*source->pipe, *sink->end, bytes_max, more_follows);
    }
    misuse("splice between descriptors that are not a connected socket and a pipe");
    return std::unexpected(Error::other);
}

std::expected<std::size_t, Error> SimRing::splice_in(End& end, SimPipe& pipe,
                                                     std::size_t bytes_max) {
    if (end.readable() == 0) {
        if (end.failed()) return std::unexpected(Error::reset);
        if (end.at_end()) return std::size_t{0};
        return std::unexpected(Error::again);
    }
    const std::size_t slots_max = pipe.capacity / kPipeSlotBytes;
    const std::size_t slots_free = slots_max - std::min(slots_max, pipe.slots.size());
    std::size_t size = std::min({bytes_max, end.readable(), slots_free * kPipeSlotBytes,
                                 pipe.capacity - pipe.bytes.size()});
    if (size == 0 || chance(options_.partial_io, 15)) return std::unexpected(Error::again);
    size = shortened(size, 30);
    std::string bytes(size, '\0');
    end.read(bytes.data(), size);
    pipe.bytes += bytes;
    for (std::size_t left = size; left > 0;) {
        const std::size_t part = std::min(left, kPipeSlotBytes);
        pipe.slots.push_back(part);
        left -= part;
    }
    return size;
}

std::expected<std::size_t, Error> SimRing::splice_out(SimPipe& pipe, End& end,
                                                      std::size_t bytes_max, bool more_follows) {
    if (end.failed() || end.send_shut()) return std::unexpected(Error::reset);
    if (pipe.bytes.empty()) {
        if (pipe.write_closed) return std::size_t{0};
        return std::unexpected(Error::again);
    }
    const std::size_t room = std::min({bytes_max, pipe.bytes.size(), end.room()});
    if (room == 0 || chance(options_.partial_io, 15)) return std::unexpected(Error::again);
    const std::size_t size =
        end.write(std::string_view(pipe.bytes).substr(0, shortened(room, 30)), more_follows);
    pipe.bytes.erase(0, size);
    for (std::size_t left = size; left > 0;) {
        const std::size_t part = std::min(left, pipe.slots.front());
        pipe.slots.front() -= part;
        left -= part;
        if (pipe.slots.front() == 0) pipe.slots.pop_front();
    }
    return size;
}

}  // namespace ringway::sim
