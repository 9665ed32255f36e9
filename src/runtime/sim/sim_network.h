#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/duration.h"
#include "base/random.h"
#include "runtime/stream.h"

namespace penstock {

class SimLoop;
class SimConnection;
class SimStream;
struct SimListener;

// How the network treats connections to one address. May be changed at any time; what is on its way
// already arrives as it would have.
struct SimConditions {
  // `ignore`: the connect is never answered. `accept` is refused too while nobody listens there.
  enum class Answer : std::uint8_t { accept, refuse, unreachable, ignore };
  Answer answer = Answer::accept;
  Duration latency_least = std::chrono::microseconds(20);  // One way.
  Duration latency_most = std::chrono::milliseconds(2);
  std::size_t window = std::size_t{64} * 1024;   // Bytes sent and not yet read, each way.
  std::size_t segment = std::size_t{16} * 1024;  // The most that is sent or received at once.
  std::size_t backlog = 128;                     // Connections beyond it are ignored.
};

// Virtual hosts and their connections. Everything takes a random time, arrives in random pieces,
// and what happens at one instant happens in random order. Of one SimLoop.
class SimNetwork {
 public:
  SimNetwork(SimLoop& loop, std::uint64_t seed);
  ~SimNetwork();

  // The IPv4 address 10.0.0.`host`.
  static SocketAddress address(std::uint8_t host, std::uint16_t port);

  // Listens there, if not yet, and gives a number for Loop::acceptor().
  int listen(const SocketAddress& address);
  // Resets what is queued; connects are refused from now on. No acceptor may be left.
  void stop_listening(const SocketAddress& address);
  std::unique_ptr<Acceptor> acceptor(int number);
  std::unique_ptr<Acceptor> acceptor(const SocketAddress& address) {
    return acceptor(listen(address));
  }

  SimConditions& conditions(const SocketAddress& address);
  // Nothing reaches the other end any more, in either direction, until resume(). Who connects
  // meanwhile is ignored.
  void stall(const SocketAddress& address);
  void resume(const SocketAddress& address);
  // Breaks every connection to the address; both ends see a reset.
  void reset(const SocketAddress& address);
  // While out of descriptors connect and accept answer Error::exhausted.
  void exhaust(bool out) { exhausted_ = out; }

  std::size_t open_streams() const { return open_streams_; }

 private:
  friend class SimLoop;
  friend class SimConnection;
  friend class SimStream;
  friend class SimAcceptor;

  struct Host;
  struct Connecting;
  using Event = std::move_only_function<void()>;

  // For the loop.
  bool start(Connect& connect);
  bool check(Connect& connect);
  void forget(Connect& connect);
  Instant next() const;
  void deliver(Instant now);

  void arrive(Connect* connect, std::uint64_t id);
  void answer(Connect* connect, std::uint64_t id);
  Connecting* find(Connect* connect, std::uint64_t id);
  std::unique_ptr<SimStream> open(Host& host);

  Host& host(const SocketAddress& address);
  Instant now() const;
  // When something sent now would arrive.
  Instant arrival(const Host& host);
  void at(Instant instant, Event event);
  // A random number from 1 to `most`, most often `most`.
  std::size_t part_of(std::size_t most);
  bool chance(unsigned one_in) { return random_.below(one_in) == 0; }

  SimLoop& loop_;
  Random random_;
  std::map<std::string, std::unique_ptr<Host>> hosts_;
  std::vector<std::unique_ptr<SimListener>> listeners_;
  std::map<Connect*, std::unique_ptr<Connecting>> connecting_;
  // By instant, then in random order.
  std::multimap<std::pair<Instant, std::uint64_t>, Event> events_;
  std::uint64_t last_id_ = 0;
  std::size_t open_streams_ = 0;
  bool exhausted_ = false;
};

}  // namespace penstock
