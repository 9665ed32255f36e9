#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "control/inheritance.h"
#include "listener/listener.h"
#include "listener/listener_config.h"
#include "net/listen.h"
#include "runtime/loop.h"
#include "runtime/published.h"

namespace penstock {

// A listener of the configuration with its sockets, one for each worker. Control's.
class Door {
 public:
  // Opens the sockets, or takes over those that listen on its address in `inheritance`. The error
  // is a sentence.
  static std::expected<std::unique_ptr<Door>, std::string> open(
      const ListenerConfig& config, std::size_t sockets, Loop& control, Inheritance& inheritance,
      std::shared_ptr<const ServerTls> tls = nullptr);

  ListenerShared& shared() { return shared_; }
  const std::string& name() const { return shared_.name; }
  const ConnectionLimits& connections() const { return shared_.connections; }
  const Address& address() const { return sockets_.address(); }
  int descriptor(std::size_t worker) const { return sockets_.descriptor(worker); }
  const std::vector<int>& descriptors() const { return sockets_.descriptors(); }

  // Before the first change(): a worker's part.
  void add(Loop& loop, Listener& listener) { settings_.add_worker(loop, listener.settings()); }
  // Limits, trusted proxies and TLS as they are given from now on; the address does not matter.
  void change(const ListenerConfig& config, std::shared_ptr<const ServerTls> tls);

  // Before every worker's listener is resumed.
  void expect_accepting();
  // Closes the sockets once no worker accepts any more.
  void close_when_drained();

 private:
  Door(const ListenerConfig& config, CidrSet trusted, ListeningSockets sockets, Loop& control,
       std::shared_ptr<const ServerTls> tls);

  ListeningSockets sockets_;
  ListenerShared shared_;
  Published<ListenerSettings> settings_;
};

// By listener: its connections as they are configured, and lowered to what.
using LoweredConnections = std::map<std::string, std::pair<std::uint32_t, std::uint32_t>>;

// Lowers the listeners' connections to what the limit on open files bears, which is raised as far
// as it goes; says so where it does, unless it was `told` the same before.
void lower_connections(std::vector<ListenerConfig>& listeners, LoweredConnections& told);

}  // namespace penstock
