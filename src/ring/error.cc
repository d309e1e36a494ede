#include "error.h"

#include <cerrno>

namespace ringway::ring {

Error error_from(int number) {
    switch (number) {
        case 0:
            return Error::none;
        case EAGAIN:
            return Error::again;
        case ECANCELED:
            return Error::canceled;
        case ECONNRESET:
        case EPIPE:
        case ECONNABORTED:
        case ENOTCONN:
            return Error::reset;
        case ECONNREFUSED:
            return Error::refused;
        case EHOSTUNREACH:
        case ENETUNREACH:
        case EHOSTDOWN:
        case ENETDOWN:
        case EADDRNOTAVAIL:
            return Error::unreachable;
        case ETIMEDOUT:
        case ETIME:
            return Error::timed_out;
        case EMFILE:
        case ENFILE:
            return Error::no_descriptors;
        case ENOMEM:
        case ENOBUFS:
            return Error::no_memory;
        case EADDRINUSE:
            return Error::address_in_use;
        case EACCES:
        case EPERM:
            return Error::no_permission;
        case ENOENT:
            return Error::not_found;
        default:
            return Error::other;
    }
}

const char* name_of(Error error) {
    switch (error) {
        case Error::none:
            return "none";
        case Error::again:
            return "would wait";
        case Error::canceled:
            return "canceled";
        case Error::reset:
            return "connection reset";
        case Error::refused:
            return "connection refused";
        case Error::unreachable:
            return "unreachable";
        case Error::timed_out:
            return "timed out";
        case Error::no_descriptors:
            return "out of file descriptors";
        case Error::no_memory:
            return "out of memory";
        case Error::address_in_use:
            return "address in use";
        case Error::no_permission:
            return "permission denied";
        case Error::not_found:
            return "no such file";
        case Error::other:
            return "other error";
    }
    return "";
}

}  // namespace ringway::ring
