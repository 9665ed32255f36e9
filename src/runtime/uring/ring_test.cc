#include "runtime/uring/ring.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

class Counter final : public Submitter {
 public:
  void complete(unsigned which, std::int32_t result, std::uint32_t) override {
    EXPECT_EQ(which, 1U);
    EXPECT_EQ(result, 0);
    ++count;
  }
  int count = 0;
};

TEST(Ring, MoreThanItsQueuesHoldIsSubmittedInBetweenAndNoneIsLost) {
  auto made = Ring::create();
  if (!made) GTEST_SKIP() << "io_uring is not to be had here";
  auto& ring = **made;
  ring.enable();
  constexpr int kMany = 100'000;
  Counter counter;
  for (int i = 0; i < kMany; ++i) {
    auto& entry = ring.next();
    io_uring_prep_nop(&entry);
    Ring::tell(entry, counter, 1);
  }
  for (int turn = 0; turn < kMany && counter.count < kMany; ++turn) {
    ring.wait(Duration::zero());
    ring.tell_completions();
  }
  EXPECT_EQ(counter.count, kMany);
}

}  // namespace
}  // namespace penstock
