#include "ringway/control/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>
#include <thread>
#include <vector>

#include "temporary.h"

namespace ringway::control {
namespace {

struct LogFile {
    LogFile() { descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600); }
    ~LogFile() { close(descriptor); }
    std::vector<std::string> lines() const {
        std::vector<std::string> result;
        std::istringstream text(content_of(path));
        for (std::string line; std::getline(text, line);) result.push_back(line);
        return result;
    }
    TemporaryFolder folder;
    std::string path = folder.at("log");
    int descriptor;
};

TEST(log, a_line_has_time_level_room_and_message) {
    LogFile file;
    Log log(LogLevel::info, file.descriptor);
    log.warn("resolver", "no answer");
    ASSERT_EQ(file.lines().size(), 1u);
    std::string shape = file.lines()[0];
    for (char& c : shape) {
        if (c >= '0' && c <= '9') c = '0';
    }
    EXPECT_EQ(shape, "0000-00-00T00:00:00.000Z warn resolver: no answer");
}

TEST(log, levels_above_the_set_one_are_left_out) {
    LogFile file;
    Log log(LogLevel::warn, file.descriptor);
    log.error("a", "1");
    log.warn("a", "2");
    log.info("a", "3");
    log.debug("a", "4");
    EXPECT_EQ(file.lines().size(), 2u);
    log.set_level(LogLevel::debug);
    log.debug("a", "5");
    EXPECT_EQ(file.lines().size(), 3u);
}

TEST(log, a_message_cannot_forge_a_second_line) {
    LogFile file;
    Log log(LogLevel::info, file.descriptor);
    log.info("a", "x\n2026-01-01T00:00:00.000Z error a: forged\x1b[0m");
    ASSERT_EQ(file.lines().size(), 1u);
    EXPECT_NE(file.lines()[0].find("x\\x0a2026"), std::string::npos);
    EXPECT_NE(file.lines()[0].find("\\x1b[0m"), std::string::npos);
}

TEST(log, lines_of_several_threads_stay_whole) {
    LogFile file;
    Log log(LogLevel::info, file.descriptor);
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&log, t] {
                const std::string message(static_cast<std::size_t>(100 + t),
                                          static_cast<char>('a' + t));
                for (int i = 0; i < 200; ++i) log.info("room", message);
            });
        }
    }
    const auto lines = file.lines();
    EXPECT_EQ(lines.size(), 800u);
    for (const std::string& line : lines) {
        const std::string message = line.substr(line.find(": ") + 2);
        ASSERT_EQ(message,
                  std::string(static_cast<std::size_t>(100 + message[0] - 'a'), message[0]));
    }
}

}  // namespace
}  // namespace ringway::control
