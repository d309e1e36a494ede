#include "ringway/ring/kernel_features.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "restricted.h"
#include "uapi.h"

namespace ringway::ring {

namespace {

constexpr std::array<FeatureLine, 7> kLines = {{
    {"single_issuer", &KernelFeatures::single_issuer, "6.0"},
    {"defer_taskrun", &KernelFeatures::defer_taskrun, "6.1"},
    {"multishot_accept", &KernelFeatures::multishot_accept, "5.19"},
    {"multishot_receive", &KernelFeatures::multishot_receive, "6.0"},
    {"recv_credit", &KernelFeatures::recv_credit, "6.16"},
    {"msg_ring", &KernelFeatures::msg_ring, "5.18"},
    {"restrictions", &KernelFeatures::restrictions, "5.10"},
}};

bool ring_opens_with(unsigned flags) {
    io_uring ring;
    if (io_uring_queue_init(8, &ring, flags) != 0) return false;
    io_uring_queue_exit(&ring);
    return true;
}

/// A small ring with four receive buffers of 256 bytes and a socket pair, for trying receives.
class ReceiveTrial {
 public:
    ReceiveTrial() {
        if (io_uring_queue_init(8, &ring_, 0) != 0) return;
        ring_open_ = true;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets_) != 0) return;
        if (posix_memalign(&entries_, 4096, 4096) != 0) return;
        io_uring_buf_reg registration;
        std::memset(&registration, 0, sizeof(registration));
        registration.ring_addr = reinterpret_cast<std::uint64_t>(entries_);
        registration.ring_entries = 4;
        if (io_uring_register_buf_ring(&ring_, &registration, 0) != 0) return;
        auto* buffers = static_cast<io_uring_buf_ring*>(entries_);
        io_uring_buf_ring_init(buffers);
        for (unsigned short i = 0; i < 4; ++i) {
            io_uring_buf_ring_add(buffers, bytes_ + i * 256, 256, i, io_uring_buf_ring_mask(4), i);
        }
        io_uring_buf_ring_advance(buffers, 4);
        ready_ = true;
    }
    ~ReceiveTrial() {
        for (const int socket : sockets_) {
            if (socket >= 0) ::close(socket);
        }
        if (ring_open_) io_uring_queue_exit(&ring_);
        std::free(entries_);
    }
    ReceiveTrial(const ReceiveTrial&) = delete;
    ReceiveTrial& operator=(const ReceiveTrial&) = delete;

    bool has_buffer_ring() const { return ready_; }

    /// Arms a multishot receive with this credit (0: none), sends 512 bytes, and counts: how many
    /// bytes came, and whether the receive was still armed after them. Negative: the kernel
    /// refused.
    struct Outcome {
        int bytes = -1;
        bool armed = false;
    };
    Outcome receive(unsigned credit) {
        io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
        io_uring_prep_recv_multishot(sqe, sockets_[0], nullptr, 0, 0);
        sqe->flags |= IOSQE_BUFFER_SELECT;
        if (credit > 0) set_receive_credit(sqe, credit);
        char bytes[512] = {};
        if (::send(sockets_[1], bytes, sizeof(bytes), MSG_NOSIGNAL) != sizeof(bytes)) return {};
        io_uring_submit(&ring_);
        Outcome outcome;
        io_uring_cqe* cqe = nullptr;
        while (io_uring_peek_cqe(&ring_, &cqe) == 0) {
            const int result = cqe->res;
            outcome.armed = (cqe->flags & IORING_CQE_F_MORE) != 0;
            io_uring_cqe_seen(&ring_, cqe);
            if (result < 0) return outcome;
            outcome.bytes = (outcome.bytes < 0 ? 0 : outcome.bytes) + result;
        }
        return outcome;
    }

 private:
    io_uring ring_;
    bool ring_open_ = false;
    bool ready_ = false;
    int sockets_[2] = {-1, -1};
    void* entries_ = nullptr;
    char bytes_[4 * 256] = {};
};

std::string kernel_release() {
    utsname name;
    return uname(&name) == 0 ? name.release : "unknown";
}

}  // namespace

std::span<const FeatureLine> feature_lines() { return kLines; }

std::expected<KernelFeatures, std::string> probe_kernel_features() {
    KernelFeatures features;
    if (!ring_opens_with(0)) {
        return std::unexpected("io_uring cannot be used here (kernel " + kernel_release() +
                               "): allow it (sysctl kernel.io_uring_disabled=0, container seccomp "
                               "profile, RLIMIT_MEMLOCK) or run Linux 6.1 "
                               "or newer");
    }
    features.single_issuer = ring_opens_with(IORING_SETUP_SINGLE_ISSUER);
    features.defer_taskrun =
        ring_opens_with(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
    if (io_uring_probe* probe = io_uring_get_probe(); probe != nullptr) {
        features.msg_ring = io_uring_opcode_supported(probe, IORING_OP_MSG_RING) != 0;
        // Multishot accept came with the socket operation, in 5.19, and has no bit of its own.
        features.multishot_accept = io_uring_opcode_supported(probe, IORING_OP_SOCKET) != 0;
        io_uring_free_probe(probe);
    }
    {
        ReceiveTrial trial;
        if (!trial.has_buffer_ring()) {
            return std::unexpected("this kernel (" + kernel_release() +
                                   ") has no provided buffer rings: run Linux 6.1 or newer");
        }
        features.multishot_receive = trial.receive(0).armed;
    }
    {
        ReceiveTrial trial;
        const ReceiveTrial::Outcome outcome = trial.receive(300);
        features.recv_credit = outcome.bytes >= 300 && !outcome.armed;
    }
    features.restrictions = kernel_keeps_rules();
    return features;
}

bool switch_off(KernelFeatures& features, std::string_view name) {
    for (const FeatureLine& line : kLines) {
        if (line.name != name) continue;
        features.*line.member = false;
        return true;
    }
    return false;
}

std::vector<std::string> unknown_features(std::span<const std::string> names) {
    std::vector<std::string> complaints;
    for (const std::string& name : names) {
        KernelFeatures any;
        if (switch_off(any, name)) continue;
        complaints.push_back("no feature is named `" + name + "`; `ringway -V` lists them");
    }
    return complaints;
}

}  // namespace ringway::ring
