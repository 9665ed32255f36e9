#include "control/successor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <utility>

#include "runtime/all_loops.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A shell's words for the process that was started: $fd is its channel.
Program script(const std::string& words) {
  return {.path = "/bin/bash",
          .arguments = {"bash", "-c", "fd=${PENSTOCK_UPGRADE#*channel=}; fd=${fd%% *}; " + words}};
}

struct Told {
  std::expected<std::vector<int>, std::string> readiness = std::unexpected("never asked");
  Successor::Fate fate = Successor::Fate::lives;
  std::string ending;
};

template <class Bench>
class SuccessorTest : public ::testing::Test {
 protected:
  SuccessorTest() : lock_(open("/proc/self/exe", O_RDONLY | O_CLOEXEC)) {}
  ~SuccessorTest() override { close(lock_); }

  Handover given() const { return {.workers = 1, .channel = -1, .lock = lock_, .sockets = {}}; }

  // Starts it, asks whether it is ready, then for its fate.
  Told tell(const Program& program, Duration patience = 1h, Duration within = 1h) {
    Bench bench;
    auto started = Successor::start(bench.loop(), given(), program);
    if (!started) return {.readiness = std::unexpected(started.error()), .ending = {}};
    Told told;
    run(bench, ask(**started, patience, within, told));
    told.ending = (*started)->ending();
    (*started)->send(SIGKILL);  // One that lives was told to sleep.
    return told;
  }
  static Task<void> ask(Successor& successor, Duration patience, Duration within, Told& told) {
    told.readiness = co_await successor.readiness(patience);
    if (told.readiness) told.fate = co_await successor.fate(within);
  }

  const int lock_;
};
using RealLoops = ::testing::Types<EpollBench, UringBench>;
TYPED_TEST_SUITE(SuccessorTest, RealLoops);

TYPED_TEST(SuccessorTest, SaysThatItServes) {
  const auto told = this->tell(script("echo ready 7,8 >&$fd; exec sleep 100"), 1h, 1ms);
  ASSERT_TRUE(told.readiness) << told.readiness.error();
  EXPECT_THAT(*told.readiness, ElementsAre(7, 8));
  EXPECT_EQ(told.fate, Successor::Fate::lives);
}

TYPED_TEST(SuccessorTest, IsKnownToHaveEnded) {
  auto told = this->tell(script("echo ready 7 >&$fd; exit 3"));
  EXPECT_EQ(told.fate, Successor::Fate::died);
  EXPECT_EQ(told.ending, "it exited with status 3");
  told = this->tell(script("echo ready 7 >&$fd; exit 0"));
  EXPECT_EQ(told.fate, Successor::Fate::left);
  told = this->tell(script("echo ready 7 >&$fd; kill -9 $$"));
  EXPECT_EQ(told.fate, Successor::Fate::died);
  EXPECT_EQ(told.ending, "it was ended by signal 9");
}

TYPED_TEST(SuccessorTest, ThatDoesNotServeIsEndedAndSaysWhy) {
  EXPECT_EQ(this->tell(script("exit 78")).readiness.error(), "it exited with status 78");
  EXPECT_EQ(this->tell(script("exec sleep 100"), 100ms).readiness.error(),
            "it did not serve within 100ms");
  EXPECT_THAT(this->tell(script("echo steady >&$fd; exec sleep 100")).readiness.error(),
              HasSubstr("something else"));
  EXPECT_THAT(
      this->tell({.path = "/nowhere/penstock", .arguments = {"penstock"}}).readiness.error(),
      HasSubstr("cannot start /nowhere/penstock: No such file"));
}

TYPED_TEST(SuccessorTest, GetsNothingButWhatItIsGiven) {
  const int left_open = open("/dev/null", O_RDONLY);  // NOLINT: as a library might leave one.
  std::string folder = std::filesystem::temp_directory_path() / "penstock-successor-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const auto told = this->tell(script(
      fmt::format("for n in {} {} $fd; do [ -e /proc/$$/fd/$n ] && there=\"$there $n\"; done; "
                  "echo \"$there but $fd\" >{}/there; exit 1",
                  left_open, this->lock_, folder)));
  EXPECT_FALSE(told.readiness);
  std::string there;
  std::getline(std::ifstream(folder + "/there"), there);
  const auto channel = there.substr(there.find(" but ") + 5);
  EXPECT_EQ(there, fmt::format(" {} {} but {}", this->lock_, channel, channel));
  close(left_open);
  std::filesystem::remove_all(folder);
}

TEST(OwnProgram, IsWhatThisProcessWasStartedAs) {
  const auto program = own_program();
  EXPECT_TRUE(std::filesystem::equivalent(program.path, "/proc/self/exe"));
  ASSERT_FALSE(program.arguments.empty());
  EXPECT_THAT(program.arguments.front(), HasSubstr("_test"));
}

}  // namespace
}  // namespace penstock
