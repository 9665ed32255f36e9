#pragma once

#include <coroutine>
#include <cstddef>

#include "base/list.h"
#include "runtime/loop.h"
#include "runtime/operation.h"
#include "runtime/task.h"

namespace penstock {

// Owns tasks: everything that runs belongs to a Scope, and a Scope ends only when all of it has
// ended. On one loop; destroyed only when empty, so a coroutine that has a Scope of its own awaits
// close() (or join()) on every way out.
class Scope {
 public:
  explicit Scope(Loop& loop) : loop_(loop) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() { ensure(jobs_.empty()); }

  // Starts the task at once; it runs until it first waits. In a scope that is closing it starts
  // cancelled.
  void spawn(Task<void> task);

  // Every task's present and later operations answer Error::cancelled.
  void cancel();
  // After close() has completed: tasks may be spawned again.
  void reopen() {
    ensure(jobs_.empty());
    cancelled_ = false;
  }
  bool empty() const { return jobs_.empty(); }
  std::size_t size() const { return size_; }

  // Completes when no task is left. It does not end early: when the awaiting job is cancelled, that
  // is passed on to the tasks, and they are still waited for.
  class Join;
  Join join();
  // cancel(), then join().
  Join close();

 private:
  struct Root;
  struct Running : Link<>, Job {};

  static Root run(Scope& scope, Task<void> task);
  void ended(Running& running);

  Loop& loop_;
  List<Running> jobs_;
  std::size_t size_ = 0;
  bool cancelled_ = false;
  Join* waiting_ = nullptr;
};

class Scope::Join final : public Operation {
 public:
  explicit Join(Scope& scope) : Operation(scope.loop_, Timeout{}), scope_(scope) {}

  bool await_ready() {
    if (cancelled()) scope_.cancel();
    return scope_.empty();
  }
  void await_suspend(std::coroutine_handle<> waiter) {
    ensure(scope_.waiting_ == nullptr);
    scope_.waiting_ = this;
    sleep(waiter);
  }
  void await_resume() {}
  // A task may have been spawned since the last one ended.
  void run() override {
    if (scope_.empty()) return finish();
    scope_.waiting_ = this;
  }
  void cancel(Error::Kind) override { scope_.cancel(); }

 private:
  Scope& scope_;
};

inline Scope::Join Scope::join() {
  return Join(*this);
}
inline Scope::Join Scope::close() {
  cancel();
  return Join(*this);
}

}  // namespace penstock
