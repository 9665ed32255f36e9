#include "upstream/pool.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "http/h1/two_ends.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;
using http::h1::ClientConnection;

// Pools need no live service, only connections and what their answers said.
class PoolTest : public ::testing::Test {
 protected:
  struct Ends {
    ClientConnection* connection = nullptr;  // Whoever owns it.
    std::unique_ptr<Stream> service;
  };

  PoolTest() { pool_.emplace(loop_, terms_, series_); }
  ~PoolTest() override { pool_.reset(); }

  // A new connection that has carried one exchange, whose answer had these fields.
  std::unique_ptr<ClientConnection> used(std::unique_ptr<Stream>& service,
                                         std::string fields = "Content-Length: 0\r\n") {
    std::unique_ptr<ClientConnection> connection;
    pool_->opened();
    run(exchange(*this, connection, service, std::move(fields)));
    return connection;
  }

  void run(Task<void> task) {
    Scope scope(loop_);
    scope.spawn(std::move(task));
    EXPECT_TRUE(loop_.run_until([&] { return scope.empty(); }));
  }

  // Without captures: see two_ends.h.
  static Task<void> exchange(PoolTest& test, std::unique_ptr<ClientConnection>& connection,
                             std::unique_ptr<Stream>& service, std::string fields) {
    auto ends = co_await connected(test.loop_, *test.acceptor_, test.address_);
    service = std::move(ends.server);
    connection = std::make_unique<ClientConnection>(test.loop_, std::move(ends.client));
    co_await http::h1::say(*service, "HTTP/1.1 200 OK\r\n" + fields + "\r\n");
    Arena arena;
    http::ResponseHead head;
    const auto read = co_await connection->read_head(head, http::Method::get, arena, {.idle = 5s});
    EXPECT_TRUE(read.has_value());
    connection->begin_content(head, {.idle = 5s});
  }

  SimLoop loop_{1};
  SocketAddress address_ = SimNetwork::address(1, 80);
  std::unique_ptr<Acceptor> acceptor_ = loop_.network().acceptor(address_);
  MetricStore store_;
  ServiceSeries series_{store_, "s"};
  PoolTerms terms_{.open = 0, .most = 10, .idle_timeout = 4s};
  std::optional<Pool> pool_;
};

TEST_F(PoolTest, AnEmptyPoolGivesNothing) {
  EXPECT_EQ(pool_->take(), nullptr);
  EXPECT_FALSE(pool_->evict());
  EXPECT_EQ(pool_->idle(), 0U);
}

TEST_F(PoolTest, CountsWhatIsOpenAndWhatIsInUse) {
  std::unique_ptr<Stream> service;
  auto connection = used(service);
  EXPECT_EQ(terms_.open, 1U);
  EXPECT_EQ(pool_->in_use(), 1U);
  pool_->give_back(std::move(connection));
  EXPECT_EQ(terms_.open, 1U);
  EXPECT_EQ(pool_->in_use(), 0U);
  EXPECT_EQ(pool_->idle(), 1U);
  connection = pool_->take();
  EXPECT_NE(connection, nullptr);
  EXPECT_EQ(pool_->in_use(), 1U);
  EXPECT_EQ(pool_->idle(), 0U);
  pool_->closed();
  EXPECT_EQ(terms_.open, 0U);
}

TEST_F(PoolTest, TheOneUsedLastIsTakenFirst) {
  std::unique_ptr<Stream> first_service;
  std::unique_ptr<Stream> second_service;
  auto first = used(first_service);
  auto second = used(second_service);
  const auto* const first_given = first.get();
  const auto* const second_given = second.get();
  pool_->give_back(std::move(first));
  pool_->give_back(std::move(second));
  second = pool_->take();
  first = pool_->take();
  EXPECT_EQ(second.get(), second_given);
  EXPECT_EQ(first.get(), first_given);
  pool_->give_back(std::move(first));
  pool_->give_back(std::move(second));
}

TEST_F(PoolTest, EvictionTakesTheOneThatWaitedLongest) {
  std::unique_ptr<Stream> first_service;
  std::unique_ptr<Stream> second_service;
  auto first = used(first_service);
  auto second = used(second_service);
  const auto* const second_given = second.get();
  pool_->give_back(std::move(first));
  pool_->give_back(std::move(second));
  EXPECT_TRUE(pool_->evict());
  EXPECT_EQ(terms_.open, 1U);
  second = pool_->take();
  EXPECT_EQ(second.get(), second_given);
  pool_->give_back(std::move(second));
}

TEST_F(PoolTest, AFinRetiresAConnectionThatWaits) {
  std::unique_ptr<Stream> service;
  pool_->give_back(used(service));
  service->shutdown_write();
  loop_.run_for(1s);
  EXPECT_EQ(pool_->idle(), 0U);
  EXPECT_EQ(terms_.open, 0U);
}

TEST_F(PoolTest, BytesThatNobodyAskedForRetireAConnectionThatWaits) {
  std::unique_ptr<Stream> service;
  pool_->give_back(used(service));
  run(http::h1::say(*service, "HTTP/1.1 408 Request Timeout\r\n\r\n"));
  loop_.run_for(1s);
  EXPECT_EQ(pool_->idle(), 0U);
  EXPECT_EQ(pool_->take(), nullptr);
}

TEST_F(PoolTest, OneThatWasClosedWhileItWaitedIsNotTaken) {
  std::unique_ptr<Stream> service;
  auto connection = used(service);
  service.reset();
  loop_.run_for(1s);
  pool_->give_back(std::move(connection));
  // The watch sees it at once, before the loop has turned.
  EXPECT_EQ(pool_->idle(), 1U);
  EXPECT_EQ(pool_->take(), nullptr);
  EXPECT_EQ(pool_->idle(), 0U);
  EXPECT_EQ(terms_.open, 0U);
}

TEST_F(PoolTest, AConnectionIsKeptForTheIdleTimeout) {
  std::unique_ptr<Stream> service;
  pool_->give_back(used(service));
  loop_.run_for(terms_.idle_timeout - 100ms);
  EXPECT_EQ(pool_->idle(), 1U);
  loop_.run_for(200ms);
  EXPECT_EQ(pool_->idle(), 0U);
  EXPECT_EQ(terms_.open, 0U);
}

TEST_F(PoolTest, OrForASecondLessThanTheServiceSaid) {
  std::unique_ptr<Stream> service;
  pool_->give_back(used(service, "Content-Length: 0\r\nKeep-Alive: timeout=3\r\n"));
  loop_.run_for(1900ms);
  EXPECT_EQ(pool_->idle(), 1U);
  loop_.run_for(200ms);
  EXPECT_EQ(pool_->idle(), 0U);
}

TEST_F(PoolTest, AServiceThatKeepsConnectionsForASecondGetsNoneBack) {
  std::unique_ptr<Stream> service;
  pool_->give_back(used(service, "Content-Length: 0\r\nKeep-Alive: timeout=1\r\n"));
  EXPECT_EQ(pool_->idle(), 0U);
  EXPECT_EQ(terms_.open, 0U);
}

TEST_F(PoolTest, ALongerWordOfTheServiceDoesNotLengthenTheTimeout) {
  std::unique_ptr<Stream> service;
  pool_->give_back(used(service, "Content-Length: 0\r\nKeep-Alive: timeout=600\r\n"));
  loop_.run_for(terms_.idle_timeout + 100ms);
  EXPECT_EQ(pool_->idle(), 0U);
}

TEST_F(PoolTest, AnIdleTimeoutOfZeroKeepsNothing) {
  terms_.idle_timeout = Duration{};
  std::unique_ptr<Stream> service;
  pool_->give_back(used(service));
  EXPECT_EQ(pool_->idle(), 0U);
  EXPECT_EQ(terms_.open, 0U);
}

TEST_F(PoolTest, AShorterIdleTimeoutHoldsForThoseThatWait) {
  std::unique_ptr<Stream> service;
  pool_->give_back(used(service));
  terms_.idle_timeout = 1s;
  pool_->hasten();
  loop_.run_for(900ms);
  EXPECT_EQ(pool_->idle(), 1U);
  loop_.run_for(200ms);
  EXPECT_EQ(pool_->idle(), 0U);
}

TEST_F(PoolTest, ALongerIdleTimeoutHoldsFromTheNextWaitOn) {
  std::unique_ptr<Stream> service;
  pool_->give_back(used(service));
  terms_.idle_timeout = 1min;
  pool_->hasten();
  loop_.run_for(4100ms);
  EXPECT_EQ(pool_->idle(), 0U);
}

TEST_F(PoolTest, WhenNothingIsKeptAnyMoreThoseThatWaitAreClosedAtOnce) {
  std::unique_ptr<Stream> service;
  pool_->give_back(used(service));
  terms_.idle_timeout = Duration{};
  pool_->hasten();
  EXPECT_EQ(pool_->idle(), 0U);
}

TEST_F(PoolTest, AConnectionAboveALoweredLimitIsNotKept) {
  std::unique_ptr<Stream> service;
  auto first = used(service);
  std::unique_ptr<Stream> other;
  auto second = used(other);
  terms_.most = 1;
  pool_->give_back(std::move(first));
  EXPECT_EQ(pool_->idle(), 0U);
  pool_->give_back(std::move(second));
  EXPECT_EQ(pool_->idle(), 1U);
}

TEST_F(PoolTest, AConnectionThatCannotBeUsedAgainIsClosed) {
  std::unique_ptr<Stream> service;
  pool_->give_back(used(service, "Content-Length: 0\r\nConnection: close\r\n"));
  pool_->give_back(used(service, "Content-Length: 5\r\n"));  // Its content was not read.
  EXPECT_EQ(pool_->idle(), 0U);
  EXPECT_EQ(terms_.open, 0U);
  EXPECT_EQ(pool_->in_use(), 0U);
}

TEST_F(PoolTest, OneThatWasTakenIsNotWatchedAnyMore) {
  std::unique_ptr<Stream> service;
  pool_->give_back(used(service));
  auto connection = pool_->take();
  loop_.run_for(terms_.idle_timeout * 2);
  service->shutdown_write();
  loop_.run_for(1s);
  EXPECT_EQ(terms_.open, 1U);
  EXPECT_EQ(pool_->in_use(), 1U);
  connection->spoil();
  pool_->give_back(std::move(connection));
  EXPECT_EQ(terms_.open, 0U);
}

TEST_F(PoolTest, ClosesThoseThatWaitWithItself) {
  std::unique_ptr<Stream> service;
  pool_->give_back(used(service));
  pool_.reset();
  EXPECT_EQ(terms_.open, 0U);
  loop_.run_for(1s);
  EXPECT_EQ(loop_.network().open_streams(), 1U);  // The service's end.
}

}  // namespace
}  // namespace penstock
