#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "base/ensure.h"
#include "runtime/frame_pool.h"
#include "runtime/operation.h"

namespace penstock {

template <class T>
class Task;

namespace task_detail {

// What every promise has: its place in the chain, and the job that the chain is.
struct Promise {
  std::coroutine_handle<> continuation = std::noop_coroutine();
  Job* job = nullptr;

  static void* operator new(std::size_t size) { return frame_pool::take(size); }
  static void operator delete(void* memory, std::size_t size) {
    frame_pool::give_back(memory, size);
  }

  std::suspend_always initial_suspend() noexcept { return {}; }
  [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }

  struct Final {
    bool await_ready() noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> self) noexcept {
      return self.promise().continuation;
    }
    void await_resume() noexcept {}
  };
  Final final_suspend() noexcept { return {}; }

  // Operations learn which job awaits them before they are asked whether they are ready.
  template <class Awaitable>
  decltype(auto) await_transform(Awaitable&& awaitable) {
    if constexpr (requires { awaitable.bind(*job); }) {
      ensure(job != nullptr);
      awaitable.bind(*job);
    }
    return std::forward<Awaitable>(awaitable);
  }
};

template <class T>
struct ValuePromise : Promise {
  std::optional<T> value;
  Task<T> get_return_object();
  template <class U>
  void return_value(U&& from) {
    value.emplace(std::forward<U>(from));
  }
};

template <>
struct ValuePromise<void> : Promise {
  Task<void> get_return_object();
  void return_void() {}
};

}  // namespace task_detail

// Gives the job that awaits it: `co_await ThisJob()`.
class ThisJob {
 public:
  void bind(Job& job) { job_ = &job; }
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  Job& await_resume() const noexcept { return *job_; }

 private:
  Job* job_ = nullptr;
};

// A coroutine that starts when it is awaited and resumes its awaiter when it ends. Await it once;
// it must not be destroyed between its start and its end.
template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = task_detail::ValuePromise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept
      : handle_(std::exchange(other.handle_, {})), started_(other.started_) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (!handle_) return;
    ensure(!started_ || handle_.done());
    handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  template <class P>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<P> caller) noexcept {
    handle_.promise().continuation = caller;
    handle_.promise().job = caller.promise().job;
    started_ = true;
    return handle_;
  }
  T await_resume() {
    if constexpr (!std::is_void_v<T>) return std::move(*handle_.promise().value);
  }

 private:
  Handle handle_;
  bool started_ = false;
};

namespace task_detail {
template <class T>
Task<T> ValuePromise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<ValuePromise>::from_promise(*this));
}
inline Task<void> ValuePromise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<ValuePromise>::from_promise(*this));
}
}  // namespace task_detail

}  // namespace penstock
