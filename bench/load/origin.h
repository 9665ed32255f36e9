#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sockets.h"

namespace penstock::bench {

// Answers every request without a body with the same 200 and 200 bytes of JSON.
class Origin final : public Handler {
 public:
  Origin(Poller& poller, std::uint16_t port);
  ~Origin() override;
  void on_readable() override;  // A gateway connects.

 private:
  class Connection;

  Poller& poller_;
  int listener_;
  std::vector<std::unique_ptr<Connection>> connections_;  // Kept to the end, even when closed.
};

}  // namespace penstock::bench
