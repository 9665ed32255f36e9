#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/ensure.h"
#include "runtime/loop.h"
#include "runtime/offload.h"
#include "runtime/scheduling.h"

namespace penstock {

// Something immutable that control hands to the workers. Each worker has one Replica of it, swapped
// between turns of its loop; users on the worker hold Pins, counted without atomics. When the last
// worker has let go of an edition it travels back to control's loop and is freed there; or, since
// to free a large one takes its time, on `pool`, which outlives the editions.
template <class T>
class Edition {
 public:
  Edition(Loop& home, std::unique_ptr<const T> value, std::uint32_t workers,
          OffloadPool* pool = nullptr)
      : home_(home), pool_(pool), value_(std::move(value)), holders_(workers) {}

  const T& value() const { return *value_; }

  // A worker lets go. Any thread.
  void release() {
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    home_.post([this] { free(); });
  }

 private:
  void free() {
    if (pool_ == nullptr) return delete this;
    pool_->submit([this] {
      const GivingWay giving_way;
      delete this;
    });
  }

  Loop& home_;
  OffloadPool* const pool_;
  std::unique_ptr<const T> value_;
  std::atomic<std::uint32_t> holders_;
};

template <class T>
class Replica;

// Keeps one edition alive on its worker. Copying counts; cheap and not for other threads.
template <class T>
class Pin {
 public:
  Pin() = default;
  Pin(const Pin& other) : held_(other.held_) {
    if (held_ != nullptr) ++held_->pins;
  }
  Pin(Pin&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
  Pin& operator=(Pin other) noexcept {
    std::swap(held_, other.held_);
    return *this;
  }
  ~Pin() { reset(); }

  void reset() {
    auto* const held = std::exchange(held_, nullptr);
    if (held == nullptr || --held->pins > 0) return;
    held->edition->release();
    delete held;
  }
  explicit operator bool() const { return held_ != nullptr; }
  const T& operator*() const { return held_->edition->value(); }
  const T* operator->() const { return &held_->edition->value(); }

 private:
  friend class Replica<T>;
  struct Held {
    Edition<T>* edition;
    std::uint32_t pins;
  };
  explicit Pin(Edition<T>* edition) : held_(new Held{edition, 1}) {}
  Held* held_ = nullptr;
};

// A worker's view: the newest edition that has reached it.
template <class T>
class Replica {
 public:
  const Pin<T>& pin() const { return current_; }
  explicit operator bool() const { return static_cast<bool>(current_); }
  const T& operator*() const { return *current_; }
  const T* operator->() const { return &*current_; }

  // On the worker's thread.
  void swap_to(Edition<T>* edition) { current_ = Pin<T>(edition); }
  void reset() { current_.reset(); }

 private:
  Pin<T> current_;
};

// Control's end. The home loop outlives the workers' replicas and turns until all came back.
template <class T>
class Published {
 public:
  explicit Published(Loop& home, OffloadPool* pool = nullptr) : home_(home), pool_(pool) {}

  // Before the first publish(), on the home loop's thread.
  void add_worker(Loop& loop, Replica<T>& replica) { workers_.push_back({&loop, &replica}); }

  void publish(std::unique_ptr<const T> value) {
    if (workers_.empty()) return;
    auto* const edition = edition_of(std::move(value));
    for (const auto& worker : workers_)
      worker.loop->post([replica = worker.replica, edition] { replica->swap_to(edition); });
  }
  // Two that belong together: no worker ever sees the one without the other. Both were given the
  // same workers in the same order.
  template <class U>
  void publish_with(std::unique_ptr<const T> value, Published<U>& other,
                    std::unique_ptr<const U> also) {
    ensure(workers_.size() == other.workers_.size());
    if (workers_.empty()) return;
    auto* const edition = edition_of(std::move(value));
    auto* const companion = other.edition_of(std::move(also));
    for (std::size_t i = 0; i < workers_.size(); ++i)
      workers_[i].loop->post(
          [mine = workers_[i].replica, edition, its = other.workers_[i].replica, companion] {
            mine->swap_to(edition);
            its->swap_to(companion);
          });
  }

 private:
  template <class U>
  friend class Published;
  struct Worker {
    Loop* loop;
    Replica<T>* replica;
  };

  Edition<T>* edition_of(std::unique_ptr<const T> value) {
    return new Edition<T>(home_, std::move(value), static_cast<std::uint32_t>(workers_.size()),
                          pool_);
  }

  Loop& home_;
  OffloadPool* const pool_;
  std::vector<Worker> workers_;
};

}  // namespace penstock
