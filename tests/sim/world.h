#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"
#include "config/snapshot.h"
#include "control/directory.h"
#include "gateway/gateway.h"
#include "listener/listener.h"
#include "observe/metrics.h"
#include "runtime/scope.h"
#include "runtime/sim/sim_loop.h"

namespace penstock::sim {

// A whole gateway on a simulated loop: its listener at 10.0.0.1:8080, one service `s` whose
// instances are 10.0.0.11:80 and so on, and one route for everything.
class World {
 public:
  // `service`: more keys of the service, as YAML: `timeouts: { connect: 1s }`.
  World(std::uint64_t seed, std::uint8_t instances, std::string_view service = {});
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  SimLoop& loop() { return loop_; }
  SimNetwork& network() { return loop_.network(); }
  Random& random() { return random_; }
  static SocketAddress gateway() { return SimNetwork::address(1, 8080); }
  static SocketAddress instance(std::uint8_t i) {
    return SimNetwork::address(static_cast<std::uint8_t>(11 + i), 80);
  }
  static constexpr std::uint16_t kInstancePort = 80;

  // Another version of the configuration: with other keys of the service, which may have another
  // name, and another place among services that nobody asks for.
  void publish(std::string_view service, std::string_view name = "s");

  // Whatever the test wants to run beside the gateway; cancelled at the end.
  Scope& scope() { return scope_; }
  // Runs a task to its end.
  void run(Task<void> task);
  // Stops accepting, and lets what is in flight end.
  void drain() { listener_->drain(); }
  // What the process knows of the service that the route leads to.
  const ServiceState& service() const { return *service_; }
  bool drained() const { return listener_->idle() && serving_.empty(); }
  // Cancels whatever the gateway does, and waits for it to end.
  void end_gateway();

  // Evenly among [0, most].
  Duration up_to(Duration most) {
    return Duration(
        static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most.count()) + 1)));
  }
  bool chance(unsigned percent) { return random_.below(100) < percent; }

 private:
  SimLoop loop_;
  Random random_;
  const std::uint8_t instances_;
  std::uint64_t version_ = 0;
  DirectoryBuilder directory_;
  std::vector<std::shared_ptr<const EndpointState>> states_;  // All there ever were.
  std::shared_ptr<const ServiceState> service_;
  MetricStore store_;
  Gateway gateway_;
  std::unique_ptr<ListenerShared> shared_;
  std::unique_ptr<Listener> listener_;
  Scope serving_{loop_};
  Scope scope_{loop_};
};

}  // namespace penstock::sim
