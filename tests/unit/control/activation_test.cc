// Sockets from the service manager. In child processes, since they are found by their numbers.
#include "ringway/control/activation.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "ringway/ring/listening_socket.h"

namespace ringway::control {
namespace {

/// Runs `check` in a child process whose descriptors 3 and 4 listen on loopback.
template <class Check>
bool with_two_sockets(Check&& check) {
    const pid_t child = fork();
    if (child == 0) {
        const auto any = base::SocketAddress::from_ip("127.0.0.1", 0).value();
        const int first = ring::open_listening_socket(any, {}).value();
        const int second = ring::open_listening_socket(any, {}).value();
        const int high[2] = {fcntl(first, F_DUPFD, 100), fcntl(second, F_DUPFD, 100)};
        const bool laid = dup2(high[0], 3) == 3 && dup2(high[1], 4) == 4;
        setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
        setenv("LISTEN_FDS", "2", 1);
        setenv("LISTEN_FDNAMES", "a:b", 1);
        _exit(laid && check() ? 0 : 1);
    }
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(activation, takes_the_sockets_that_were_meant_for_this_process) {
    EXPECT_TRUE(with_two_sockets([] {
        const auto sockets = take_activation_sockets();
        return sockets.size() == 2 && sockets[0].descriptor == 3 && sockets[1].descriptor == 4 &&
               sockets[0].address == ring::bound_address(3) &&
               sockets[1].address == ring::bound_address(4) &&
               !(sockets[0].address == sockets[1].address) && (fcntl(3, F_GETFD) & FD_CLOEXEC) != 0;
    }));
}

TEST(activation, leaves_nothing_of_it_in_the_environment) {
    EXPECT_TRUE(with_two_sockets([] {
        take_activation_sockets();
        return std::getenv("LISTEN_PID") == nullptr && std::getenv("LISTEN_FDS") == nullptr &&
               std::getenv("LISTEN_FDNAMES") == nullptr && take_activation_sockets().empty();
    }));
}

TEST(activation, leaves_alone_what_was_meant_for_another_process) {
    EXPECT_TRUE(with_two_sockets([] {
        setenv("LISTEN_PID", std::to_string(getppid()).c_str(), 1);
        return take_activation_sockets().empty() && fcntl(3, F_GETFD) >= 0;
    }));
}

TEST(activation, takes_nothing_by_numbers_that_are_none) {
    for (const char* count : {"0", "-1", "two", "2 ", "99999999999999999999", "20000"}) {
        EXPECT_TRUE(with_two_sockets([&] {
            setenv("LISTEN_FDS", count, 1);
            return take_activation_sockets().empty();
        })) << count;
    }
    EXPECT_TRUE(with_two_sockets([] {
        setenv("LISTEN_FDS", "3", 1);  // the third is not open
        close(5);
        return take_activation_sockets().size() == 2;
    }));
}

}  // namespace
}  // namespace ringway::control
