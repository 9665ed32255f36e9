#include "control/load_watch.h"

#include <gtest/gtest.h>

#include "overload/memory.h"
#include "runtime/scope.h"
#include "runtime/sim/sim_loop.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

class LoadWatchTest : public ::testing::Test {
 protected:
  LoadWatchTest() {
    budgets_.add(usage_);
    scope_.spawn(watch_.run([this] { ++relieved_; }));
  }
  ~LoadWatchTest() override {
    scope_.cancel();
    EXPECT_TRUE(loop_.run_until([this] { return scope_.empty(); }, 1h));
  }
  std::int64_t pressure(std::string_view resource) {
    const auto gauge = store_.gauge(Family::overload_pressure, {resource});
    return static_cast<std::int64_t>(store_.copy().cells[gauge.slot]);
  }

  SimLoop loop_{1};
  OffloadPool pool_{1};
  MetricStore store_;
  LoopUsage usage_;
  Budgets budgets_;
  LoadWatch watch_{loop_, pool_, budgets_, store_};
  Scope scope_{loop_};
  int relieved_ = 0;
};

TEST_F(LoadWatchTest, ByDefaultThereIsPlenty) {
  watch_.change({});
  loop_.run_for(1s);
  EXPECT_EQ(relieved_, 0);
  EXPECT_GT(budgets_.memory_limit(), 0);
  EXPECT_GT(budgets_.descriptor_limit(), 0);
  EXPECT_GT(budgets_.descriptors_used(), 0);
  EXPECT_LT(budgets_.memory_limit(), memory_of_machine());
}

TEST_F(LoadWatchTest, RelievesWhileMemoryIsShort) {
  watch_.change({.memory = ByteSize{1 << 20}, .lag = 1s});
  loop_.run_for(1s);
  EXPECT_GE(relieved_, 9);
  EXPECT_GT(pressure("memory"), 1000);
  watch_.change({});
  const auto before = relieved_;
  loop_.run_for(1s);
  EXPECT_EQ(relieved_, before);
  EXPECT_LT(pressure("memory"), 1000);
}

TEST_F(LoadWatchTest, LagIsMeasuredAndRelievesNothing) {
  watch_.change({.memory = {}, .lag = 100ms});
  usage_.lag.set(Duration(200ms).count());
  loop_.run_for(1s);
  EXPECT_EQ(pressure("lag"), 2000);
  EXPECT_EQ(relieved_, 0);
}

}  // namespace
}  // namespace penstock
