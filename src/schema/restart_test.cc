#include "schema/restart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace penstock::schema {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Door {
  Located<std::string> name;
  Located<std::string> address;
  std::uint32_t most = 0;

  static constexpr auto describe() {
    using C = Door;
    return object(field("name", &C::name, "n").id(), field("address", &C::address, "a").restart(),
                  field("most", &C::most, "m"));
  }
};

struct Probe {
  std::string address;
  static constexpr auto describe() { return object(field("address", &Probe::address, "a")); }
};

struct Threads {
  std::optional<std::uint32_t> workers;
  Duration delay{};
  static constexpr auto describe() {
    return object(field("workers", &Threads::workers, "w").restart(),
                  field("delay", &Threads::delay, "d"));
  }
};

struct House {
  std::vector<Door> doors;
  std::optional<Probe> probe;
  Threads threads;
  std::vector<std::string> names;

  static constexpr auto describe() {
    using C = House;
    return object(field("doors", &C::doors, "d"), field("probe", &C::probe, "p").restart(),
                  flat(&C::threads), field("names", &C::names, "n").restart());
  }
};

House house() {
  House made;
  made.doors = {{.name = {"front", {}}, .address = {"a:1", {}}},
                {.name = {"back", {}}, .address = {"a:2", {}}}};
  return made;
}

TEST(WaitingForRestart, IsNothingBetweenEquals) {
  auto other = house();
  other.doors[0].address.at = {.line = 7, .column = 1};  // The place does not matter.
  EXPECT_THAT(waiting_for_restart(house(), other), IsEmpty());
}

TEST(WaitingForRestart, IsNothingWhereFieldsReload) {
  auto other = house();
  other.doors[1].most = 5;
  other.threads.delay = std::chrono::seconds(1);
  EXPECT_THAT(waiting_for_restart(house(), other), IsEmpty());
}

TEST(WaitingForRestart, NamesEachFieldByItsPath) {
  auto other = house();
  other.doors[1].address.value = "a:3";
  other.probe.emplace().address = "p";
  other.threads.workers = 2;
  other.names = {"x"};
  EXPECT_THAT(waiting_for_restart(house(), other),
              ElementsAre("doors[back].address", "probe", "workers", "names"));
}

TEST(WaitingForRestart, LooksIntoWhatIsWhollyForARestart) {
  auto one = house();
  one.probe.emplace().address = "p";
  one.names = {"x", "y"};
  auto other = one;
  EXPECT_THAT(waiting_for_restart(one, other), IsEmpty());
  other.probe->address = "q";
  other.names[1] = "z";
  EXPECT_THAT(waiting_for_restart(one, other), ElementsAre("probe", "names"));
}

TEST(WaitingForRestart, NamesObjectsThatCameOrWent) {
  auto other = house();
  other.doors[0].name.value = "side";
  EXPECT_THAT(waiting_for_restart(house(), other), ElementsAre("doors[side]", "doors[front]"));
}

TEST(WaitingForRestart, DoesNotMindAnotherOrder) {
  auto other = house();
  std::swap(other.doors[0], other.doors[1]);
  EXPECT_THAT(waiting_for_restart(house(), other), IsEmpty());
}

}  // namespace
}  // namespace penstock::schema
