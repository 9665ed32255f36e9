#include "overload/shedder.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/sim/sim_loop.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

class TestVisit final : public Visit {
 public:
  TestVisit(Shedder& shedder, std::string_view address)
      : Visit(&shedder, *Address::parse(address)) {}
  int left = 0;
  int was_cut = 0;

 private:
  void leave() override { ++left; }
  void cut() override { ++was_cut; }
};

class ShedderTest : public ::testing::Test {
 protected:
  ShedderTest() {
    budgets_.add(usage_);
    budgets_.limit(1000, 1000, 100ms);
  }
  ~ShedderTest() override { visits_.clear(); }

  void memory(std::int64_t used) {
    budgets_.measured_memory(used);
    loop_.run_for(Shedder::kShare);
  }
  void descriptors(std::int64_t used) {
    budgets_.measured_descriptors(used);
    loop_.run_for(Shedder::kShare);
  }
  void lag(Duration lag) {
    usage_.lag.set(lag.count());
    loop_.run_for(Shedder::kShare);
  }
  TestVisit& connect(std::string_view address) {
    visits_.push_back(std::make_unique<TestVisit>(shedder_, address));
    return *visits_.back();
  }
  // So many connections with a request each.
  void ask(std::string_view address, int count) {
    const auto ip = Address::parse(address)->ip();
    for (int i = 0; i < count; ++i) ASSERT_FALSE(connect(address).begin_request(ip));
  }
  std::optional<Resource> admit(std::string_view address) {
    return shedder_.admit_connection(*Address::parse(address));
  }
  std::optional<Resource> begin(std::string_view address) {
    return connect(address).begin_request(Address::parse(address)->ip());
  }
  std::uint64_t counted(std::string_view resource, std::string_view what) {
    const auto copy = store_.copy();
    for (std::size_t i = 0; i < copy.series.size(); ++i) {
      const auto& [family, slot, labels] = *copy.series[i];
      if (family == Family::overload_shed && labels[0] == resource && labels[1] == what)
        return copy.cells[slot];
    }
    return 0;
  }

  SimLoop loop_{1};
  MetricStore store_;
  LoopUsage usage_;
  Budgets budgets_;
  Shedder shedder_{loop_, usage_, budgets_, store_};
  std::vector<std::unique_ptr<TestVisit>> visits_;
};

constexpr auto kNoisy = "10.0.0.1:1";
constexpr auto kQuiet = "10.0.0.2:1";
constexpr auto kOther = "10.0.0.3:1";

TEST_F(ShedderTest, AdmitsAllWhileThereIsPlenty) {
  ask(kNoisy, 100);
  memory(890);
  EXPECT_FALSE(admit(kNoisy));
  EXPECT_FALSE(begin(kNoisy));
}

TEST_F(ShedderTest, TurnsConnectionsOfWhoHasTheMostAwayBeforeRequests) {
  ask(kNoisy, 100);
  ask(kQuiet, 2);
  memory(920);
  EXPECT_EQ(admit(kNoisy), Resource::memory);
  EXPECT_FALSE(admit(kQuiet));
  EXPECT_FALSE(begin(kNoisy));
  EXPECT_EQ(counted("memory", "connection"), 1U);
}

TEST_F(ShedderTest, RefusesRequestsOfWhoHasHisPart) {
  ask(kNoisy, 100);
  ask(kQuiet, 2);
  descriptors(970);
  EXPECT_EQ(begin(kNoisy), Resource::descriptors);
  EXPECT_FALSE(begin(kQuiet));
  EXPECT_FALSE(begin(kOther));
  EXPECT_EQ(counted("descriptors", "request"), 1U);
}

TEST_F(ShedderTest, RefusesEverybodyOnceNothingIsLeft) {
  ask(kNoisy, 10);
  memory(1000);
  EXPECT_EQ(admit(kQuiet), Resource::memory);
  EXPECT_EQ(begin(kQuiet), Resource::memory);
}

TEST_F(ShedderTest, AdmitsAgainOnceThereIsPlenty) {
  ask(kNoisy, 10);
  memory(1000);
  ASSERT_TRUE(begin(kNoisy));
  memory(500);
  EXPECT_FALSE(admit(kNoisy));
  EXPECT_FALSE(begin(kNoisy));
}

TEST_F(ShedderTest, CountsBuffersThatHaveGrownSinceTheyWereMeasured) {
  ask(kNoisy, 2);
  memory(900);
  usage_.buffers.add(200);
  EXPECT_EQ(begin(kQuiet), Resource::memory);
  usage_.buffers.add(-200);
  EXPECT_FALSE(begin(kQuiet));
}

TEST_F(ShedderTest, RefusesRequestsOfAWorkerThatLagsButNoConnections) {
  ask(kNoisy, 100);
  ask(kQuiet, 2);
  lag(200ms);
  EXPECT_EQ(begin(kNoisy), Resource::lag);
  EXPECT_FALSE(begin(kQuiet));
  EXPECT_FALSE(admit(kNoisy));
  shedder_.relieve();
  EXPECT_EQ(counted("lag", "request_in_flight"), 0U);
}

TEST_F(ShedderTest, LeavesAFewRequestsInFlightHoweverLongTheLag) {
  ask(kNoisy, 3 * Shedder::kAlwaysInFlight);
  lag(10s);
  EXPECT_EQ(begin(kNoisy), Resource::lag);
  visits_.resize(Shedder::kAlwaysInFlight);
  lag(10s);
  EXPECT_FALSE(begin(kNoisy));
}

TEST_F(ShedderTest, CutsNoMoreThanMemoryAsksForHoweverLongTheLag) {
  ask(kNoisy, 100);
  memory(1000);
  lag(10s);
  shedder_.relieve();
  EXPECT_EQ(counted("memory", "request_in_flight"), 5U);
}

TEST_F(ShedderTest, GivesUpIdleConnectionsOfWhoHasTheMostTheOldestFirst) {
  for (int i = 0; i < 10; ++i) connect(kNoisy);
  auto& quiet = connect(kQuiet);
  memory(990);
  shedder_.relieve();
  EXPECT_EQ(visits_[0]->left, 1);
  EXPECT_EQ(visits_[9]->left, 0);
  EXPECT_EQ(quiet.left, 0);
  EXPECT_EQ(counted("memory", "idle_connection"), 1U);
  // Asked to leave once only.
  shedder_.relieve();
  EXPECT_EQ(visits_[0]->left, 1);
}

TEST_F(ShedderTest, CutsRequestsInFlightOnlyWhenAllIsUsed) {
  ask(kNoisy, 20);
  ask(kQuiet, 1);
  memory(990);
  shedder_.relieve();
  EXPECT_EQ(counted("memory", "request_in_flight"), 0U);
  memory(1000);
  shedder_.relieve();
  EXPECT_EQ(visits_[0]->was_cut, 1);
  EXPECT_EQ(visits_[0]->given_up(), Resource::memory);
  EXPECT_EQ(visits_[20]->was_cut, 0);
  EXPECT_EQ(counted("memory", "request_in_flight"), 2U);
}

TEST_F(ShedderTest, MakesRoomByAnIdleConnectionOfWhoHasMore) {
  ask(kNoisy, 1);
  for (int i = 0; i < 3; ++i) connect(kNoisy);
  EXPECT_TRUE(shedder_.make_room(*Address::parse(kQuiet)));
  EXPECT_EQ(visits_[0]->left, 0) << "it asks";
  EXPECT_EQ(visits_[1]->left, 1);
  EXPECT_FALSE(shedder_.make_room(*Address::parse(kQuiet))) << "not so soon again";
  loop_.run_for(Shedder::kMakeRoom);
  EXPECT_FALSE(shedder_.make_room(*Address::parse(kNoisy))) << "nobody has more";
  EXPECT_EQ(counted("connections", "idle_connection"), 1U);
}

TEST_F(ShedderTest, TakesANetworkOfIPv6ForOneCaller) {
  ask("[2001:db8::1]:1", 20);
  ask("[2001:db8::2]:1", 20);
  ask(kQuiet, 20);
  EXPECT_EQ(shedder_.callers(), 2U);
  memory(960);
  EXPECT_EQ(begin("[2001:db8::3]:1"), Resource::memory);
  EXPECT_FALSE(begin(kQuiet));
}

TEST_F(ShedderTest, CountsARequestForItsClientNotForTheProxyBetween) {
  auto& first = connect(kNoisy);
  EXPECT_FALSE(first.begin_request(Address::parse(kQuiet)->ip()));
  EXPECT_EQ(shedder_.callers(), 2U);
  first.end_request();
  EXPECT_EQ(shedder_.callers(), 1U);
}

}  // namespace
}  // namespace penstock
