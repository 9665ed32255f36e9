#pragma once

#include <functional>
#include <thread>

namespace penstock {

// The process's signals as calls on a thread of their own. Make it before any other thread, so that
// all inherit the mask.
class Signals {
 public:
  // Blocks TERM, INT, QUIT, HUP, USR1 and USR2 in the calling thread, and ignores PIPE.
  static void block();

  // `on_signal(number)` is called for each; it only posts.
  explicit Signals(std::function<void(int)> on_signal);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

 private:
  std::thread thread_;
};

}  // namespace penstock
