#include "observe/log_thread.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "observe/operational_log.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// Keeps expected complaints out of the test's output, and gives each test a folder.
class LogThreadTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/penstock-log-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    testing::internal::CaptureStderr();
  }
  void TearDown() override {
    if (capturing_) testing::internal::GetCapturedStderr();
    fs::remove_all(folder_);
  }

  std::string said() {
    capturing_ = false;
    return testing::internal::GetCapturedStderr();
  }
  std::string path(const std::string& name = "access.log") const { return folder_ + "/" + name; }
  LogSink file(const std::string& name = "access.log") const { return *LogSink::open(path(name)); }

  static std::string content(const std::string& name) {
    std::ifstream in(name);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::string folder_;
  bool capturing_ = true;
};

struct Pipe {
  Pipe() {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) == 0) {
      reader = fds[0];
      writer = fds[1];
    }
  }
  ~Pipe() {
    close_reader();
    close(writer);
  }
  void close_reader() {
    if (reader >= 0) close(reader);
    reader = -1;
  }
  std::string read_some() const {
    std::array<char, 65536> buffer;
    const auto count = read(reader, buffer.data(), buffer.size());
    return {buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
  }
  int reader = -1;
  int writer = -1;
};

// Fills a pipe or socket with whole lines until it takes no more.
std::size_t push_until_full(LogRing& ring) {
  std::size_t lines = 0;
  while (ring.try_push(std::string(99, 'x') + "\n")) ++lines;
  return lines;
}

TEST_F(LogThreadTest, AppendsToAFileThatOnlyItsGroupMayRead) {
  std::ofstream(path()) << "before\n";
  const auto old_mask = umask(0);
  LogDrain drain(file());
  LogDrain other(file("new.log"));
  umask(old_mask);
  LogRing ring;
  drain.add(ring);
  ASSERT_TRUE(ring.try_push("after\n"));
  EXPECT_EQ(drain.drain(1s), 6U);
  EXPECT_EQ(content(path()), "before\nafter\n");
  struct stat about{};
  ASSERT_EQ(stat(path("new.log").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0640U);
}

TEST_F(LogThreadTest, SaysWhenAFileCannotBeOpened) {
  const auto sink = LogSink::open(path("no/such/folder"));
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().os, ENOENT);
}

TEST_F(LogThreadTest, DrainsEveryRing) {
  LogDrain drain(file());
  std::array<LogRing, 3> rings;
  for (auto& ring : rings) drain.add(ring);
  for (auto& ring : rings) ASSERT_TRUE(ring.try_push("one\n"));
  EXPECT_EQ(drain.drain(1s), 12U);
  EXPECT_EQ(drain.drain(1s), 0U);
  EXPECT_EQ(content(path()), "one\none\none\n");
}

TEST_F(LogThreadTest, GoesOnInANewFileAfterTheOldWasMoved) {
  LogDrain drain(file());
  LogRing ring;
  drain.add(ring);
  ASSERT_TRUE(ring.try_push("old\n"));
  drain.drain(1s);
  fs::rename(path(), path("access.log.1"));
  ASSERT_TRUE(ring.try_push("still old\n"));
  drain.drain(1s);
  drain.reopen();
  ASSERT_TRUE(ring.try_push("new\n"));
  drain.drain(1s);
  EXPECT_EQ(content(path("access.log.1")), "old\nstill old\n");
  EXPECT_EQ(content(path()), "new\n");
}

TEST_F(LogThreadTest, KeepsTheOldFileWhenTheNewCannotBeOpened) {
  fs::create_directory(path("d"));
  LogDrain drain(file("d/access.log"));
  LogRing ring;
  drain.add(ring);
  fs::rename(path("d"), path("moved"));
  drain.reopen();
  ASSERT_TRUE(ring.try_push("line\n"));
  drain.drain(1s);
  EXPECT_EQ(content(path("moved/access.log")), "line\n");
  EXPECT_NE(said().find("not reopened"), std::string::npos);
}

TEST_F(LogThreadTest, KeepsWhatAFullPipeDoesNotTakeYet) {
  Pipe pipe;
  LogDrain drain(LogSink::over(pipe.writer));
  LogRing ring;
  drain.add(ring);
  const auto lines = push_until_full(ring);
  drain.drain(0s);
  std::string text;
  while (text.size() < lines * 100) {
    text += pipe.read_some();
    drain.drain(0s);
  }
  EXPECT_EQ(text.size(), lines * 100);
  EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), lines);
  EXPECT_EQ(drain.lost_lines(), 0U);
}

TEST_F(LogThreadTest, LosesAndCountsWhatNobodyReadsAtTheEnd) {
  Pipe pipe;
  LogDrain drain(LogSink::over(pipe.writer));
  LogRing ring;
  drain.add(ring);
  const auto lines = push_until_full(ring);
  drain.finish(0s);
  EXPECT_GT(drain.lost_lines(), 0U);
  EXPECT_LT(drain.lost_lines(), lines);
  EXPECT_EQ(ring.waiting().size(), 0U);
}

TEST_F(LogThreadTest, NeverBlocksOnASocketNobodyReads) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  LogDrain drain(LogSink::over(pair[0]));
  LogRing ring;
  drain.add(ring);
  push_until_full(ring);
  drain.finish(0s);
  EXPECT_GT(drain.lost_lines(), 0U);
  close(pair[0]);
  close(pair[1]);
}

TEST_F(LogThreadTest, CountsWhatAClosedPipeRefuses) {
  const auto before = signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  LogDrain drain(LogSink::over(pipe.writer));
  LogRing ring;
  drain.add(ring);
  pipe.close_reader();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(ring.try_push("line\n"));
    drain.drain(1s);
  }
  EXPECT_EQ(drain.lost_lines(), 3U);
  const auto text = said();
  EXPECT_NE(text.find("cannot be written"), std::string::npos);
  EXPECT_EQ(text.find("cannot be written"), text.rfind("cannot be written"));  // Said once.
  signal(SIGPIPE, before);
}

// A limit on the file's size stands for a full disk: the write is cut short, the next one fails.
TEST_F(LogThreadTest, EndsALineThatAFullDiskHasCut) {
  const auto before = signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  auto small = old_limit;
  small.rlim_cur = 10;

  LogDrain drain(file());
  LogRing ring;
  drain.add(ring);
  ASSERT_TRUE(ring.try_push("1234567\nabcdefg\n"));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  drain.drain(1s);
  ASSERT_TRUE(ring.try_push("lost too\n"));
  drain.drain(1s);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  ASSERT_TRUE(ring.try_push("whole\n"));
  drain.drain(1s);
  signal(SIGXFSZ, before);

  EXPECT_EQ(content(path()), "1234567\nab\nwhole\n");
  EXPECT_EQ(drain.lost_lines(), 2U);
  EXPECT_NE(said().find("written again"), std::string::npos);
}

TEST_F(LogThreadTest, WritesWithoutBeingStopped) {
  LogThread thread(file());
  LogRing ring;
  thread.add(ring);
  thread.start();
  ASSERT_TRUE(ring.try_push("line\n"));
  while (content(path()) != "line\n") std::this_thread::yield();
  thread.stop();
  EXPECT_EQ(content(path()), "line\n");
}

TEST_F(LogThreadTest, LosesNothingOfManyWorkers) {
  constexpr int lines = 20'000;
  std::array<LogRing, 3> rings;
  LogThread thread(file());
  for (auto& ring : rings) thread.add(ring);
  thread.start();
  std::vector<std::thread> workers;
  for (auto& ring : rings) {
    workers.emplace_back([&ring] {
      for (int i = 0; i < lines; ++i) {
        while (!ring.try_push(std::to_string(i) + " " + std::string(100, 'w') + "\n"))
          std::this_thread::yield();
      }
    });
  }
  for (int i = 0; i < 5; ++i) thread.reopen();
  for (auto& worker : workers) worker.join();
  thread.stop();

  std::ifstream in(path());
  std::string line;
  int count = 0;
  while (std::getline(in, line)) {
    ASSERT_TRUE(line.ends_with(" " + std::string(100, 'w')));
    ++count;
  }
  EXPECT_EQ(count, 3 * lines);
  EXPECT_EQ(thread.lost_lines(), 0U);
}

TEST_F(LogThreadTest, ReopensWhenAsked) {
  LogThread thread(file());
  LogRing ring;
  thread.add(ring);
  thread.start();
  fs::rename(path(), path("access.log.1"));
  thread.reopen();
  while (!fs::exists(path())) std::this_thread::yield();
  ASSERT_TRUE(ring.try_push("new\n"));
  thread.stop();
  EXPECT_EQ(content(path()), "new\n");
}

TEST_F(LogThreadTest, StopsAlsoWhenNobodyReads) {
  Pipe pipe;
  LogThread thread(LogSink::over(pipe.writer));
  LogRing ring;
  thread.add(ring);
  push_until_full(ring);
  thread.start();
  thread.stop();
  thread.stop();
  EXPECT_GT(thread.lost_lines(), 0U);
}

TEST_F(LogThreadTest, OutlivesTheReaderOfItsPipe) {
  Pipe pipe;
  LogThread thread(LogSink::over(pipe.writer));
  LogRing ring;
  thread.add(ring);
  pipe.close_reader();
  thread.start();
  ASSERT_TRUE(ring.try_push("line\n"));
  thread.stop();
  EXPECT_EQ(thread.lost_lines(), 1U);
}

}  // namespace
}  // namespace penstock
