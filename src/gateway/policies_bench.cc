#include <benchmark/benchmark.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "config/load.h"
#include "gateway/gateway.h"
#include "policy/policy.h"
#include "runtime/scope.h"
#include "runtime/sim/sim_loop.h"

namespace penstock {
namespace {

constexpr std::string_view kConfig = R"(
listeners: [ { name: public, address: "10.0.0.1:8080" } ]
services: [ { serviceName: s, instances: [ { host: 10.0.0.11, port: 80 } ] } ]
routes: [ { routeId: r, path: "/r", upstreamService: s, authRequired: false } ]
)";

class Nothing final : public Policy {
 public:
  explicit Nothing(Stage stage) : Policy("nothing"), stage_(stage) {}
  std::string_view kind() const override { return "nothing"; }
  Stage stage() const override { return stage_; }

 private:
  const Stage stage_;
};

// Answers, so that no service is needed.
class Empty final : public Policy {
 public:
  Empty() : Policy("empty") {}
  std::string_view kind() const override { return "empty"; }
  Stage stage() const override { return Stage::select; }
  Step on_request(Exchange& exchange) const override {
    exchange.response.status = 204;
    return answer();
  }
};

// Takes every answer at once.
class Nobody final : public http::Responder {
 public:
  void close_after() override {}
  Stream& client() override { std::terminate(); }
  Task<Result<void>> interim(const http::ResponseHead&) override { co_return Result<void>{}; }
  Task<http::Sent> respond(http::ResponseHead&, http::Body*) override { co_return http::Sent{}; }
  Task<Result<http::h1::Input*>> switch_protocols(const http::ResponseHead&) override {
    co_return fail(Error::Kind::system);
  }
};

// A gateway whose one route has so many policies that do nothing, spread over the stages.
struct Bench {
  explicit Bench(std::int64_t count) {
    auto loaded = load_text("t", kConfig, [](std::string_view) { return std::nullopt; });
    auto snapshot = std::move(*compile(loaded.config.document, 1));
    auto set = std::make_shared<PolicySet>();
    constexpr auto first = static_cast<std::int64_t>(Stage::cors);
    constexpr auto stages = static_cast<std::int64_t>(Stage::select) - first;
    for (std::int64_t i = 0; i < count; ++i)
      set->all.push_back(std::make_unique<Nothing>(static_cast<Stage>(first + i * stages / count)));
    set->all.push_back(std::make_unique<Empty>());
    set->chains.assign(1, {});
    for (const auto& policy : set->all) set->chains[0].push_back(policy.get());
    snapshot->policies = {.set = std::move(set), .of_route = {0}};
    gateway.snapshot().swap_to(new Edition<Snapshot>(loop, std::move(snapshot), 1));
    gateway.directory().swap_to(new Edition<Directory>(loop, std::make_unique<Directory>(), 1));
  }
  ~Bench() {
    gateway.snapshot().reset();
    gateway.directory().reset();
  }

  void receive() {
    exchange.clear();
    exchange.entrance = &entrance;
    exchange.peer = &peer;
    exchange.responder = &nobody;
    auto& request = exchange.request;
    request.method = http::Method::get;
    request.method_text = "GET";
    request.target = "/r";
    request.authority = "api.example.com";
    request.fields.add(http::Name::host, "api.example.com");
    request.fields.add("Accept", "*/*");
  }

  SimLoop loop{1};
  MetricStore store;
  const CidrSet trusted;
  const Entrance entrance{
      .listener = "public", .port = 8080, .trusted_proxies = &trusted, .body_bytes = 1024};
  const Address peer = *Address::parse("10.0.0.2:4000");
  Nobody nobody;
  Exchange exchange{loop};
  Gateway gateway{loop, store, nullptr, 1};
};

Task<void> serve_many(Bench& bench, benchmark::State& state) {
  while (state.KeepRunning()) {
    bench.receive();
    co_await bench.gateway.serve(bench.exchange);
  }
}

// A request from head to report, without any network: what a stage costs is the slope.
void serve(benchmark::State& state) {
  Bench bench(state.range(0));
  Scope scope(bench.loop);
  scope.spawn(serve_many(bench, state));
}
BENCHMARK(serve)->Name("gateway/serve_with_idle_policies")->Arg(0)->Arg(3)->Arg(100);

}  // namespace
}  // namespace penstock
