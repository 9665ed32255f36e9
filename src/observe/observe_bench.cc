#include <benchmark/benchmark.h>

#include <array>
#include <chrono>

#include "base/uuid.h"
#include "observe/access_log.h"
#include "observe/series.h"
#include "observe/trace.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

void access_line(benchmark::State& state) {
  AccessLine line;
  AccessRecord record;
  record.time = WallTime(1'767'323'045'678ms);
  record.request_id = "019b7d8c-5a6e-7abc-8def-0123456789ab";
  record.trace_id = "0af7651916cd43dd8448eb211c80319c";
  record.span_id = "b7ad6b7169203331";
  record.client_ip = "192.0.2.7";
  record.method = "GET";
  record.host = "api.example.com";
  record.path = "/api/orders/8812/items/3";
  record.query = "page=2";
  record.route_id = "orders-items-get";
  record.upstream_service = "order-service";
  record.upstream_endpoint = "10.0.1.10:8080";
  record.attempts = 1;
  record.status_code = record.upstream_status = 200;
  record.bytes_out = 18'334;
  record.latency = 12'345'678ns;
  record.upstream_latency = 12'000'999ns;
  record.gateway_latency = 344'679ns;
  record.user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
  record.config_version = 3;
  LogRing ring;
  for (auto _ : state) {
    record.time += 20us;
    if (!ring.try_push(line.format(record))) ring.pop(ring.waiting().size());
  }
}
BENCHMARK(access_line);

// All that one forwarded request counts.
void metrics_of_a_request(benchmark::State& state) {
  MetricStore store;
  WorkerSeries worker(store);
  ServiceSeries service(store, "order-service");
  RouteSeries route(store, "orders-get", "/api/orders/{id}");
  auto duration = Duration(1ms);
  for (auto _ : state) {
    worker.active_requests("GET", false, 1);
    service.reused();
    service.attempt_ended(200, duration);
    route.finished({.method = "GET",
                    .status = 200,
                    .service = &service,
                    .duration = duration,
                    .overhead = 40us});
    worker.active_requests("GET", false, -1);
    duration += 1us;
    benchmark::ClobberMemory();
  }
}
BENCHMARK(metrics_of_a_request);

void uuid(benchmark::State& state) {
  Random random(1);
  UuidSource source(random);
  WallTime now{1'767'323'045'678ms};
  char text[kUuidSize];
  for (auto _ : state) {
    now += 10us;
    benchmark::DoNotOptimize(source.next(now, text));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(uuid);

void trace_continued(benchmark::State& state) {
  Random random(1);
  std::array<char, Trace::kParentSize> out;
  for (auto _ : state) {
    const auto trace = Trace::continue_or_begin(
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true, random);
    benchmark::DoNotOptimize(trace.write(out));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(trace_continued);

}  // namespace
}  // namespace penstock
