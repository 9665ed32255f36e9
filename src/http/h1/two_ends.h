#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "http/h1/input.h"
#include "runtime/all_loops.h"

// For tests: both ends of one simulated connection.
namespace penstock::http::h1 {

// A test is a coroutine without captures: it outlives the expression that made it.
using TwoEndsTest = Task<void> (*)(SimLoop& loop, Pair& ends);

inline Task<void> connect_and_test(SimBench& bench, Acceptor& acceptor, TwoEndsTest test) {
  auto ends = co_await connected(bench.loop(), acceptor, bench.address());
  co_await test(bench.loop(), ends);
}

// Runs the test with each seed: bytes arrive in other pieces every time.
inline void with_two_ends(TwoEndsTest test, std::uint64_t seeds = 20) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    SimBench bench(seed);
    const auto acceptor = bench.acceptor();
    run(bench, connect_and_test(bench, *acceptor, test));
    if (::testing::Test::HasFailure()) return;
  }
}

enum class Then : std::uint8_t { nothing, fin };

inline Task<void> say(Stream& stream, std::string text, Then then = Then::nothing) {
  const auto sent = co_await stream.send(text, Timeout{});
  EXPECT_TRUE(sent.has_value());
  if (then == Then::fin) stream.shutdown_write();
}

// Whatever comes until the text ends with `end`, or the stream does.
inline Task<std::string> hear_until(Stream& stream, std::string end) {
  std::string heard;
  while (!heard.ends_with(end)) {
    auto got = co_await stream.recv(1, Timeout{});
    if (!got) break;
    heard += got->bytes();
  }
  co_return heard;
}

// Waits until all up to `end` has arrived at once, so to say.
inline Task<void> gather(Input& input, std::string end) {
  while (!input.bytes().ends_with(end)) {
    auto got = co_await input.stream().recv(Input::kHeadRead, Timeout{});
    EXPECT_TRUE(got.has_value());
    if (!got) co_return;
    input.put(std::move(*got));
  }
}

inline Task<void> hear_all(Stream& stream, Everything& all) {
  all = co_await read_all(stream);
}

}  // namespace penstock::http::h1
