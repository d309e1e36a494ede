// Bytes that end where an unreadable page begins, so that a parser that reads one byte too far
// crashes.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

#include "ringway/base/assert.h"

namespace ringway::http::test {

class GuardedBytes {
 public:
    explicit GuardedBytes(std::string_view bytes) {
        const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        const std::size_t room = (bytes.size() + page - 1) / page * page;
        size_ = room + page;
        void* mapped =
            mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        RW_ASSERT(mapped != MAP_FAILED);
        base_ = static_cast<char*>(mapped);
        RW_ASSERT(mprotect(base_ + room, page, PROT_NONE) == 0);
        char* begin = base_ + room - bytes.size();
        if (!bytes.empty()) std::memcpy(begin, bytes.data(), bytes.size());
        view_ = std::string_view(begin, bytes.size());
    }
    GuardedBytes(const GuardedBytes&) = delete;
    GuardedBytes& operator=(const GuardedBytes&) = delete;
    ~GuardedBytes() { munmap(base_, size_); }

    std::string_view view() const { return view_; }
    /// The last `size` of the bytes.
    std::string_view tail(std::size_t size) const { return view_.substr(view_.size() - size); }

 private:
    char* base_ = nullptr;
    std::size_t size_ = 0;
    std::string_view view_;
};

}  // namespace ringway::http::test
