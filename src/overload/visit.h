#pragma once

#include <cstdint>
#include <optional>

#include "base/list.h"
#include "net/address.h"
#include "overload/budgets.h"

namespace penstock {

class Shedder;
struct ConnectionTag;
struct RequestTag;
class Visit;

// Who connects and asks: an address (of IPv6 its /64) on one worker, while it has something open.
struct Caller {
  IpAddress address;
  List<Visit, ConnectionTag> connections;  // The oldest first.
  List<Visit, RequestTag> requests;        // In flight; the oldest first.
  std::uint32_t connected = 0;             // The lists' sizes.
  std::uint32_t asking = 0;
};

// A client's connection as a thing that costs, and can be given up. One worker's.
class Visit : public Link<ConnectionTag>, public Link<RequestTag> {
 public:
  // Without a shedder nothing is counted, and nothing refused.
  Visit(Shedder* shedder, const Address& peer);
  virtual ~Visit();

  // A request of `client`, who need not be the peer (none: on a unix socket), is to begin: what
  // there is too little of for it; else it is counted, until end_request().
  std::optional<Resource> begin_request(const std::optional<IpAddress>& client);
  void end_request();
  bool asks() const { return client_ != nullptr; }

  // Ends it: at once where it is idle, else the request in flight is cut.
  void give_up(Resource wanting);
  // For want of what it was given up.
  std::optional<Resource> given_up() const { return given_up_; }

 protected:
  // It is idle: ends it soon.
  virtual void leave() = 0;
  // A request is in flight: ends that, and the connection with it, soon.
  virtual void cut() = 0;

 private:
  Shedder* const shedder_;
  Caller* const peer_;
  Caller* client_ = nullptr;  // Of the request in flight.
  std::optional<Resource> given_up_;
};

}  // namespace penstock
