#pragma once

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/loop.h"

namespace penstock {

// A few threads for what is slow by nature: name resolution, files, compiling a configuration.
// Never for anything on a request's way: its threads stand back behind those that answer. It ends
// before the loops that wait for it: a thread may still be waking a loop whose task has gone on
// already.
class OffloadPool {
 public:
  explicit OffloadPool(std::size_t threads);
  OffloadPool(const OffloadPool&) = delete;
  OffloadPool& operator=(const OffloadPool&) = delete;
  // Finishes what was submitted, then joins.
  ~OffloadPool();

  // From any thread. `work` runs on one of the pool's threads.
  void submit(std::move_only_function<void()> work);

 private:
  void serve();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::move_only_function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

// `co_await offload(pool, loop, function)` runs the function on the pool and gives its result. It
// cannot be cancelled: what it computes is waited for, so whatever it refers to stays alive.
template <class F>
class Offload final : public Operation {
 public:
  using Value = std::invoke_result_t<F&>;
  static_assert(!std::is_void_v<Value>, "an offloaded function returns a value");

  Offload(OffloadPool& pool, Loop& loop, F function)
      : Operation(loop, Timeout{}), pool_(pool), function_(std::move(function)) {}

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    sleep(waiter);
    pool_.submit([this] {
      value_.emplace(function_());
      loop_.post([this] { finish(); });
    });
  }
  Value await_resume() { return std::move(*value_); }
  void cancel(Error::Kind) override {}

 private:
  OffloadPool& pool_;
  F function_;
  std::optional<Value> value_;
};

template <class F>
Offload<F> offload(OffloadPool& pool, Loop& loop, F function) {
  return {pool, loop, std::move(function)};
}

}  // namespace penstock
