#pragma once

#include <cstdint>
#include <list>

#include "sockets.h"

namespace penstock::bench {

// Answers every request with the same 200 and 200 bytes of JSON, those below /api/large/ with 1
// MiB.
class Origin final : public Handler {
 public:
  Origin(Poller& poller, std::uint16_t port);
  ~Origin() override;
  void on_event(std::uint32_t events) override;  // A gateway connects.

 private:
  class Connection;

  Poller& poller_;
  int listener_;
  std::list<Connection> connections_;
};

}  // namespace penstock::bench
