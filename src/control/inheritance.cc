#include "control/inheritance.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "net/listen.h"
#include "observe/operational_log.h"

namespace penstock {
namespace {

bool is_channel(int descriptor) {
  int domain = 0;
  int type = 0;
  socklen_t size = sizeof domain;
  if (getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return false;
  size = sizeof type;
  if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return false;
  return domain == AF_UNIX && type == SOCK_STREAM;
}

bool is_file(int descriptor) {
  struct stat about{};
  return fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode);
}

// Empty, or what is wrong.
std::string fault_of(const Handover& given) {
  if (!is_channel(given.channel))
    return fmt::format("descriptor {} is no channel to another process", given.channel);
  if (!is_file(given.lock)) return fmt::format("descriptor {} is no lock's file", given.lock);
  for (const int socket : given.sockets)
    if (!listening_on(socket)) return fmt::format("descriptor {} does not listen", socket);
  return {};
}

std::unexpected<std::string> refused(std::string_view fault) {
  return std::unexpected(
      fmt::format("{}: {}; it is for a process that takes another's place, and to be unset else",
                  Handover::kVariable, fault));
}

}  // namespace

std::expected<Inheritance, std::string> Inheritance::take() {
  const char* const text = std::getenv(Handover::kVariable);
  if (text == nullptr) return Inheritance();
  auto given = Handover::parse(text);
  unsetenv(Handover::kVariable);
  if (!given) return refused(given.error());
  if (const auto fault = fault_of(*given); !fault.empty()) return refused(fault);
  fcntl(given->channel, F_SETFD, FD_CLOEXEC);
  fcntl(given->lock, F_SETFD, FD_CLOEXEC);
  for (const int socket : given->sockets) fcntl(socket, F_SETFD, FD_CLOEXEC);
  return Inheritance(std::move(*given));
}

Inheritance::Inheritance(Inheritance&& other) noexcept
    : given_(std::exchange(other.given_, {})), taken_(std::exchange(other.taken_, {})) {}

std::expected<void, std::string> Inheritance::check_workers(std::uint32_t workers) const {
  if (empty() || workers == given_.workers) return {};
  return std::unexpected(
      fmt::format("runtime.workers: found {}, expected {} as in the process whose place this one "
                  "would take: each worker has its own sockets, and closing one would lose "
                  "connections; restart instead of an upgrade",
                  workers, given_.workers));
}

std::vector<int> Inheritance::take_sockets(const Address& address) {
  const auto is_there = [&](int socket) { return listening_on(socket) == address; };
  std::vector<int> sockets;
  std::ranges::copy_if(given_.sockets, std::back_inserter(sockets), is_there);
  std::erase_if(given_.sockets, is_there);
  taken_.insert(taken_.end(), sockets.begin(), sockets.end());
  return sockets;
}

void Inheritance::close_rest() {
  for (const int socket : std::exchange(given_.sockets, {})) close(socket);
  if (given_.lock >= 0) close(std::exchange(given_.lock, -1));
}

// The channel is closed by the kernel, at this process's very end: that is how it is known there.
void Inheritance::tell_ready() const {
  const auto text = readiness_text(taken_);
  const auto sent = send(given_.channel, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (std::cmp_not_equal(sent, text.size()))
    log_warn("the process before this one does not listen any more");
}

}  // namespace penstock
