#include "ringway/control/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
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

/// Settings of a log to a file that is opened by its name.
config::Log settings_of(const std::string& path) {
    config::Log settings;
    settings.path = path;
    return settings;
}

TEST(log, fields_stand_behind_the_message_and_are_quoted_where_needed) {
    LogFile file;
    Log log(LogLevel::info, file.descriptor);
    log.info("a", "done",
             {{.key = "pool", .value = "api"},
              {.key = "text", .value = "two \"words\"\n"},
              {.key = "empty", .value = ""},
              {.key = "count", .value = std::uint64_t{7}},
              {.key = "took_ms", .value = base::Duration(1'500'000)},
              {.key = "reason", .value = "in the message", .told = true}});
    ASSERT_EQ(file.lines().size(), 1u);
    EXPECT_EQ(file.lines()[0].substr(25),
              "info a: done pool=api text=\"two \\\"words\\\"\\x0a\" empty=\"\" count=7 "
              "took_ms=1.500");
}

TEST(log, json_has_the_same_as_members) {
    TemporaryFolder folder;
    config::Log settings = settings_of(folder.at("log"));
    settings.format = config::LogFormat::json;
    Log log(LogLevel::info);
    ASSERT_TRUE(log.open(settings));
    log.error("a", "x \"y\"\n",
              {{.key = "pool", .value = "api"},
               {.key = "count", .value = std::uint64_t{7}},
               {.key = "reason", .value = "told", .told = true}});
    const std::string line = content_of(settings.path);
    EXPECT_EQ(line.substr(0, 10), "{\"time\":\"2");
    EXPECT_EQ(line.substr(line.find("\"level\"")),
              "\"level\":\"error\",\"room\":\"a\",\"message\":\"x \\\"y\\\"\\n\",\"pool\":\"api\","
              "\"count\":7,\"reason\":\"told\"}\n");
}

TEST(log, a_file_that_cannot_be_opened_leaves_everything_as_it_was) {
    LogFile file;
    Log log(LogLevel::info, file.descriptor);
    const auto opened = log.open(settings_of(file.folder.at("missing/log")));
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().find("missing/log: No such file"), std::string::npos);
    log.info("a", "still here");
    EXPECT_EQ(file.lines().size(), 1u);
}

TEST(log, reopen_follows_a_rotation) {
    TemporaryFolder folder;
    const std::string path = folder.at("log");
    Log log(LogLevel::info);
    ASSERT_TRUE(log.open(settings_of(path)));
    log.info("a", "old");
    std::filesystem::rename(path, folder.at("log.1"));
    log.info("a", "still old");
    log.reopen();
    log.info("a", "new");
    const std::string rotated = content_of(folder.at("log.1"));
    EXPECT_NE(rotated.find("still old"), std::string::npos);
    EXPECT_EQ(rotated.find("new"), std::string::npos);
    EXPECT_NE(content_of(path).find("a: new"), std::string::npos);
}

TEST(log, many_lines_like_one_another_are_summed_up) {
    TemporaryFolder folder;
    config::Log settings = settings_of(folder.at("log"));
    settings.repeats_max = 3;
    settings.repeats_window = std::chrono::seconds(2);  // longer than a machine stalls
    Log log(LogLevel::info);
    ASSERT_TRUE(log.open(settings));
    const std::string_view pools[] = {"p", "q"};
    for (std::uint64_t i = 0; i < 10; ++i) {
        log.warn("a", "cannot reach 10.0.0." + std::to_string(i),
                 {{.key = "pool", .value = pools[i % 2], .names = true}});
    }
    log.warn("a", "another");
    const auto count = [&](std::string_view part) {
        const std::string text = content_of(settings.path);
        std::size_t times = 0;
        for (std::size_t at = text.find(part); at != std::string::npos;
             at = text.find(part, at + 1))
            ++times;
        return times;
    };
    EXPECT_EQ(count("pool=p"), 3u);  // each pool for itself
    EXPECT_EQ(count("pool=q"), 3u);
    EXPECT_EQ(count("another"), 1u);
    EXPECT_EQ(log.counts().held_back, 4u);
    EXPECT_EQ(count("more like it"), 0u);
    std::this_thread::sleep_for(std::chrono::milliseconds(2050));
    log.sum_up();
    EXPECT_EQ(count("warn a: and 2 more like it: cannot reach 10.0.0.6"), 1u);
    EXPECT_EQ(count("warn a: and 2 more like it: cannot reach 10.0.0.7"), 1u);
    log.warn("a", "cannot reach 10.0.0.99", {{.key = "pool", .value = "p", .names = true}});
    EXPECT_EQ(count("10.0.0.99"), 1u);
    log.sum_up();
    EXPECT_EQ(count("more like it"), 2u);
}

TEST(log, what_was_held_back_is_said_when_the_same_comes_again_and_at_the_end) {
    TemporaryFolder folder;
    config::Log settings = settings_of(folder.at("log"));
    settings.repeats_max = 1;
    settings.repeats_window = std::chrono::seconds(2);
    {
        Log log(LogLevel::info);
        ASSERT_TRUE(log.open(settings));
        for (int i = 0; i < 3; ++i) log.info("a", "x");
        std::this_thread::sleep_for(std::chrono::milliseconds(2050));
        for (int i = 0; i < 2; ++i) log.info("a", "x");
    }
    std::string shapes;
    std::istringstream text(content_of(settings.path));
    for (std::string line; std::getline(text, line);) shapes += line.substr(25) + "\n";
    EXPECT_EQ(shapes,
              "info a: x\ninfo a: and 2 more like it: x\ninfo a: x\n"
              "info a: and 1 more like it: x\n");
}

/// Makes a descriptor the process's stderr for a while.
struct AsStderr {
    explicit AsStderr(int descriptor) : before(dup(2)) { dup2(descriptor, 2); }
    ~AsStderr() {
        dup2(before, 2);
        close(before);
    }
    int before;
};

/// Reads what there is without waiting.
std::string drain(int descriptor) {
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    std::string text;
    char buffer[65536];
    for (ssize_t size; (size = read(descriptor, buffer, sizeof(buffer))) > 0;)
        text.append(buffer, static_cast<std::size_t>(size));
    return text;
}

/// Writes lines to a stderr that nobody reads until some are lost, then reads, and writes again.
void check_full(int reader, int writer, std::size_t message_bytes) {
    Log log(LogLevel::info);
    std::string before;
    {
        const AsStderr as_stderr(writer);
        config::Log settings;
        settings.repeats_max = 0;
        ASSERT_TRUE(log.open(settings));
        for (std::uint64_t i = 0; log.counts().lost < 10; ++i) {
            ASSERT_LT(i, 100'000u) << "nothing is ever lost";
            log.info("a", std::to_string(i) + std::string(message_bytes, 'x'));
        }
        EXPECT_EQ(fcntl(2, F_GETFL) & O_NONBLOCK, 0) << "the shared description was changed";
        before = drain(reader);
        log.info("a", "after");
    }
    const std::string text = before + drain(reader);
    EXPECT_NE(text.find("warn log: 10 lines found no room\n"), std::string::npos);
    EXPECT_TRUE(text.ends_with("info a: after\n"));
    std::istringstream lines(text);
    std::uint64_t whole = 0;
    for (std::string line; std::getline(lines, line);) {
        EXPECT_EQ(line[0], '2') << line;  // each begins with its time: none is torn
        ++whole;
    }
    EXPECT_EQ(whole, log.counts().lines);
}

TEST(log, a_full_pipe_loses_lines_and_counts_them_and_nobody_waits) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    check_full(ends[0], ends[1], 997);
    check_full(ends[0], ends[1], 9973);  // more than the kernel takes whole
    close(ends[0]);
    close(ends[1]);
}

TEST(log, a_full_socket_loses_lines_and_counts_them_and_nobody_waits) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    check_full(ends[0], ends[1], 997);
    close(ends[0]);
    close(ends[1]);
}

TEST(log, the_journal_gets_priorities_and_only_the_journal) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    struct stat status{};
    ASSERT_EQ(fstat(ends[1], &status), 0);
    const std::string here = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
    for (const std::string& stream : {here, std::string("1:2")}) {
        setenv("JOURNAL_STREAM", stream.c_str(), 1);
        Log log(LogLevel::debug);
        config::Log settings;
        settings.level = LogLevel::debug;
        const AsStderr as_stderr(ends[1]);
        ASSERT_TRUE(log.open(settings));
        log.error("a", "1");
        log.warn("a", "2");
        log.info("a", "3");
        log.debug("a", "4");
        std::string marks;
        std::istringstream lines(drain(ends[0]));
        for (std::string line; std::getline(lines, line);) marks += line.substr(0, 4) + " ";
        const bool is_journal = stream == here;
        EXPECT_EQ(marks.substr(0, 20), is_journal ? "<3>2 <4>2 <6>2 <7>2 " : marks.substr(0, 20));
        EXPECT_EQ(marks.find('<') != std::string::npos, is_journal) << marks;
    }
    unsetenv("JOURNAL_STREAM");
    close(ends[0]);
    close(ends[1]);
}

}  // namespace
}  // namespace ringway::control
