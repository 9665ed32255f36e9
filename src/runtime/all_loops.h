#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "runtime/epoll/epoll_loop.h"
#include "runtime/scope.h"
#include "runtime/sim/sim_loop.h"
#include "runtime/uring/uring_loop.h"

// For tests: the same program on the real loops and on the simulated one.
namespace penstock {

// Two ends of one connection.
struct Pair {
  std::unique_ptr<Stream> client;
  std::unique_ptr<Stream> server;
};

inline Task<Pair> connected(Loop& loop, Acceptor& acceptor, const SocketAddress& address) {
  auto client = co_await loop.connect(address, Timeout{});
  auto server = co_await acceptor.accept(Timeout{});
  ensure(client.has_value() && server.has_value());
  co_return Pair{std::move(*client), std::move(server->stream)};
}

// io_uring where the kernel lets us.
template <class RealLoop>
std::unique_ptr<Loop> make_real_loop() {
  auto loop = RealLoop::create(1);
  if (loop) return std::move(*loop);
  std::fputs("io_uring is not to be had here: epoll is tested in its place\n", stderr);
  return std::move(*EpollLoop::create(1));
}

// A real loop with a listening socket on 127.0.0.1.
template <class RealLoop>
class RealBench {
 public:
  RealBench() : loop_(make_real_loop<RealLoop>()) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const any = reinterpret_cast<sockaddr*>(&in);
    ensure(bind(listener_, any, sizeof in) == 0 && ::listen(listener_, 64) == 0);
    address_.length = sizeof address_.storage;
    auto* const storage = reinterpret_cast<sockaddr*>(&address_.storage);
    ensure(getsockname(listener_, storage, &address_.length) == 0);
  }
  ~RealBench() { stop_listening(); }

  Loop& loop() { return *loop_; }
  const SocketAddress& address() const { return address_; }
  std::unique_ptr<Acceptor> acceptor() { return loop_->acceptor(listener_); }
  void stop_listening() {
    if (listener_ >= 0) close(listener_);
    listener_ = -1;
  }
  int descriptor() const { return listener_; }
  Task<Pair> pair(Acceptor& acceptor) { return connected(*loop_, acceptor, address_); }
  void run() { loop_->run(); }

 private:
  std::unique_ptr<Loop> loop_;
  int listener_ = -1;
  SocketAddress address_;
};

using EpollBench = RealBench<EpollLoop>;
using UringBench = RealBench<UringLoop>;

class SimBench {
 public:
  explicit SimBench(std::uint64_t seed = 1)
      : loop_(seed),
        address_(SimNetwork::address(1, 80)),
        listener_(loop_.network().listen(address_)) {}

  SimLoop& loop() { return loop_; }
  const SocketAddress& address() const { return address_; }
  std::unique_ptr<Acceptor> acceptor() { return loop_.acceptor(listener_); }
  void stop_listening() { loop_.network().stop_listening(address_); }
  Task<Pair> pair(Acceptor& acceptor) { return connected(loop_, acceptor, address_); }
  void run() {
    loop_.run_until([] { return false; });
  }

 private:
  SimLoop loop_;
  SocketAddress address_;
  int listener_;
};

using AllLoops = ::testing::Types<EpollBench, UringBench, SimBench>;

inline Task<void> run_then_stop(Loop& loop, Task<void> task) {
  co_await std::move(task);
  loop.stop();
}

// Runs the task to its end; once for each bench. Nothing may be left behind.
template <class Bench>
void run(Bench& bench, Task<void> task) {
  Scope scope(bench.loop());
  scope.spawn(run_then_stop(bench.loop(), std::move(task)));
  bench.run();
  EXPECT_TRUE(scope.empty());
  EXPECT_EQ(bench.loop().buffers().lent(), 0U);
}

// All bytes until the stream ends, and how it ended.
struct Everything {
  std::string bytes;
  Error::Kind end;
};

inline Task<Everything> read_all(Stream& stream) {
  Everything all;
  for (;;) {
    auto lent = co_await stream.recv(BufferPool::kBlock, Timeout{});
    if (!lent) {
      all.end = lent.error().kind;
      co_return all;
    }
    all.bytes += lent->bytes();
  }
}

// Bytes that would show if any were lost, repeated or swapped.
inline std::string numbered(std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; bytes.size() < size; ++i) bytes += std::to_string(i) + ' ';
  bytes.resize(size);
  return bytes;
}

}  // namespace penstock
