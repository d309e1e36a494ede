// The filter of system calls that the process puts itself under once it serves.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "ringway/config/config.h"

namespace ringway::control {

/// Made before threads start, installed when all of them run. What it lets through is in
/// src/control/seccomp_calls.h; docs/threat-model.md says what that defends and what not.
class SeccompFilter {
 public:
    /// Also leaves a mark of the filter in the environment, by which a program that this process
    /// starts knows that it lives under it already. Before threads start.
    static std::expected<SeccompFilter, std::string> make(config::Seccomp mode);

    /// Puts every thread under the filter, for good; those that they start, and programs that they
    /// execute, too. Nothing to do when it is off, or when the process was started under the same
    /// one. A sentence when the kernel refuses.
    std::expected<void, std::string> install() const;

    /// The program in the kernel's form; empty: off. For tests.
    const std::string& program() const { return program_; }

 private:
    std::string program_;
    bool inherited_ = false;
};

}  // namespace ringway::control
