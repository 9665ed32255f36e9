#include "runtime/stream.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/both_loops.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

template <class Bench>
class StreamTest : public ::testing::Test {
 protected:
  Bench bench;
  std::unique_ptr<Acceptor> acceptor = bench.acceptor();

  Loop& loop() { return bench.loop(); }
  Task<Pair> pair() { return connected(bench.loop(), *acceptor, bench.address()); }
};
TYPED_TEST_SUITE(StreamTest, BothLoops);

Task<void> send_then_finish(Stream& stream, std::string_view bytes) {
  const auto sent = co_await stream.send(bytes, Timeout{});
  EXPECT_TRUE(sent.has_value());
  stream.shutdown_write();
}

Task<void> echo(Stream& stream) {
  for (;;) {
    auto lent = co_await stream.recv(BufferPool::kBlock, Timeout{});
    if (!lent) break;
    const auto sent = co_await stream.send(lent->bytes(), Timeout{});
    EXPECT_TRUE(sent.has_value());
  }
  stream.shutdown_write();
}

Task<void> big_echo(Loop& loop, Task<Pair> made, std::string_view bytes) {
  auto pair = co_await std::move(made);
  Scope scope(loop);
  scope.spawn(echo(*pair.server));
  scope.spawn(send_then_finish(*pair.client, bytes));
  const auto all = co_await read_all(*pair.client);
  EXPECT_TRUE(all.bytes == bytes);
  EXPECT_EQ(all.end, Error::Kind::closed);
  co_await scope.join();
}

TYPED_TEST(StreamTest, BytesComeBackWholeAndInOrderDespiteBackPressure) {
  const auto bytes = numbered(4'000'000);
  run(this->bench, big_echo(this->loop(), this->pair(), bytes));
}

}  // namespace
}  // namespace penstock
