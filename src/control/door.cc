#include "control/door.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "observe/operational_log.h"

namespace penstock {
namespace {

// Descriptors kept for what is no connection: sockets, logs, epoll, files.
constexpr std::uint64_t kReserved = 100;
constexpr std::uint64_t kReservedLeast = 40;

// Raises the limit on open files as far as it goes, and says how far that is.
std::uint64_t raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

std::expected<CidrSet, std::string> trusted_by(const ListenerConfig& config) {
  std::vector<std::string> texts;
  for (const auto& text : config.trusted_proxies) texts.push_back(text.value);
  return CidrSet::parse(texts);
}

// As many as there were: closing one of several would reset what is queued on it.
std::expected<ListeningSockets, std::string> listen_on(const Address& address, std::size_t count,
                                                       Inheritance& inheritance) {
  auto inherited = ListeningSockets::adopt(inheritance.take_sockets(address));
  if (!inherited) return inherited;
  const auto there = inherited->descriptors().size();
  if (there == 0) return ListeningSockets::open(address, count);
  if (there == count) return inherited;
  return std::unexpected(
      fmt::format("{}: {} sockets were handed over, and it would take {} now; restart instead",
                  address.to_text(), there, count));
}

}  // namespace

std::expected<std::unique_ptr<Door>, std::string> Door::open(const ListenerConfig& config,
                                                             std::size_t sockets, Loop& control,
                                                             Inheritance& inheritance,
                                                             std::shared_ptr<const ServerTls> tls) {
  const auto address = Address::parse(config.address.value);
  if (!address) return std::unexpected(address.error());
  auto trusted = trusted_by(config);
  if (!trusted) return std::unexpected(trusted.error());
  auto opened = listen_on(*address, sockets, inheritance);
  if (!opened) return std::unexpected(opened.error());
  return std::unique_ptr<Door>(
      new Door(config, std::move(*trusted), std::move(*opened), control, std::move(tls)));
}

Door::Door(const ListenerConfig& config, CidrSet trusted, ListeningSockets sockets, Loop& control,
           std::shared_ptr<const ServerTls> tls)
    : sockets_(std::move(sockets)),
      shared_(config, sockets_.address(), std::move(trusted), config.limits.connections,
              std::move(tls)),
      settings_(control) {}

void Door::change(const ListenerConfig& config, std::shared_ptr<const ServerTls> tls) {
  auto trusted = trusted_by(config);
  if (!trusted) return;  // It was checked.
  shared_.connections.change(config.limits.connections, config.limits.connections_per_address);
  settings_.publish(std::make_unique<const ListenerSettings>(config, shared_.name, shared_.port,
                                                             std::move(*trusted), std::move(tls)));
}

void Door::expect_accepting() {
  shared_.accepting.fetch_add(static_cast<std::uint32_t>(descriptors().size()),
                              std::memory_order_relaxed);
}

void Door::close_when_drained() {
  if (shared_.accepting.load(std::memory_order_acquire) == 0) sockets_.close();
}

// Each client's connection may need a second descriptor, for the service's.
void lower_connections(std::vector<ListenerConfig>& listeners, LoweredConnections& told) {
  const auto before = std::exchange(told, {});
  const auto files = raise_file_limit();
  const auto reserved = std::min(kReserved, std::max(kReservedLeast, files / 4));
  const auto bearable = files > reserved ? (files - reserved + 1) / 2 : 1;
  std::uint64_t wanted = 0;
  for (const auto& listener : listeners) wanted += listener.limits.connections;
  if (wanted <= bearable) return;
  for (auto& listener : listeners) {
    auto& most = listener.limits.connections;
    const auto lowered =
        static_cast<std::uint32_t>(std::max<std::uint64_t>(1, most * bearable / wanted));
    const auto& now = told[listener.name.value] = {most, lowered};
    const auto known = before.find(listener.name.value);
    most = lowered;
    if (known != before.end() && known->second == now) continue;
    log_warn("connections lowered to what the limit on open files bears",
             {{"listener", listener.name.value},
              {"configured", now.first},
              {"connections", lowered},
              {"open_files_limit", files}});
  }
}

}  // namespace penstock
