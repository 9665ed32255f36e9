#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>

#include "runtime/loop.h"
#include "runtime/sim/sim_network.h"

namespace penstock {

// The simulator: a loop in virtual time over a virtual network, all of it decided by one seed. Time
// stands still while anything is ready and then jumps to whatever comes next. It is harsher than a
// kernel: cancelled operations complete some turns late, lent buffers are overwritten on their
// return, messages are cut anywhere. One loop carries clients, gateway and origins together.
class SimLoop final : public Loop {
 public:
  static constexpr Duration kLongest = std::chrono::hours(48);

  explicit SimLoop(std::uint64_t seed);
  ~SimLoop() override;

  std::string_view name() const override { return "sim"; }
  SimNetwork& network() { return network_; }

  // Turns until nothing more can happen by itself: nothing is ready, on its way or timed. False if
  // that was not reached within `most` of virtual time.
  bool run_until_idle(Duration most = kLongest);
  // Lets exactly so much virtual time pass.
  void run_for(Duration duration);
  // Turns until `done` holds. When nothing can happen by itself it waits in real time for what
  // other threads post (offload); false if `most` of virtual time passed.
  bool run_until(const std::function<bool()>& done, Duration most = kLongest);

  // `descriptor` is what SimNetwork::listen() gave.
  std::unique_ptr<Acceptor> acceptor(int descriptor) override;
  // There are no descriptors to take over.
  std::unique_ptr<Stream> adopt(int descriptor) override;

  void ready_cancelled(Operation& operation) override;
  bool start(Connect& connect) override { return network_.start(connect); }
  bool check(Connect& connect) override { return network_.check(connect); }
  void forget(Connect& connect) override { network_.forget(connect); }

 protected:
  void wait(Instant until) override;
  void wake() override;

 private:
  // Turns without any time passing before we believe that a task spins.
  static constexpr std::uint64_t kSpinning = 1'000'000;

  void run_to(Instant limit);
  bool release_cancelled();
  void jump_to(Instant instant);
  bool take_wake();
  void await_wake();

  SimNetwork network_;
  Random dice_;
  // Cancelled operations by the turns they still have to wait.
  std::array<List<Operation, RunTag>, 4> late_;
  Instant limit_ = kNever;
  bool quiet_ = false;                           // Nothing is to happen before limit_.
  const std::function<bool()>* done_ = nullptr;  // Of run_until().
  std::uint64_t turns_at_instant_ = 0;

  std::mutex mutex_;
  std::condition_variable woken_changed_;
  bool woken_ = false;
};

}  // namespace penstock
