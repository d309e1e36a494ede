#include "ringway/control/log_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "temporary.h"

namespace ringway::control {
namespace {

/// A writer over two rings to a path, with its process log in a file.
struct Scene {
    explicit Scene(const std::string& path_in_folder) {
        path = path_in_folder.starts_with('/') ? path_in_folder : folder.at(path_in_folder);
        config.log.access_path = path;
        config.listeners.resize(1);
        config.listeners[0].name = "main";
        for (int i = 0; i < 2; ++i) rings.push_back(std::make_unique<observe::AccessRing>(1 << 16));
        log_descriptor =
            open(folder.at("process.log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        log = std::make_unique<Log>(LogLevel::info, log_descriptor);
        writer = std::make_unique<LogWriter>(
            config::borrow(config),
            std::vector<observe::AccessRing*>{rings[0].get(), rings[1].get()}, *log);
    }
    ~Scene() {
        writer.reset();
        close(log_descriptor);
    }

    bool push(std::size_t ring, const std::string& target) {
        observe::AccessRecord record;
        record.method = "GET";
        record.target = target;
        return rings[ring]->push(record);
    }
    std::size_t lines_in(const std::string& of) const {
        return static_cast<std::size_t>(std::ranges::count(content_of(of), '\n'));
    }
    std::size_t said(const std::string& words) const {
        const std::string text = content_of(folder.at("process.log"));
        std::size_t times = 0;
        for (std::size_t at = text.find(words); at != std::string::npos;
             at = text.find(words, at + 1))
            ++times;
        return times;
    }

    TemporaryFolder folder;
    std::string path;
    config::Config config;
    std::vector<std::unique_ptr<observe::AccessRing>> rings;
    int log_descriptor = -1;
    std::unique_ptr<Log> log;
    std::unique_ptr<LogWriter> writer;
};

TEST(log_writer, records_of_all_shards_become_lines_while_it_runs) {
    Scene scene("access.log");
    ASSERT_TRUE(scene.writer->start());
    ASSERT_TRUE(scene.push(0, "/from-0"));
    ASSERT_TRUE(scene.push(1, "/from-1"));
    EXPECT_TRUE(eventually([&] { return scene.lines_in(scene.path) == 2; }));
    const std::string text = content_of(scene.path);
    EXPECT_NE(text.find("\"target\":\"/from-0\""), std::string::npos);
    EXPECT_NE(text.find("\"target\":\"/from-1\""), std::string::npos);
    EXPECT_NE(text.find("\"listener\":\"main\""), std::string::npos);
    EXPECT_TRUE(eventually([&] { return scene.writer->counts().lines == 2; }));
}

TEST(log_writer, stop_writes_what_was_pushed_before) {
    Scene scene("access.log");
    ASSERT_TRUE(scene.writer->start());
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(scene.push(0, "/x"));
    scene.writer->stop();
    EXPECT_EQ(scene.lines_in(scene.path), 200u);
    EXPECT_EQ(scene.writer->counts().lines, 200u);
    EXPECT_EQ(scene.writer->counts().lines_lost, 0u);
}

TEST(log_writer, appends_to_a_file_that_exists_and_makes_it_unreadable_for_others) {
    Scene scene("access.log");
    {
        std::ofstream(scene.path) << "before\n";
    }
    ASSERT_TRUE(scene.writer->start());
    scene.push(0, "/x");
    scene.writer->stop();
    EXPECT_TRUE(content_of(scene.path).starts_with("before\n{\"time\":"));

    Scene fresh("new.log");
    ASSERT_TRUE(fresh.writer->start());
    struct stat status{};
    ASSERT_EQ(stat(fresh.path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0007, 0u);
}

TEST(log_writer, reopen_follows_a_rotation) {
    Scene scene("access.log");
    ASSERT_TRUE(scene.writer->start());
    scene.push(0, "/old");
    ASSERT_TRUE(eventually([&] { return scene.lines_in(scene.path) == 1; }));
    const std::string rotated = scene.folder.at("access.log.1");
    std::filesystem::rename(scene.path, rotated);
    scene.push(0, "/still-old");
    scene.writer->reopen();
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(scene.path); }));
    scene.push(0, "/new");
    EXPECT_TRUE(eventually([&] { return scene.lines_in(scene.path) == 1; }));
    EXPECT_EQ(scene.lines_in(rotated), 2u);
    EXPECT_NE(content_of(scene.path).find("\"/new\""), std::string::npos);
}

TEST(log_writer, a_failed_reopen_keeps_the_old_file) {
    Scene scene("sub/access.log");
    std::filesystem::create_directory(scene.folder.at("sub"));
    ASSERT_TRUE(scene.writer->start());
    std::filesystem::rename(scene.folder.at("sub"), scene.folder.at("moved"));
    scene.writer->reopen();
    ASSERT_TRUE(eventually([&] { return scene.said("cannot reopen") == 1; }));
    scene.push(0, "/x");
    EXPECT_TRUE(
        eventually([&] { return scene.lines_in(scene.folder.at("moved/access.log")) == 1; }));
}

TEST(log_writer, a_file_that_cannot_be_opened_is_an_error_with_its_name) {
    Scene scene("missing/access.log");
    const auto started = scene.writer->start();
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().find("missing/access.log: No such file"), std::string::npos)
        << started.error();
}

TEST(log_writer, failing_writes_are_counted_and_told_once) {
    if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
    Scene scene("/dev/full");
    ASSERT_TRUE(scene.writer->start());
    for (std::uint64_t i = 1; i <= 3; ++i) {
        scene.push(0, "/x");
        ASSERT_TRUE(eventually([&] { return scene.writer->counts().write_failures == i; }));
    }
    scene.writer->stop();
    EXPECT_EQ(scene.writer->counts().lines, 0u);
    EXPECT_EQ(scene.writer->counts().lines_lost, 3u);
    EXPECT_EQ(scene.said("cannot write to /dev/full"), 1u);
}

TEST(log_writer, a_pipe_without_a_reader_is_no_end_and_stop_is_bounded) {
    TemporaryFolder folder;
    const std::string fifo = folder.at("fifo");
    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    const int reader = open(fifo.c_str(), O_RDONLY | O_NONBLOCK);
    Scene scene(fifo);
    ASSERT_TRUE(scene.writer->start());
    // The pipe takes 64 KiB; then the writer has to wait, and the ring fills up and refuses.
    std::size_t pushed = 0;
    auto last_push = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - last_push < std::chrono::milliseconds(200)) {
        if (scene.push(0, std::string(900, 'x'))) {
            ++pushed;
            last_push = std::chrono::steady_clock::now();
        } else {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
        ASSERT_LT(pushed, 1000u);
    }
    const auto begin = std::chrono::steady_clock::now();
    scene.writer->stop();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
    const auto counts = scene.writer->counts();
    EXPECT_EQ(counts.lines + counts.lines_lost, pushed);
    EXPECT_GT(counts.lines_lost, 0u);
    close(reader);
}

TEST(log_writer, a_broken_pipe_is_a_failed_write_and_after_it_lines_are_whole_again) {
    TemporaryFolder folder;
    const std::string fifo = folder.at("fifo");
    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    int reader = open(fifo.c_str(), O_RDONLY | O_NONBLOCK);
    Scene scene(fifo);
    ASSERT_TRUE(scene.writer->start());
    close(reader);
    scene.push(0, "/lost");
    ASSERT_TRUE(eventually([&] { return scene.writer->counts().write_failures == 1; }));
    reader = open(fifo.c_str(), O_RDONLY | O_NONBLOCK);
    scene.push(0, "/kept");
    ASSERT_TRUE(eventually([&] { return scene.writer->counts().lines == 1; }));
    char text[4096];
    const ssize_t size = read(reader, text, sizeof(text));
    ASSERT_GT(size, 0);
    const std::string line(text, static_cast<std::size_t>(size));
    EXPECT_TRUE(line.starts_with("{\"time\":")) << line;
    EXPECT_NE(line.find("/kept"), std::string::npos);
    EXPECT_TRUE(eventually([&] { return scene.said("is written again") == 1; }));
    close(reader);
}

/// Lets files grow to `bytes` only, so that the kernel takes the front of a write and refuses the
/// rest.
struct FileSizeLimit {
    explicit FileSizeLimit(rlim_t bytes) {
        handler = signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before);
        const rlimit tight{bytes, before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &tight);
    }
    ~FileSizeLimit() {
        setrlimit(RLIMIT_FSIZE, &before);
        signal(SIGXFSZ, handler);
    }
    rlimit before{};
    void (*handler)(int);
};

TEST(log_writer, a_torn_line_is_ended_before_the_next) {
    Scene scene("access.log");
    ASSERT_TRUE(scene.writer->start());
    {
        const FileSizeLimit limit(500);
        scene.push(0, "/" + std::string(700, 'a'));
        ASSERT_TRUE(eventually([&] { return scene.writer->counts().lines_lost == 1; }));
    }
    scene.push(0, "/whole");
    ASSERT_TRUE(eventually([&] { return scene.writer->counts().lines == 1; }));
    const std::string text = content_of(scene.path);
    EXPECT_EQ(text.find('\n'), 500u);
    EXPECT_TRUE(text.substr(501).starts_with("{\"time\":"));
    EXPECT_EQ(scene.writer->counts().lines_lost, 1u);
}

TEST(log_writer, lines_are_in_the_format_that_was_asked_for) {
    Scene scene("access.log");
    scene.config.log.access_format = config::AccessFormat::combined;
    ASSERT_TRUE(scene.writer->start());
    scene.push(0, "/x");
    scene.writer->stop();
    EXPECT_NE(content_of(scene.path).find("\"GET /x HTTP/1.1\" 000 0 \"-\" \"-\"\n"),
              std::string::npos)
        << content_of(scene.path);
}

TEST(log_writer, without_a_path_it_does_nothing) {
    Scene scene("x");
    scene.config.log.access_path.clear();
    ASSERT_TRUE(scene.writer->start());
    scene.writer->reopen();
    scene.writer->stop();
    EXPECT_FALSE(std::filesystem::exists(scene.path));
}

}  // namespace
}  // namespace ringway::control
