// A file that a result goes to. It is opened before the load starts, so that nobody waits for a
// result that cannot be written, and keeps its old content until the new one is there.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace ringload {

class OutputFile {
 public:
    OutputFile() = default;
    OutputFile(OutputFile&& other) noexcept;
    OutputFile& operator=(OutputFile&& other) noexcept;
    /// Removes a file that it has made and that was not written.
    ~OutputFile();

    /// A sentence when it cannot be written.
    static std::expected<OutputFile, std::string> open(const std::string& path);

    /// Replaces what the file has. A sentence when it cannot; "" otherwise.
    std::string write(std::string_view content);

 private:
    std::string path_;
    int fd_ = -1;
    bool made_ = false;  // true exactly when the file was not there before and has no result yet
};

}  // namespace ringload
