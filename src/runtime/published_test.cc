#include "runtime/published.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "runtime/all_loops.h"
#include "runtime/worker.h"

namespace penstock {
namespace {

// Knows where it ends, and how many there are.
struct Table {
  explicit Table(int n) : number(n) { ++alive; }
  ~Table() {
    --alive;
    freed_on = std::this_thread::get_id();
  }
  int number;
  static inline std::atomic<int> alive = 0;
  static inline std::atomic<std::thread::id> freed_on;
};

TEST(Published, AnEditionLivesUntilTheLastPinIsGone) {
  SimLoop loop(1);
  Replica<Table> replica;
  Published<Table> published(loop);
  published.add_worker(loop, replica);
  EXPECT_FALSE(replica);

  published.publish(std::make_unique<Table>(1));
  EXPECT_FALSE(replica);  // It is swapped between turns.
  loop.run_until_idle();
  ASSERT_TRUE(replica);
  EXPECT_EQ(replica->number, 1);

  auto pin = replica.pin();
  auto copy = pin;
  auto moved = std::move(pin);
  published.publish(std::make_unique<Table>(2));
  loop.run_until_idle();
  EXPECT_EQ(replica->number, 2);
  EXPECT_EQ(moved->number, 1);
  EXPECT_EQ(Table::alive, 2);

  moved.reset();
  loop.run_until_idle();
  EXPECT_EQ(Table::alive, 2);
  copy = replica.pin();
  loop.run_until_idle();
  EXPECT_EQ(Table::alive, 1);
  copy.reset();
  replica.reset();
  loop.run_until_idle();
  EXPECT_EQ(Table::alive, 0);
}

TEST(Published, WithoutWorkersNothingIsKept) {
  SimLoop loop(1);
  Published<Table> published(loop);
  published.publish(std::make_unique<Table>(1));
  EXPECT_EQ(Table::alive, 0);
}

TEST(Published, TwoThatBelongTogetherAreNeverSeenApart) {
  SimLoop loop(1);
  Replica<Table> replica;
  Replica<int> companion;
  Published<Table> tables(loop);
  Published<int> numbers(loop);
  tables.add_worker(loop, replica);
  numbers.add_worker(loop, companion);
  for (int i = 1; i <= 3; ++i)
    tables.publish_with(std::make_unique<Table>(i), numbers, std::make_unique<const int>(i));
  numbers.publish(std::make_unique<const int>(3));
  loop.run_until_idle();
  EXPECT_EQ(replica->number, 3);
  EXPECT_EQ(*companion, 3);
  EXPECT_EQ(Table::alive, 1);
  replica.reset();
  companion.reset();
  loop.run_until_idle();
  EXPECT_EQ(Table::alive, 0);
}

TEST(Published, ALargeOneIsFreedByThePoolAndNotOnTheLoop) {
  SimLoop loop(1);
  {
    OffloadPool pool(1);
    Replica<Table> replica;
    Published<Table> published(loop, &pool);
    published.add_worker(loop, replica);
    published.publish(std::make_unique<Table>(1));
    loop.run_until_idle();
    replica.reset();
    loop.run_until_idle();
  }
  EXPECT_EQ(Table::alive, 0);
  EXPECT_NE(Table::freed_on.load(), std::this_thread::get_id());
}

// One worker's user of the table: pins it now and then, and holds the pin for a few turns.
Task<void> use(Loop& loop, Replica<Table>& replica, std::atomic<bool>& stop) {
  int last = 0;
  while (!stop) {
    if (replica) {
      const auto pin = replica.pin();
      const int number = pin->number;
      EXPECT_GE(number, last);
      last = number;
      for (int i = 0; i < 3; ++i) co_await Yield(loop);
      EXPECT_EQ(pin->number, number);
    }
    co_await Yield(loop);
  }
}

Task<void> use_then_stop(Loop& loop, Replica<Table>& replica, std::atomic<bool>& stop) {
  co_await use(loop, replica, stop);
  replica.reset();
  loop.stop();
}

struct User {
  std::unique_ptr<Worker> worker = std::move(*Worker::create("user", IoChoice::automatic, 1));
  Replica<Table> replica;
  Scope scope{worker->loop()};
};

// The home loop turns until all editions came back.
Task<void> publish_many(Loop& home, Published<Table>& published, std::atomic<bool>& stop) {
  for (int i = 1; i <= 500; ++i) {
    published.publish(std::make_unique<Table>(i));
    co_await Yield(home);
  }
  while (Table::alive > 1) co_await Yield(home);  // The last one stays with the workers.
  stop = true;
  while (Table::alive > 0) co_await Yield(home);
  home.stop();
}

TEST(Published, EditionsAreFreedAtHomeOnceAllWorkersLetGo) {
  const auto home = std::move(*EpollLoop::create(1));
  std::atomic<bool> stop = false;
  Published<Table> published(*home);
  std::array<User, 3> users;
  for (auto& user : users) published.add_worker(user.worker->loop(), user.replica);
  for (auto& user : users) {
    user.worker->loop().post([&user, &stop] {
      user.scope.spawn(use_then_stop(user.worker->loop(), user.replica, stop));
    });
    user.worker->start(-1);
  }
  Scope scope(*home);
  scope.spawn(publish_many(*home, published, stop));
  home->run();
  for (auto& user : users) user.worker->join();
  EXPECT_EQ(Table::alive, 0);
  EXPECT_EQ(Table::freed_on, std::this_thread::get_id());
}

}  // namespace
}  // namespace penstock
