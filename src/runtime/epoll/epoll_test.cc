// What only real sockets show.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/un.h>

#include <gtest/gtest.h>

#include <csignal>
#include <vector>

#include "runtime/all_loops.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

Task<void> talk(std::unique_ptr<Stream> a, std::unique_ptr<Stream> b) {
  const auto sent = co_await a->send("hello", Timeout{});
  EXPECT_TRUE(sent.has_value());
  a.reset();
  const auto all = co_await read_all(*b);
  EXPECT_EQ(all.bytes, "hello");
  EXPECT_EQ(all.end, Error::Kind::closed);
}

TEST(EpollLoop, AdoptsWhatIsConnectedAlready) {
  EpollBench bench;
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  run(bench, talk(bench.loop().adopt(ends[0]), bench.loop().adopt(ends[1])));
}

TEST(EpollLoop, AnAcceptorsDescriptorDoesNotSurviveExec) {
  EpollBench bench;
  const int next = dup(bench.descriptor());
  close(next);
  const auto acceptor = bench.acceptor();
  EXPECT_NE(fcntl(next, F_GETFD) & FD_CLOEXEC, 0);
}

TEST(EpollLoop, AnAcceptorThatEndsLeavesTheSocketListening) {
  EpollBench bench;
  bench.acceptor().reset();
  const auto acceptor = bench.acceptor();
  Pair pair;
  run(bench, [](EpollBench& on, Acceptor& from) -> Task<void> {
    const auto made = co_await connected(on.loop(), from, on.address());
    EXPECT_NE(made.client, nullptr);
  }(bench, *acceptor));
}

// --- Out of descriptors

// Takes every descriptor that the limit leaves.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    held_.push_back(next);
    const rlimit low{.rlim_cur = static_cast<rlim_t>(next) + 16, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &low);
    for (;;) {
      const int taken = open("/dev/null", O_RDONLY | O_CLOEXEC);
      if (taken < 0) break;
      held_.push_back(taken);
    }
  }
  ~NoDescriptors() {
    while (!held_.empty()) free_one();
    setrlimit(RLIMIT_NOFILE, &before_);
  }
  void free_one() {
    close(held_.back());
    held_.pop_back();
  }

 private:
  rlimit before_{};
  std::vector<int> held_;
};

Task<void> accept_without_descriptors(EpollBench& bench, Acceptor& acceptor) {
  const auto client = co_await bench.loop().connect(bench.address(), Timeout{});
  EXPECT_TRUE(client.has_value());
  NoDescriptors none;
  for (int i = 0; i < 3; ++i) {
    const auto accepted = co_await acceptor.accept(Timeout{.idle = 1s});
    EXPECT_FALSE(accepted.has_value());
    if (!accepted) EXPECT_EQ(accepted.error().kind, Error::Kind::exhausted);
  }
  const auto stream = co_await bench.loop().connect(bench.address(), Timeout{});
  EXPECT_FALSE(stream.has_value());
  if (!stream) EXPECT_EQ(stream.error().kind, Error::Kind::exhausted);
  none.free_one();
  const auto accepted = co_await acceptor.accept(Timeout{.idle = 1s});
  EXPECT_TRUE(accepted.has_value());
}

TEST(EpollLoop, OutOfDescriptorsTheConnectionStaysQueued) {
  EpollBench bench;
  const auto acceptor = bench.acceptor();
  run(bench, accept_without_descriptors(bench, *acceptor));
}

// --- Connects that find no room

Task<void> connect_to_a_full_queue(Loop& loop, const SocketAddress& address, Error::Kind& end) {
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 8; ++i) {
    auto stream = co_await loop.connect(address, Timeout{.idle = 50ms});
    if (stream) {
      streams.push_back(std::move(*stream));
      continue;
    }
    end = stream.error().kind;
    co_return;
  }
}

TEST(EpollLoop, AConnectThatIsNeverAnsweredEndsAtItsDeadline) {
  EpollBench bench;
  ASSERT_EQ(::listen(bench.descriptor(), 0), 0);
  Error::Kind end{};
  run(bench, connect_to_a_full_queue(bench.loop(), bench.address(), end));
  EXPECT_EQ(end, Error::Kind::timed_out);
}

// The kernel answers EAGAIN at once; it is neither a refusal nor unknown.
TEST(EpollLoop, AUnixSocketWithAFullQueueIsExhausted) {
  EpollBench bench;
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un un{.sun_family = AF_UNIX, .sun_path = {}};
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&un), sizeof(sa_family_t)), 0);  // Any name.
  ASSERT_EQ(::listen(listener, 0), 0);
  SocketAddress address;
  address.length = sizeof address.storage;
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address.storage), &address.length),
            0);
  Error::Kind end{};
  run(bench, connect_to_a_full_queue(bench.loop(), address, end));
  EXPECT_EQ(end, Error::Kind::exhausted);
  close(listener);
}

// --- The loop itself

Task<void> doze(Loop& loop, std::uint64_t& turns) {
  const auto began = loop.turn();
  co_await sleep_for(loop, 105ms);
  turns = loop.turn() - began;
}

TEST(EpollLoop, DoesNotSpinWhileItWaits) {
  EpollBench bench;
  std::uint64_t turns = 0;
  run(bench, doze(bench.loop(), turns));
  EXPECT_LE(turns, 4U);
}

Loop* to_stop = nullptr;

TEST(EpollLoop, StopsFromASignalHandler) {
  const auto loop = std::move(*EpollLoop::create(1));
  to_stop = loop.get();
  struct sigaction action{};
  action.sa_handler = [](int) { to_stop->stop(); };
  struct sigaction before{};
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  loop->post([] { raise(SIGUSR1); });
  loop->run();
  sigaction(SIGUSR1, &before, nullptr);
}

}  // namespace
}  // namespace penstock
