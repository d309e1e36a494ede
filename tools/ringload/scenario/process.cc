#include "scenario/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

#include "ringway/base/units.h"
#include "ringway/ring/kernel_ring.h"

namespace ringload {

namespace {

using std::chrono::milliseconds;

/// All that a child needs, made before it is: between vfork() and exec() it shares our memory, and
/// may neither allocate nor lock.
struct Birth {
    const char* file;
    char* const* arguments;
    char* const* environment;
    const char* directory;
    int network;
    int input;
    int output;
    int errors;
    int ends_by;
    bool realtime;
    pid_t parent;
    const sigset_t* mask;
    int failed_at = 0;  // errno, written by the child
    const char* failed_what = nullptr;
};

[[noreturn]] void fail(Birth& birth, const char* what) {
    birth.failed_at = errno;
    birth.failed_what = what;
    _exit(126);
}

/// In the child.
[[noreturn]] void be_born(Birth& birth) {
    prctl(PR_SET_PDEATHSIG, birth.ends_by);
    if (getppid() != birth.parent) _exit(126);  // it ended just before
    setsid();                                   // Ctrl-C is for ringload only
    if (birth.network >= 0 && setns(birth.network, CLONE_NEWNET) != 0)
        fail(birth, "entering its network namespace");
    if (birth.directory != nullptr && chdir(birth.directory) != 0)
        fail(birth, "entering its directory");
    if (birth.realtime) {
        const sched_param priority{.sched_priority = 1};
        sched_setscheduler(0, SCHED_RR, &priority);  // else it takes its turn like all others
    }
    if (dup2(birth.input, STDIN_FILENO) < 0 || dup2(birth.output, STDOUT_FILENO) < 0 ||
        dup2(birth.errors, STDERR_FILENO) < 0) {
        fail(birth, "passing its files");
    }
    for (const int ignored : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) std::signal(ignored, SIG_DFL);
    sigprocmask(SIG_SETMASK, birth.mask, nullptr);
    execvpe(birth.file, birth.arguments, birth.environment);
    fail(birth, "starting it");
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

std::vector<std::string> environment_of(const ProcessSettings& settings) {
    std::vector<std::string> result;
    for (const auto& [key, value] : settings.environment)
        result.push_back(fmt::format("{}={}", key, value));
    const std::size_t own = result.size();
    for (char** at = environ; *at != nullptr; ++at) {
        const std::string_view entry = *at;
        const std::string_view key = entry.substr(0, entry.find('=') + 1);
        bool is_replaced = false;
        for (std::size_t i = 0; i < own; ++i) is_replaced |= result[i].starts_with(key);
        if (!is_replaced) result.emplace_back(entry);
    }
    return result;
}

/// A file that is gone when its last descriptor is.
Descriptor nameless_file() {
    const char* directory = std::getenv("TMPDIR");
    std::string path = fmt::format("{}/ringload-XXXXXX", directory != nullptr ? directory : "/tmp");
    const int file = mkostemp(path.data(), O_CLOEXEC | O_APPEND);
    if (file >= 0) unlink(path.c_str());
    return Descriptor(file);
}

std::string read_on(const Descriptor& file, off_t& from) {
    std::string text;
    std::array<char, 4096> piece;
    for (;;) {
        const ssize_t got = pread(file.number(), piece.data(), piece.size(), from);
        if (got <= 0) return text;
        text.append(piece.data(), static_cast<std::size_t>(got));
        from += got;
    }
}

/// vfork() and not fork(): a copy of our page tables would make each later write of the threads
/// that load fault. No handler of ours may run in the child, which has our memory: the mask.
pid_t give_birth(Birth& birth) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    sigset_t none;
    sigemptyset(&none);
    birth.mask = &none;
    const pid_t pid = vfork();  // NOLINT(*-security.insecureAPI.vfork,bugprone-unsafe-functions)
    if (pid == 0) be_born(birth);
    const int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    return pid;
}

std::string last_of(const std::string& text, std::size_t bytes) {
    std::string_view rest = text;
    if (rest.size() > bytes) rest.remove_prefix(rest.size() - bytes);
    while (rest.ends_with('\n')) rest.remove_suffix(1);
    return std::string(rest);
}

}  // namespace

Descriptor::~Descriptor() {
    if (number_ >= 0) ::close(number_);
}

std::expected<Process, std::string> Process::start(const ProcessSettings& settings) {
    Process made;
    made.name_ = settings.name;
    made.ends_by_ = settings.ends_by;
    made.output_ = nameless_file();
    made.errors_ = nameless_file();
    std::array<int, 2> pipe{-1, -1};
    if (settings.takes_input && pipe2(pipe.data(), O_CLOEXEC) != 0) pipe = {-1, -1};
    const Descriptor input(settings.takes_input ? pipe[0]
                                                : open("/dev/null", O_RDONLY | O_CLOEXEC));
    made.input_ = Descriptor(pipe[1]);
    if (!made.output_.is_open() || !made.errors_.is_open() || !input.is_open()) {
        return std::unexpected(
            fmt::format("{}: no file for what it says: {}", settings.name, std::strerror(errno)));
    }
    Descriptor network;
    if (!settings.network.empty()) {
        auto opened = open_network(settings.network);
        if (!opened) return std::unexpected(settings.name + ": " + opened.error());
        network = std::move(*opened);
    }
    std::vector<std::string> command = settings.command;
    std::vector<std::string> environment = environment_of(settings);
    const std::vector<char*> arguments = pointers_to(command);
    const std::vector<char*> variables = pointers_to(environment);
    Birth birth{.file = command.front().c_str(),
                .arguments = arguments.data(),
                .environment = variables.data(),
                .directory = settings.directory.empty() ? nullptr : settings.directory.c_str(),
                .network = network.number(),
                .input = input.number(),
                .output = made.output_.number(),
                .errors = made.errors_.number(),
                .ends_by = settings.ends_by,
                .realtime = settings.realtime,
                .parent = getpid(),
                .mask = nullptr};
    const pid_t pid = give_birth(birth);
    if (pid < 0) return std::unexpected(fmt::format("{}: {}", settings.name, std::strerror(errno)));
    made.pid_ = pid;
    if (birth.failed_what != nullptr) {
        made.stop();
        return std::unexpected(fmt::format("{} ({}): {} failed: {}", settings.name, command.front(),
                                           birth.failed_what, std::strerror(birth.failed_at)));
    }
    return made;
}

Process::Process(Process&& other) noexcept
    : name_(std::move(other.name_)),
      pid_(std::exchange(other.pid_, -1)),
      exit_status_(other.exit_status_),
      ends_by_(other.ends_by_),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)),
      output_read_(other.output_read_),
      errors_read_(other.errors_read_) {}

Process& Process::operator=(Process&& other) noexcept {
    if (this == &other) return *this;
    stop();
    name_ = std::move(other.name_);
    pid_ = std::exchange(other.pid_, -1);
    exit_status_ = other.exit_status_;
    ends_by_ = other.ends_by_;
    input_ = std::move(other.input_);
    output_ = std::move(other.output_);
    errors_ = std::move(other.errors_);
    output_read_ = other.output_read_;
    errors_read_ = other.errors_read_;
    return *this;
}

Process::~Process() { stop(); }

bool Process::is_running() {
    if (pid_ < 0) return false;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == 0) return true;
    exit_status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    pid_ = -1;
    return false;
}

void Process::send_signal(int number) {
    if (pid_ > 0) kill(pid_, number);
}

void Process::stop(ringway::base::Duration patience) {
    if (!is_running()) return;
    send_signal(ends_by_);
    const auto deadline = ringway::ring::read_clock() + patience;
    while (is_running()) {
        if (ringway::ring::read_clock() >= deadline) send_signal(SIGKILL);
        std::this_thread::sleep_for(milliseconds(1));
    }
}

bool Process::write(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(input_.number(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

std::string Process::output() { return read_on(output_, output_read_); }
std::string Process::errors() { return read_on(errors_, errors_read_); }

std::string Process::told(std::size_t bytes) {
    off_t begin = 0;
    std::string all = read_on(output_, begin);
    begin = 0;
    all += read_on(errors_, begin);
    return last_of(all, bytes);
}

std::expected<void, std::string> run_to_end(const ProcessSettings& settings,
                                            ringway::base::Duration patience) {
    auto process = Process::start(settings);
    if (!process) return std::unexpected(process.error());
    const auto deadline = ringway::ring::read_clock() + patience;
    while (process->is_running()) {
        if (ringway::ring::read_clock() >= deadline) {
            process->stop(milliseconds(100));
            return std::unexpected(fmt::format("{}: not over after {}", settings.name,
                                               ringway::base::format_duration(patience)));
        }
        std::this_thread::sleep_for(milliseconds(1));
    }
    if (process->exit_status() == 0) return {};
    return std::unexpected(fmt::format("{}: exit status {}: {}", settings.name,
                                       process->exit_status(), process->told()));
}

std::expected<std::string, std::string> find_program(const std::string& given,
                                                     std::string_view name) {
    namespace fs = std::filesystem;
    std::error_code error;
    const auto is_program = [&](const fs::path& path) {
        return access(path.c_str(), X_OK) == 0 && fs::is_regular_file(path, error);
    };
    if (!given.empty()) {
        if (is_program(given)) return given;
        return std::unexpected(
            fmt::format("{}: {} is no program; set `{}` of [programs]", name, given, name));
    }
    const fs::path own = fs::read_symlink("/proc/self/exe", error).parent_path();
    std::vector<fs::path> candidates{own / name};
    // in a build folder: tools/ringload/ringload, tools/ringorigin, src/ringway
    for (const char* folder : {"..", "../src", "../../src", "../tools", "../../tools"})
        candidates.push_back(own / folder / name);
    const char* path = std::getenv("PATH");
    std::string_view rest = path != nullptr ? path : "";
    while (!rest.empty()) {
        const std::string_view folder = rest.substr(0, rest.find(':'));
        rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
        if (!folder.empty()) candidates.push_back(fs::path(folder) / name);
    }
    for (const fs::path& candidate : candidates) {
        if (is_program(candidate)) return candidate.lexically_normal().string();
    }
    return std::unexpected(
        fmt::format("{0} is neither beside ringload nor in PATH; set `{0}` of "
                    "[programs]",
                    name));
}

std::expected<Descriptor, std::string> open_network(const std::string& path) {
    const int opened = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (opened >= 0) return Descriptor(opened);
    return std::unexpected(
        fmt::format("the network namespace {} cannot be opened: {}; write "
                    "/proc/PID/ns/net or a name of `ip netns`",
                    path, std::strerror(errno)));
}

std::expected<void, std::string> enter_network(const std::string& path) {
    if (path.empty()) return {};
    const auto opened = open_network(path);
    if (!opened) return std::unexpected(opened.error());
    if (setns(opened->number(), CLONE_NEWNET) == 0) return {};
    return std::unexpected(
        fmt::format("entering the network namespace {} failed: {}", path, std::strerror(errno)));
}

}  // namespace ringload
