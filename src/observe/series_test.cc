#include "observe/series.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "observe/test_metrics.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

TEST(RouteSeries, CountsByServiceClassAndReason) {
  MetricStore store;
  const ServiceSeries service(store, "orders");
  RouteSeries route(store, "orders-get", "/orders/{id}");
  for (int i = 0; i < 3; ++i)
    route.finished(
        {.method = "GET", .status = 200, .service = &service, .duration = 6ms, .overhead = 60us});
  route.finished({.method = "GET", .status = 204, .service = &service});
  route.finished({.method = "BREW", .tls = true, .status = 503, .reason = &reasons::kNoEndpoint});
  const auto metrics = merged(store);
  EXPECT_EQ(value_of(metrics, Family::requests, {"orders-get", "orders", "2xx", ""}), 4U);
  EXPECT_EQ(value_of(metrics, Family::requests, {"orders-get", "", "5xx", "no_healthy_endpoint"}),
            1U);
  // In the first bucket, up to 5 ms: none of the three that took 6.
  EXPECT_EQ(value_of(metrics, Family::server_request_duration,
                     {"GET", "http", "/orders/{id}", "200", "1.1", ""}),
            0U);
  EXPECT_EQ(value_of(metrics, Family::server_request_duration,
                     {"_OTHER", "https", "/orders/{id}", "503", "1.1", "no_healthy_endpoint"}),
            1U);
  EXPECT_EQ(value_of(metrics, Family::overhead, {"orders-get"}), 0U);
}

TEST(RouteSeries, LetsNoOriginMakeUpSeries) {
  MetricStore store;
  RouteSeries route(store, "r", "/r");
  for (int status = 0; status < 2000; ++status)
    route.finished({.method = "GET", .status = static_cast<std::uint16_t>(status)});
  EXPECT_LT(store.series_count(), 100U);
  const auto metrics = merged(store);
  EXPECT_EQ(value_of(metrics, Family::server_request_duration,
                     {"GET", "http", "/r", "_other", "1.1", "_other"}),
            89U);
  EXPECT_EQ(value_of(metrics, Family::requests, {"r", "", "5xx", ""}), 100U);
}

TEST(RouteSeries, KeepsApartManyCombinations) {
  MetricStore store;
  const ServiceSeries a(store, "a");
  const ServiceSeries b(store, "b");
  RouteSeries route(store, "r", "/r");
  for (int round = 0; round < 2; ++round) {
    for (const auto* method : {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
      for (std::uint16_t status = 200; status < 209; ++status) {
        route.finished({.method = method, .status = status, .service = &a});
        route.finished({.method = method, .status = status, .service = &b});
      }
    }
  }
  const auto metrics = merged(store);
  EXPECT_EQ(value_of(metrics, Family::requests, {"r", "a", "2xx", ""}), 126U);
  EXPECT_EQ(value_of(metrics, Family::requests, {"r", "b", "2xx", ""}), 126U);
  EXPECT_EQ(
      value_of(metrics, Family::server_request_duration, {"PUT", "http", "/r", "207", "1.1", ""}),
      4U);
}

TEST(RouteSeries, CountsDeprecatedVersionsApart) {
  MetricStore store(MetricStore::kSeriesLimit, 1);
  RouteSeries route(store, "r", "/r");
  route.deprecated("v1");
  route.deprecated("v2");
  route.deprecated("v1");
  RouteSeries one_too_many(store, "s", "/s");
  one_too_many.deprecated("v9");
  const auto metrics = merged(store);
  EXPECT_EQ(value_of(metrics, Family::deprecated_requests, {"r", "v1"}), 2U);
  EXPECT_EQ(value_of(metrics, Family::deprecated_requests, {"r", "v2"}), 1U);
  EXPECT_EQ(value_of(metrics, Family::deprecated_requests, {"_other", "_other"}), 1U);
}

TEST(Series, CountWhatTheyAreTold) {
  MetricStore store;
  WorkerSeries worker(store);
  ListenerSeries listener(store, "public");
  ServiceSeries service(store, "s");
  worker.active_requests("GET", false, 1);
  worker.active_requests("GET", false, 1);
  worker.active_requests("GET", false, -1);
  worker.missed(RouteMiss::no_path);
  worker.hit(Limit::header_bytes);
  listener.accepted();
  listener.refused(Refusal::draining);
  listener.connections(ConnectionState::active, 1);
  service.attempt_ended(0, 1s);
  service.attempt_ended(404, 1ms);
  service.retried(RetryOutcome::over_budget);
  service.connect_ended(ConnectOutcome::refused);
  service.reused();
  service.connections(ConnectionState::idle, 2);
  service.ejected("127.0.0.1:1");
  const auto metrics = merged(store);
  EXPECT_EQ(value_of(metrics, Family::server_active_requests, {"GET", "http"}), 1U);
  EXPECT_EQ(value_of(metrics, Family::route_misses, {"no_path"}), 1U);
  EXPECT_EQ(value_of(metrics, Family::limit_hits, {"headerBytes"}), 1U);
  EXPECT_EQ(value_of(metrics, Family::connections_accepted, {"public"}), 1U);
  EXPECT_EQ(value_of(metrics, Family::connections_refused, {"public", "draining"}), 1U);
  EXPECT_EQ(value_of(metrics, Family::connections, {"public", "active"}), 1U);
  EXPECT_EQ(value_of(metrics, Family::upstream_request_duration, {"s", "4xx"}), 1U);
  EXPECT_EQ(value_of(metrics, Family::upstream_request_duration, {"s", "none"}), 0U);
  EXPECT_EQ(value_of(metrics, Family::retries, {"s", "over_budget"}), 1U);
  EXPECT_EQ(value_of(metrics, Family::upstream_connects, {"s", "refused"}), 1U);
  EXPECT_EQ(value_of(metrics, Family::upstream_reuses, {"s"}), 1U);
  EXPECT_EQ(value_of(metrics, Family::upstream_connections, {"s", "idle"}), 2U);
  EXPECT_EQ(value_of(metrics, Family::endpoint_ejections, {"s", "127.0.0.1:1"}), 1U);
}

}  // namespace
}  // namespace penstock
