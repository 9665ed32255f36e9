#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <typeindex>

namespace penstock {

// What policies remember beyond a snapshot: one object of each type, made when it is first asked
// for, alive as long as the process. Policies are immutable and come and go with snapshots; what
// they count lives here, keyed by their ids. Asked when a document is compiled, from any thread.
class Memory {
 public:
  template <class T>
  T& of() {
    const std::lock_guard lock(mutex_);
    auto& held = held_[typeid(T)];
    if (!held) held = std::make_shared<T>();
    return *static_cast<T*>(held.get());
  }

 private:
  std::mutex mutex_;
  std::map<std::type_index, std::shared_ptr<void>> held_;
};

}  // namespace penstock
