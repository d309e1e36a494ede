// What a process gives up for good is tried in a child process, and lost with it.
#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace ringway::control {

/// How a child process ended in which `check` ran: its status as waitpid(2) gives it; exit status 0
/// when it returned true.
template <class Check>
int status_in_child(Check&& check) {
    const pid_t child = fork();
    if (child == 0) {
        const rlimit no_core{0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        _exit(check() ? 0 : 1);
    }
    int status = 0;
    return waitpid(child, &status, 0) == child ? status : -1;
}

template <class Check>
bool in_child(Check&& check) {
    return status_in_child(check) == 0;
}

/// The value of a line of /proc/thread-self/status.
inline std::string own_status(const std::string& name) {
    std::ifstream status("/proc/thread-self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
    }
    return "";
}

}  // namespace ringway::control
