// Pipes that long bodies are spliced through; a connection borrows one for a body. Owned by the
// shard, on its thread.
#pragma once

#include <vector>

#include "ringway/ring/ring.h"

namespace ringway::forward {

class SplicePipes {
 public:
    /// Asked of the kernel for each pipe; it may grant less.
    static constexpr std::size_t kCapacityBytes = 256 * 1024;
    static constexpr std::size_t kKeptMax = 64;

    explicit SplicePipes(ring::Ring& ring) : ring_(ring) {}
    SplicePipes(const SplicePipes&) = delete;
    SplicePipes& operator=(const SplicePipes&) = delete;
    ~SplicePipes() {
        for (const ring::Pipe& pipe : kept_) close(pipe);
    }

    /// An empty pipe, or an error when the process is out of descriptors.
    std::expected<ring::Pipe, ring::Error> borrow() {
        if (kept_.empty()) return ring_.open_pipe(kCapacityBytes);
        const ring::Pipe pipe = kept_.back();
        kept_.pop_back();
        return pipe;
    }
    /// One that still holds bytes is closed: they must never meet another body.
    void give_back(ring::Pipe pipe, bool is_empty) {
        if (is_empty && kept_.size() < kKeptMax) {
            kept_.push_back(pipe);
        } else {
            close(pipe);
        }
    }

 private:
    void close(const ring::Pipe& pipe) {
        ring_.close(pipe.read_end, false);
        ring_.close(pipe.write_end, false);
    }
    ring::Ring& ring_;
    std::vector<ring::Pipe> kept_;
};

}  // namespace ringway::forward
