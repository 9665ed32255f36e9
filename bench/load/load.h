#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "histogram.h"
#include "sockets.h"

namespace penstock::bench {

// A closed loop: each connection sends its next request when the last answer is whole.
class Load {
 public:
  Load(Poller& poller, std::uint16_t port, std::size_t connections);
  ~Load();

  void start();            // Every connection sends its first request.
  void begin_measuring();  // Forgets what was counted so far.
  void stop();             // What is answered from now on is not followed by another request.

  const Histogram& latencies() const { return latencies_; }
  std::uint64_t failures() const { return failures_; }  // Other answers than 200, and closes.

 private:
  class Connection;

  std::string request_;
  std::vector<std::unique_ptr<Connection>> connections_;
  Histogram latencies_;
  std::uint64_t failures_ = 0;
  bool running_ = true;
};

}  // namespace penstock::bench
