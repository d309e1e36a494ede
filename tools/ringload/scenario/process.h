// A process that is started for a scenario, and ends with it: by its own pid, and by the kernel
// when ringload goes first. Owned by the thread that started it, which lives as long as it: the
// kernel ends children with the thread that made them.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ringway/base/time.h"

namespace ringload {

/// A descriptor of its own.
class Descriptor {
 public:
    explicit Descriptor(int number = -1) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor();

    int number() const { return number_; }
    bool is_open() const { return number_ >= 0; }

 private:
    int number_;
};

struct ProcessSettings {
    std::string name;  // in messages
    std::vector<std::string> command;
    std::vector<std::pair<std::string, std::string>> environment;  // added to ours
    std::string directory;                                         // "": ours
    std::string network;    // path of a network namespace; "": ours
    int ends_by = SIGTERM;  // what it heeds; one with children of its own must be able to
    bool realtime = false;  // SCHED_RR where that is allowed
    bool takes_input = false;
};

class Process {
 public:
    Process() = default;
    /// A sentence when the program is not there, or not allowed where it should run.
    static std::expected<Process, std::string> start(const ProcessSettings& settings);
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    /// stop()
    ~Process();

    const std::string& name() const { return name_; }
    pid_t pid() const { return pid_; }
    /// Reaps it when it has ended.
    bool is_running();
    /// As a shell has it: 128 and the signal when one ended it.
    int exit_status() const { return exit_status_; }
    void send_signal(int number);
    /// By `ends_by`, and by SIGKILL when that has not ended it in time.
    void stop(ringway::base::Duration patience = std::chrono::seconds(2));

    /// To its standard input, when it takes one.
    bool write(std::string_view text);
    /// What it has written since the last call; standard output and error are one or two.
    std::string output();
    std::string errors();
    /// The last `bytes` of what it wrote, both, for a message.
    std::string told(std::size_t bytes = 2000);

 private:
    std::string name_;
    pid_t pid_ = -1;  // -1: none, or ended and reaped
    int exit_status_ = 0;
    int ends_by_ = SIGTERM;
    Descriptor input_;
    Descriptor output_;  // files without a name
    Descriptor errors_;
    off_t output_read_ = 0;
    off_t errors_read_ = 0;
};

/// Runs a command to its end: a sentence when it fails, or takes too long.
std::expected<void, std::string> run_to_end(const ProcessSettings& settings,
                                            ringway::base::Duration patience);

/// The path of a bundled program: as given, else beside ringload, in a folder beside that of
/// ringload (a build folder), or in PATH.
std::expected<std::string, std::string> find_program(const std::string& given,
                                                     std::string_view name);

/// A descriptor of a network namespace; the sentence says what to do.
std::expected<Descriptor, std::string> open_network(const std::string& path);

/// The current thread moves there for good; a sentence when that is not allowed.
std::expected<void, std::string> enter_network(const std::string& path);

}  // namespace ringload
