#include "cli/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace ringload {

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      made_(std::exchange(other.made_, false)) {}

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(fd_, other.fd_);
    std::swap(made_, other.made_);
    return *this;
}

OutputFile::~OutputFile() {
    if (fd_ >= 0) close(fd_);
    if (made_) unlink(path_.c_str());
}

std::expected<OutputFile, std::string> OutputFile::open(const std::string& path) {
    constexpr int kFlags = O_WRONLY | O_CLOEXEC;
    OutputFile file;
    file.path_ = path;
    file.fd_ = ::open(path.c_str(), kFlags | O_CREAT | O_EXCL, 0666);
    file.made_ = file.fd_ >= 0;
    if (file.fd_ < 0 && errno == EEXIST) file.fd_ = ::open(path.c_str(), kFlags | O_CREAT, 0666);
    if (file.fd_ >= 0) return file;
    return std::unexpected(fmt::format("{}: cannot be written: {}", path, std::strerror(errno)));
}

std::string OutputFile::write(std::string_view content) {
    const auto fail = [&] {
        return fmt::format("{}: cannot be written: {}", path_, std::strerror(errno));
    };
    struct stat status{};
    // a pipe or a terminal has no length
    const bool regular = fstat(fd_, &status) == 0 && S_ISREG(status.st_mode);
    if (regular && ftruncate(fd_, 0) != 0) return fail();
    made_ = false;
    while (!content.empty()) {
        const ssize_t written = ::write(fd_, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return fail();
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return "";
}

}  // namespace ringload
