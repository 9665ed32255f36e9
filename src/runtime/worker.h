#pragma once

#include <memory>
#include <string>
#include <thread>

#include "base/result.h"
#include "runtime/loop.h"
#include "runtime/runtime_config.h"

namespace penstock {

// One thread with one loop, on one core if it is pinned. What runs on it is given to start().
class Worker {
 public:
  // Makes the loop that the configuration asks for; the thread comes with start().
  static Result<std::unique_ptr<Worker>> create(std::string name, IoChoice io, std::uint64_t seed);
  ~Worker() { join(); }

  Loop& loop() { return *loop_; }
  const std::string& name() const { return name_; }

  // Starts the thread. `core` < 0: wherever the kernel likes.
  void start(int core);
  // Ends the loop after its current turn; see join(). Any thread.
  void stop() { loop_->stop(); }
  void join();

 private:
  Worker(std::string name, std::unique_ptr<Loop> loop)
      : name_(std::move(name)), loop_(std::move(loop)) {}

  std::string name_;
  std::unique_ptr<Loop> loop_;
  std::thread thread_;
};

}  // namespace penstock
