#include "runtime/scope.h"

namespace penstock {

// The coroutine at the bottom of a task's chain. It owns itself.
struct Scope::Root {
  struct promise_type : task_detail::Promise {
    promise_type(Scope& scope, Task<void>&) : scope_(scope) { job = &running; }

    Root get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    void return_void() {}

    struct End {
      bool await_ready() noexcept { return false; }
      void await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        auto& scope = self.promise().scope_;
        scope.ended(self.promise().running);
        self.destroy();
      }
      void await_resume() noexcept {}
    };
    End final_suspend() noexcept { return {}; }

    Running running;

   private:
    Scope& scope_;
  };

  std::coroutine_handle<promise_type> handle;
};

Scope::Root Scope::run(Scope&, Task<void> task) {
  co_await std::move(task);
}

void Scope::spawn(Task<void> task) {
  auto root = run(*this, std::move(task));
  auto& running = root.handle.promise().running;
  jobs_.push_back(running);
  ++size_;
  if (cancelled_) running.cancel();
  root.handle.resume();
}

void Scope::cancel() {
  cancelled_ = true;
  jobs_.each([](Running& running) { running.cancel(); });
}

void Scope::ended(Running& running) {
  running.unlink();
  --size_;
  if (!jobs_.empty() || waiting_ == nullptr) return;
  auto& join = *waiting_;
  waiting_ = nullptr;
  loop_.ready(join);
}

}  // namespace penstock
