#include "ringway/health/probe.h"

namespace ringway::health {

const char* name_of(Layer layer) {
    switch (layer) {
        case Layer::network:
            return "network";
        case Layer::http:
            return "http";
        case Layer::content:
            return "content";
    }
    return "?";
}

const char* name_of(ProbeEnd end) {
    switch (end) {
        case ProbeEnd::passed:
            return "passed";
        case ProbeEnd::refused:
            return "refused";
        case ProbeEnd::reset:
            return "reset";
        case ProbeEnd::unreachable:
            return "unreachable";
        case ProbeEnd::timed_out:
            return "timed_out";
        case ProbeEnd::malformed:
            return "malformed";
        case ProbeEnd::bad_status:
            return "bad_status";
        case ProbeEnd::bad_content:
            return "bad_content";
        case ProbeEnd::rate_limited:
            return "rate_limited";
        case ProbeEnd::credentials:
            return "credentials";
        case ProbeEnd::local_fault:
            return "local_fault";
    }
    return "?";
}

}  // namespace ringway::health
