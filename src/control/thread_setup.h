// What every thread of control/ does first.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <cstring>
#include <string>

namespace ringway::control {

/// Leaves all signals to the main thread (SIGPIPE included: a broken pipe is then an errno) and
/// names the thread for ps and top (at most 15 characters).
inline void set_up_thread(const char* name) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    pthread_setname_np(pthread_self(), name);
}

/// "what: reason of error_number".
inline std::string with_errno(const std::string& what, int error_number) {
    char text[128];
    return what + ": " + strerror_r(error_number, text, sizeof(text));
}

}  // namespace ringway::control
