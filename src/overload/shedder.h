#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "observe/metrics.h"
#include "overload/budgets.h"
#include "overload/visit.h"
#include "runtime/loop.h"

namespace penstock {

// What is turned away when something runs out, the cheapest first: connections from kConnections of
// a budget on, requests from kRequests on, and above all of it those in flight. It meets those
// first who have the most: room is shared out among addresses so that nobody who wants less than an
// equal part is refused (max-min fairness), and who has his part already gets no more. One
// worker's; costs a comparison while there is plenty.
class Shedder {
 public:
  static constexpr double kConnections = 0.90;
  static constexpr double kRequests = 0.95;
  static constexpr double kInFlight = 1.0;
  // Below it nothing is looked at more often than kLook.
  static constexpr double kWatched = 0.7;
  static constexpr Duration kLook = std::chrono::milliseconds(5);
  // Room is shared out, and made, no more often: it costs a look at every caller.
  static constexpr Duration kShare = std::chrono::milliseconds(50);
  static constexpr Duration kMakeRoom = std::chrono::milliseconds(5);
  static constexpr std::size_t kIdleSought = 64;  // Of a caller's oldest connections.
  // By lag alone a worker is never left with less than this: with so few it is not theirs.
  static constexpr std::uint32_t kAlwaysInFlight = 16;

  // `usage` is the loop's.
  Shedder(Loop& loop, const LoopUsage& usage, const Budgets& budgets, MetricStore& store);
  Shedder(const Shedder&) = delete;
  Shedder& operator=(const Shedder&) = delete;
  ~Shedder();

  // A connection has come: what there is too little of for it.
  std::optional<Resource> admit_connection(const Address& peer);
  // There is no place for another connection: gives up an idle one of somebody who has more than
  // this peer would have. False where none is found soon.
  bool make_room(const Address& peer);
  // By control, while something is short: gives up idle connections, and requests in flight.
  void relieve();

  std::size_t callers() const { return callers_.size(); }

 private:
  friend class Visit;
  enum class Shed : std::uint8_t { connection, request, idle_connection, in_flight };

  Caller& caller_of(const IpAddress& address);
  Caller& caller_of(const Address& peer);
  std::uint32_t connections_of(const Address& peer) const;
  void forget(Caller& caller);
  std::optional<Resource> admit_request(const Caller& caller);

  void look();
  void share_out();
  std::uint32_t part_of_connections(double room);
  std::uint32_t part_of_requests(double room);
  std::uint32_t fair_part(double room);
  void shed(Shed what, Resource wanting);
  void give_up_idle(Resource wanting, std::uint32_t each);
  void give_up_requests(Resource wanting, std::uint32_t each);
  std::pair<Resource, double> worst(bool with_lag) const;

  Loop& loop_;
  const LoopUsage& usage_;
  const Budgets& budgets_;
  MetricStore& store_;
  std::unordered_map<IpAddress, std::unique_ptr<Caller>> callers_;
  Pressures pressures_{};
  double greatest_ = 0;
  Instant next_look_{};
  Instant next_share_{};
  Instant next_room_{};
  std::uint32_t connections_each_ = UINT32_MAX;
  std::uint32_t requests_each_ = UINT32_MAX;
  std::vector<std::uint32_t> wants_;  // Kept for its memory.
};

}  // namespace penstock
