#include "runtime/stream.h"

#include <algorithm>
#include <filesystem>

#include "runtime/stream_suite.h"

namespace penstock {
namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(Plain, StreamTest, AllLoops);

// --- Many of them

template <class Bench>
class ManyStreamsTest : public StreamTest<Bench> {};
using RealLoops = ::testing::Types<EpollBench, UringBench>;
TYPED_TEST_SUITE(ManyStreamsTest, RealLoops);

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

Task<void> wait_for_end(Stream& stream, Error::Kind end) {
  const auto all = co_await read_all(stream);
  EXPECT_EQ(all.end, end);
}

// In all the ways in which connections end while something is under way on them: a receive that
// waits, one that was just given up, nothing at all, bytes nobody reads.
template <class Bench>
Task<void> open_and_close(Bench& bench, Acceptor& acceptor, int times, std::ptrdiff_t& most) {
  for (int i = 0; i < times; ++i) {
    auto pair = co_await bench.pair(acceptor);
    Scope scope(bench.loop());
    if (i % 4 == 0) {
      scope.spawn(wait_for_end(*pair.server, Error::Kind::closed));
      pair.client.reset();
    } else if (i % 4 == 1) {
      scope.spawn(wait_for_end(*pair.server, Error::Kind::cancelled));
      scope.cancel();
    } else if (i % 4 == 2) {
      const auto sent = co_await pair.client->send("unread", Timeout{});
      EXPECT_TRUE(sent.has_value());
    }
    co_await scope.join();
    if (i % 100 == 0) most = std::max(most, open_descriptors());
  }
}

TYPED_TEST(ManyStreamsTest, TenThousandClosesLeaveNothingOpen) {
  const auto before = open_descriptors();
  std::ptrdiff_t most = 0;
  run(this->bench, open_and_close(this->bench, *this->acceptor, 10'000, most));
  EXPECT_LT(most, before + 100);
  EXPECT_LE(open_descriptors(), before);
}

}  // namespace
}  // namespace penstock
