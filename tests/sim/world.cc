#include "world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace penstock::sim {
namespace {

// The longest that anything takes to end once it is cancelled.
constexpr Duration kEnd = std::chrono::seconds(1);

constexpr std::string_view kOthers =
    "{ serviceName: other, instances: [ { host: 10.0.0.200, port: 80 } ] }, "
    "{ serviceName: another, instances: [ { host: 10.0.0.201, port: 80 } ] },";

Config config_of(std::uint8_t instances, std::string_view service, std::string_view name,
                 bool others_first) {
  std::string list;
  for (int i = 0; i < instances; ++i)
    list += fmt::format("{{ host: 10.0.0.{}, port: {} }}, ", 11 + i, World::kInstancePort);
  const auto text = fmt::format(
      R"(listeners: [ {{ name: public, address: "10.0.0.1:8080" }} ]
services: [ {} {{ serviceName: {}, instances: [ {} ], {} }}, {} ]
routes:
  - {{ routeId: r, methods: [ GET, POST, PUT ], path: "/*", upstreamService: {},
      authRequired: false }}
)",
      others_first ? kOthers : "", name, list, service, others_first ? "" : kOthers, name);
  auto loaded = load_text("sim", text, [](std::string_view) { return std::nullopt; });
  for (const auto& finding : loaded.findings) ADD_FAILURE() << finding.text;
  ensure(loaded.ok);
  return std::move(loaded.config);
}

Task<void> set_when_done(Task<void> task, bool& done) {
  co_await std::move(task);
  done = true;
}

}  // namespace

World::World(std::uint64_t seed, std::uint8_t instances, std::string_view service)
    : loop_(seed),
      random_(seed ^ 0x776f'726c'64),
      instances_(instances),
      gateway_(loop_, store_, nullptr, 1) {
  publish(service);
  const auto config = config_of(instances, service, "s", false);
  shared_ = std::make_unique<ListenerShared>(config.node.listeners.front(),
                                             *Address::parse("10.0.0.1:8080"), CidrSet{}, 10'000U);
  listener_ = std::make_unique<Listener>(
      loop_, *shared_, loop_.network().listen(gateway()), store_, gateway_.series(),
      [this](Exchange& exchange) { return gateway_.serve(exchange); });
  listener_->start(serving_);
}

World::~World() {
  scope_.cancel();
  EXPECT_TRUE(loop_.run_until([this] { return scope_.empty(); }, kEnd));
  end_gateway();
  EXPECT_EQ(loop_.buffers().lent(), 0U);
  for (const auto& state : states_) EXPECT_EQ(state->in_flight(), 0U);
  EXPECT_EQ(service_->bulkhead.load().inside, 0U);
  EXPECT_EQ(service_->bulkhead.load().pending, 0U);
}

void World::publish(std::string_view service, std::string_view name) {
  const auto document = config_of(instances_, service, name, ++version_ % 2 == 0).document;
  auto directory = directory_.build(document.services, resolve_hosts(document.services));
  for (const auto& set : directory->services) {
    if (set->service == name) service_ = set->state;
    for (const auto& endpoint : set->endpoints) states_.push_back(endpoint.state);
  }
  gateway_.directory().swap_to(new Edition<Directory>(loop_, std::move(directory), 1));
  gateway_.snapshot().swap_to(
      new Edition<Snapshot>(loop_, std::move(*compile(document, version_)), 1));
}

void World::end_gateway() {
  serving_.cancel();
  EXPECT_TRUE(loop_.run_until([this] { return serving_.empty(); }, kEnd));
}

void World::run(Task<void> task) {
  bool done = false;
  scope_.spawn(set_when_done(std::move(task), done));
  EXPECT_TRUE(loop_.run_until([&] { return done; }));
}

}  // namespace penstock::sim
