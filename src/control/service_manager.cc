#include "control/service_manager.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "observe/operational_log.h"

namespace penstock {
namespace {

// How long a manager that does not read may hold up control.
constexpr timeval kPatience{.tv_sec = 1, .tv_usec = 0};

// 0, or an errno. `@` at the beginning of the path stands for a NUL: an abstract socket.
int send_to(std::string_view path, std::string_view message) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  std::ranges::copy(path, address.sun_path);
  if (path.front() == '@') address.sun_path[0] = '\0';
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return errno;
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const auto sent = sendto(descriptor, message.data(), message.size(), MSG_NOSIGNAL,
                           reinterpret_cast<const sockaddr*>(&address), size);
  const int error = sent < 0 ? errno : 0;
  close(descriptor);
  return error;
}

}  // namespace

std::string reloading(Instant now) {
  const auto micros = std::chrono::floor<std::chrono::microseconds>(now.time_since_epoch()).count();
  return fmt::format("RELOADING=1\nMONOTONIC_USEC={}", micros);
}

std::string main_process(pid_t pid) {
  return fmt::format("MAINPID={}", pid);
}

void tell_service_manager(std::string_view message) {
  const char* const path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (*path != '/' && *path != '@')) return;
  if (const int error = send_to(path, message); error != 0)
    log_warn("the service manager was not told",
             {{"socket", path}, {"error", std::strerror(error)}});
}

}  // namespace penstock
