// Builds the filter with libseccomp and gives it to the kernel. Main thread, during start.
#include "ringway/control/seccomp.h"

#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

#include "ringway/base/hash.h"
#include "ringway/base/sanitizers.h"
#include "seccomp_calls.h"
#include "thread_setup.h"

namespace ringway::control {
namespace {

constexpr const char* kMark = "RINGWAY_SECCOMP";
constexpr unsigned kNamespaces = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS |
                                 CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWUTS;

/// A filter in the making. The first error stays; what comes after it is skipped.
class Draft {
 public:
    Draft() : rules_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), seccomp_release) {
        if (rules_ == nullptr) {
            note(-ENOMEM);
            return;
        }
        note(seccomp_attr_set(rules_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
        note(seccomp_attr_set(rules_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));  // a binary tree
    }

    void add(std::uint32_t action, std::string_view call,
             std::initializer_list<scmp_arg_cmp> arguments = {}) {
        const int number = seccomp_syscall_resolve_name(std::string(call).c_str());
        if (number == __NR_SCMP_ERROR || error_ != 0) return;
        const int error =
            seccomp_rule_add_array(rules_.get(), action, number,
                                   static_cast<unsigned>(arguments.size()), arguments.begin());
        // A call that this architecture does not have needs no rule.
        if (error != -EDOM) note(error);
    }
    void add(std::uint32_t action, std::span<const std::string_view> calls) {
        for (const std::string_view call : calls) add(action, call);
    }
    void allow(std::string_view call, std::initializer_list<scmp_arg_cmp> arguments = {}) {
        add(SCMP_ACT_ALLOW, call, arguments);
    }

    /// The program as the kernel takes it.
    std::expected<std::string, std::string> finish() {
        const int file = memfd_create("seccomp", MFD_CLOEXEC);
        if (file < 0) note(-errno);
        if (error_ == 0) note(seccomp_export_bpf(rules_.get(), file));
        std::string program;
        char piece[4096];
        if (file >= 0) lseek(file, 0, SEEK_SET);
        for (ssize_t size = 1; file >= 0 && size > 0;) {
            size = read(file, piece, sizeof(piece));
            if (size > 0) program.append(piece, static_cast<std::size_t>(size));
        }
        if (file >= 0) close(file);
        if (error_ == 0 && !program.empty()) return program;
        return std::unexpected(with_errno("cannot build the seccomp filter", -error_) +
                               "; process.seccomp = \"off\" does without");
    }

 private:
    void note(int error) {
        if (error_ == 0) error_ = error;
    }
    std::unique_ptr<void, void (*)(scmp_filter_ctx)> rules_;
    int error_ = 0;
};

scmp_arg_cmp argument_is(unsigned index, std::uint64_t value) {
    return {index, SCMP_CMP_EQ, value, 0};
}

scmp_arg_cmp bits_are(unsigned index, std::uint64_t mask, std::uint64_t value) {
    return {index, SCMP_CMP_MASKED_EQ, mask, value};
}

void add_memory(Draft& draft) {
    constexpr std::uint64_t kBoth = PROT_WRITE | PROT_EXEC;
    for (const int either : {0, PROT_WRITE, PROT_EXEC})
        draft.allow("mmap", {bits_are(2, kBoth, static_cast<std::uint64_t>(either))});
    draft.allow("mprotect", {bits_are(2, PROT_EXEC, 0)});
}

void add_sockets(Draft& draft) {
    for (const int family : {AF_INET, AF_INET6, AF_UNIX})
        draft.allow("socket", {argument_is(0, static_cast<std::uint64_t>(family))});
    // getaddrinfo() asks the kernel which of its own addresses there are.
    draft.allow("socket", {argument_is(0, AF_NETLINK), argument_is(2, NETLINK_ROUTE)});
    for (const std::uint64_t request :
         {std::uint64_t{TCGETS}, std::uint64_t{TIOCGWINSZ}, std::uint64_t{FIONREAD},
          std::uint64_t{FIONBIO}, std::uint64_t{SIOCGIFINDEX}, std::uint64_t{SIOCGIFNAME}}) {
        draft.allow("ioctl", {argument_is(1, request)});
    }
}

/// What the process may do to itself: all of it gives up something, but for names.
void add_own_state(Draft& draft, bool may_start) {
    constexpr int kPrSetVma = 0x53564d41;  // names of mappings; not in every header
    for (const int option : {PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP, PR_GET_DUMPABLE, kPrSetVma,
                             PR_SET_THP_DISABLE, PR_GET_THP_DISABLE})
        draft.allow("prctl", {argument_is(0, static_cast<std::uint64_t>(option))});
    draft.allow("prlimit64", {argument_is(0, 0)});
    if (!may_start) return;
    for (const int option : {PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_CAPBSET_READ,
                             PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_SET_KEEPCAPS, PR_SET_PDEATHSIG})
        draft.allow("prctl", {argument_is(0, static_cast<std::uint64_t>(option))});
    draft.allow("prctl", {argument_is(0, PR_SET_DUMPABLE), argument_is(1, 0)});
}

void add_starting(Draft& draft, bool may_start) {
    if (may_start) draft.add(SCMP_ACT_ALLOW, kStartingCalls);
    // The flags of clone3 are behind a pointer: the C library goes on with clone.
    if (may_start || base::kSanitized) {
        draft.allow("clone", {bits_are(0, kNamespaces, 0)});
    } else {
        draft.allow("clone", {bits_are(0, kNamespaces | CLONE_THREAD, CLONE_THREAD)});
        draft.add(SCMP_ACT_ERRNO(EPERM), "clone", {bits_are(0, CLONE_THREAD, 0)});
    }
    if (may_start) return;
    for (const std::string_view call : {"execve", "execveat", "fork", "vfork", "io_uring_setup"})
        draft.add(SCMP_ACT_ERRNO(EPERM), call);
    // The end of a ring; liburing marks a ring that is known by its registered number.
    constexpr std::uint64_t kByNumber = 1u << 31;
    draft.allow("io_uring_register", {bits_are(1, ~kByNumber, IORING_UNREGISTER_RING_FDS)});
}

}  // namespace

std::expected<SeccompFilter, std::string> SeccompFilter::make(config::Seccomp mode) {
    SeccompFilter filter;
    if (mode == config::Seccomp::off) return filter;
    const bool may_start = mode == config::Seccomp::on;
    Draft draft;
    draft.add(SCMP_ACT_ALLOW, kServingCalls);
    add_memory(draft);
    add_sockets(draft);
    add_own_state(draft, may_start);
    add_starting(draft, may_start);
    for (const std::string_view call : kDeadlyCalls) {
        const bool needed = base::kSanitized && std::ranges::find(kSanitizerCalls, call) !=
                                                    std::ranges::end(kSanitizerCalls);
        if (!needed) draft.add(SCMP_ACT_KILL_PROCESS, call);
    }
    if (base::kSanitized) draft.add(SCMP_ACT_ALLOW, kSanitizerCalls);
    auto program = draft.finish();
    if (!program) return std::unexpected(program.error());
    filter.program_ = std::move(*program);

    base::Fnv1a64 checksum;
    checksum.add(filter.program_);
    const std::string mark = std::to_string(checksum.value());
    const char* inherited = getenv(kMark);
    // Filters add up over program starts: the hundredth upgrade would be refused its own.
    filter.inherited_ =
        inherited != nullptr && mark == inherited && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2;
    setenv(kMark, mark.c_str(), 1);
    return filter;
}

std::expected<void, std::string> SeccompFilter::install() const {
    if (program_.empty() || inherited_) return {};
    std::vector<sock_filter> steps(program_.size() / sizeof(sock_filter));
    std::memcpy(steps.data(), program_.data(), steps.size() * sizeof(sock_filter));
    const sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
    long refused = -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
        // TSYNC: all threads at once, or none and the number of the one that could not.
        refused =
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    }
    if (refused == 0) return {};
    return std::unexpected(
        with_errno("cannot install the seccomp filter", refused > 0 ? EBUSY : errno) +
        "; process.seccomp = \"off\" does without");
}

}  // namespace ringway::control
