#include "observe/exposition.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "observe/process.h"
#include "observe/series.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

std::string exposed(const MetricStore& store, MetricFormat format) {
  const std::vector<MetricCopy> copies{store.copy()};
  return expose(merge(copies), format);
}

// Every family once.
void fill(MetricStore& store) {
  WorkerSeries worker(store);
  ListenerSeries listener(store, "public");
  ServiceSeries service(store, "order-service");
  RouteSeries route(store, "orders-get", "/orders/{id}");
  RouteSeries none(store, "", "");
  ProcessSeries process(store, "0.1.0");
  process.sample();
  worker.active_requests("GET", true, 1);
  service.attempt_ended(200, 5ms);
  listener.secured("TLSv1.3", false);
  listener.handshake_failed("timed_out");
  store.set(store.gauge(Family::tls_certificate_expiry, {"public", "example.com"}), 1);
  store.add(store.counter(Family::tls_certificate_reloads, {"success"}));
  store.set(store.gauge(Family::overload_pressure, {"memory"}), 1234);
  store.add(store.counter(Family::overload_shed, {"memory", "request"}));
  service.ejected("127.0.0.1:9001");
  route.finished(
      {.method = "GET", .status = 200, .service = &service, .duration = 7s, .overhead = 80us});
  route.deprecated("v1");
  none.finished({.method = "GET", .status = 404, .reason = &reasons::kNoRoute});
  store.set(store.gauge(Family::endpoint_healthy, {"order-service", "127.0.0.1:9001"}), 1);
  store.observe(store.histogram(Family::policy_duration, {"transform", "headers"}), 1us);
  store.add(store.counter(Family::ratelimit_decisions, {"standard-user", "allowed"}));
  store.set(store.gauge(Family::config_last_apply_success), 1);
  store.add(store.counter(Family::config_applies, {"success"}));
  store.observe(store.histogram(Family::config_apply), 1s);
  store.set(store.gauge(Family::config_version_info, {"3", "abc"}), 1);
  store.set(store.gauge(Family::config_fallback), 0);
  store.set(store.gauge(Family::config_waiting_for_restart), 0);
  store.add(store.counter(Family::upgrades, {"success"}));
  store.set(store.gauge(Family::circuit_state, {"order-service"}), 2);
  store.add(store.counter(Family::circuit_transitions, {"order-service", "open"}));
  store.set(store.gauge(Family::bulkhead_requests, {"order-service", "active"}), 1);
  store.add(store.counter(Family::health_checks, {"order-service", "passed"}));
}

TEST(Exposition, WritesPrometheusText) {
  MetricStore store;
  store.add(store.counter(Family::upstream_reuses, {"a\"b\\c\nd"}), 3);
  store.set(store.counter(Family::process_cpu), 1'500'000'000);
  store.set(store.gauge(Family::build_info, {"0.1.0"}), 1);
  store.add(store.gauge(Family::connections, {"l", "idle"}), -1);
  EXPECT_EQ(exposed(store, MetricFormat::prometheus),
            "# HELP penstock_connections Client connections open now; idle ones wait for a "
            "request.\n"
            "# TYPE penstock_connections gauge\n"
            "penstock_connections{listener=\"l\",state=\"idle\"} -1\n"
            "# HELP penstock_upstream_reuses_total Requests sent on a connection that had carried "
            "one before.\n"
            "# TYPE penstock_upstream_reuses_total counter\n"
            "penstock_upstream_reuses_total{service=\"a\\\"b\\\\c\\nd\"} 3\n"
            "# HELP penstock_build_info What is running.\n"
            "# TYPE penstock_build_info gauge\n"
            "penstock_build_info{version=\"0.1.0\"} 1\n"
            "# HELP process_cpu_seconds_total User and system CPU time spent.\n"
            "# TYPE process_cpu_seconds_total counter\n"
            "process_cpu_seconds_total 1.5\n");
}

TEST(Exposition, WritesOpenMetrics) {
  MetricStore store;
  store.set(store.counter(Family::process_cpu), 2'000'000'000);
  store.set(store.gauge(Family::build_info, {"0.1.0"}), 1);
  EXPECT_EQ(exposed(store, MetricFormat::openmetrics),
            "# HELP penstock_build What is running.\n"
            "# TYPE penstock_build info\n"
            "penstock_build_info{version=\"0.1.0\"} 1\n"
            "# HELP process_cpu_seconds User and system CPU time spent.\n"
            "# TYPE process_cpu_seconds counter\n"
            "# UNIT process_cpu_seconds seconds\n"
            "process_cpu_seconds_total 2.0\n"
            "# EOF\n");
}

TEST(Exposition, AccumulatesBuckets) {
  MetricStore store;
  const auto histogram = store.histogram(Family::upstream_request_duration, {"s", "2xx"});
  store.observe(histogram, 5ms);
  store.observe(histogram, 800ms);
  store.observe(histogram, 11s);
  const auto text = exposed(store, MetricFormat::prometheus);
  const std::string name = "penstock_upstream_request_duration_seconds";
  const std::string labels = "{service=\"s\",code_class=\"2xx\"";
  for (const auto* line : {",le=\"0.005\"} 1\n", ",le=\"0.75\"} 1\n", ",le=\"1\"} 2\n",
                           ",le=\"10\"} 2\n", ",le=\"+Inf\"} 3\n"})
    EXPECT_NE(text.find(name + "_bucket" + labels + line), std::string::npos) << line;
  EXPECT_NE(text.find(name + "_sum" + labels + "} 11.805\n"), std::string::npos) << text;
  EXPECT_NE(text.find(name + "_count" + labels + "} 3\n"), std::string::npos);
  EXPECT_NE(exposed(store, MetricFormat::openmetrics).find(",le=\"1.0\"} 2\n"), std::string::npos);
}

TEST(Exposition, ShowsEachFamilyOnceAndTogether) {
  MetricStore store;
  fill(store);
  const auto text = exposed(store, MetricFormat::prometheus);
  for (const auto& family : all_families()) {
    const auto type = "# TYPE " + std::string(family.name) + " ";
    const auto at = text.find(type);
    EXPECT_NE(at, std::string::npos) << type;
    EXPECT_EQ(text.find(type, at + 1), std::string::npos) << type;
  }
}

TEST(Exposition, IsCleanUnderPromtool) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "promtool is not installed (Debian's prometheus)";
  MetricStore store;
  fill(store);
  char name[] = "/tmp/penstock-metrics-XXXXXX";
  const int fd = mkstemp(name);
  ASSERT_GE(fd, 0);
  const auto text = exposed(store, MetricFormat::prometheus);
  ASSERT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  close(fd);
  const auto command = std::string("promtool check metrics <") + name + " 1>&2";
  EXPECT_EQ(std::system(command.c_str()), 0) << text;
  unlink(name);
}

TEST(Exposition, GivesTheFormatThatIsPreferred) {
  using enum MetricFormat;
  EXPECT_EQ(metric_format_for(""), prometheus);
  EXPECT_EQ(metric_format_for("*/*"), prometheus);
  EXPECT_EQ(metric_format_for("text/html,application/xhtml+xml,*/*;q=0.8"), prometheus);
  // As Prometheus itself asks.
  EXPECT_EQ(metric_format_for("application/openmetrics-text;version=1.0.0,"
                              "application/openmetrics-text;version=0.0.1;q=0.75,"
                              "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
            openmetrics);
  EXPECT_EQ(metric_format_for("Application/OpenMetrics-Text ; Version=1.0.0 ; q=0.5"), openmetrics);
  EXPECT_EQ(metric_format_for("application/openmetrics-text;version=1.0.0;q=0.4,text/plain;q=0.5"),
            prometheus);
  EXPECT_EQ(metric_format_for("application/openmetrics-text;version=0.0.1"), prometheus);
  EXPECT_EQ(metric_format_for("application/openmetrics-text;q=0"), prometheus);
  EXPECT_EQ(metric_format_for("application/openmetrics-text;q=nonsense"), prometheus);
  EXPECT_EQ(metric_format_for(",;,=;q,application/openmetrics-text"), openmetrics);
}

}  // namespace
}  // namespace penstock
