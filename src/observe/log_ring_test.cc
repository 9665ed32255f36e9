#include "observe/log_ring.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace penstock {
namespace {

std::string text_of(const LogRing& ring) {
  const auto waiting = ring.waiting();
  return std::string(waiting.first) + std::string(waiting.second);
}

TEST(LogRing, GivesLinesBackInOrderAcrossItsEnd) {
  LogRing ring(64);
  for (int round = 0; round < 100; ++round) {
    const auto one = "line " + std::to_string(round) + "\n";
    const auto two = "and another one " + std::to_string(round) + "\n";
    ASSERT_TRUE(ring.try_push(one));
    ASSERT_TRUE(ring.try_push(two));
    ASSERT_EQ(text_of(ring), one + two);
    ring.pop(ring.waiting().size());
  }
  EXPECT_EQ(ring.waiting().size(), 0U);
}

TEST(LogRing, TakesALineWholeOrNotAtAll) {
  LogRing ring(64);
  EXPECT_TRUE(ring.try_push(std::string(59, 'a') + "\n"));
  EXPECT_FALSE(ring.try_push("12345\n"));
  EXPECT_TRUE(ring.try_push("123\n"));
  EXPECT_FALSE(ring.try_push("\n"));
  EXPECT_FALSE(ring.try_push(std::string(65, 'b')));
  EXPECT_EQ(text_of(ring), std::string(59, 'a') + "\n123\n");
  ring.pop(60);
  EXPECT_EQ(text_of(ring), "123\n");
}

TEST(LogRing, LosesNothingBetweenTwoThreads) {
  constexpr int lines = 100'000;
  LogRing ring(1024);
  std::thread producer([&ring] {
    for (int i = 0; i < lines; ++i) {
      while (!ring.try_push(std::to_string(i) + "\n")) std::this_thread::yield();
    }
  });
  std::string text;
  for (int i = 0; i < lines;) {
    const auto waiting = ring.waiting();
    if (waiting.size() == 0) {
      std::this_thread::yield();
      continue;
    }
    text.assign(waiting.first).append(waiting.second);
    ring.pop(waiting.size());
    ASSERT_TRUE(text.ends_with('\n'));
    for (std::size_t at = 0; at < text.size(); ++i) {
      const auto end = text.find('\n', at);
      ASSERT_EQ(text.substr(at, end - at), std::to_string(i));
      at = end + 1;
    }
  }
  producer.join();
}

}  // namespace
}  // namespace penstock
