#include "ringway/config/toml_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace ringway::config {

namespace {

constexpr std::size_t kFileBytesMax = 16 << 20;

}  // namespace

std::expected<std::string, std::string> read_file(const std::string& path) {
    const auto fail = [](std::string_view what) {
        return std::unexpected(fmt::format("cannot be {}: {}", what, std::strerror(errno)));
    };
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                               &std::fclose);
    if (!file) return fail("opened");
    std::string text;
    char piece[16 * 1024];
    while (text.size() <= kFileBytesMax) {
        const std::size_t size = std::fread(piece, 1, sizeof piece, file.get());
        if (size == 0) break;
        text.append(piece, size);
    }
    if (std::ferror(file.get()) != 0) return fail("read");
    if (text.size() > kFileBytesMax)
        return std::unexpected("is larger than 16 MiB, the most that is read; make it smaller");
    return text;
}

void parse_toml(std::string_view text, Errors& errors,
                const std::function<void(const toml::table&)>& read) {
    try {
        read(toml::parse(text, std::string_view(errors.file())));
    } catch (const toml::parse_error& error) {
        const toml::source_position begin = error.source().begin;
        errors.add({begin.line, begin.column},
                   fmt::format("no valid TOML: {}", printable(error.description())));
    } catch (const std::exception& error) {  // out of memory, or a library's own limit
        errors.add({}, fmt::format("cannot be read as TOML: {}", printable(error.what())));
    }
}

}  // namespace ringway::config
