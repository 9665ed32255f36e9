#include "control/service_manager.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>

#include "observe/operational_log.h"

namespace penstock {
namespace {

// A manager that listens at that path, as $NOTIFY_SOCKET says.
class ManagerSocket {
 public:
  explicit ManagerSocket(const std::string& path)
      : descriptor_(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(path, address.sun_path);
    if (path.front() == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    EXPECT_EQ(bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~ManagerSocket() {
    unsetenv("NOTIFY_SOCKET");
    close(descriptor_);
  }
  std::string heard() const {
    std::array<char, 256> buffer{};
    const auto size = recv(descriptor_, buffer.data(), buffer.size(), 0);
    return size < 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(size));
  }

 private:
  int descriptor_;
};

TEST(ServiceManager, IsToldAtAPath) {
  std::string folder = std::filesystem::temp_directory_path() / "penstock-notify-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  {
    const ManagerSocket manager(folder + "/notify");
    tell_service_manager(kServiceReady);
    EXPECT_EQ(manager.heard(), "READY=1");
    tell_service_manager(reloading(Instant(std::chrono::milliseconds(1500))));
    EXPECT_EQ(manager.heard(), "RELOADING=1\nMONOTONIC_USEC=1500000");
  }
  std::filesystem::remove_all(folder);
}

TEST(ServiceManager, IsToldAtAnAbstractName) {
  const ManagerSocket manager("@penstock-test-" + std::to_string(getpid()));
  tell_service_manager(main_process(7));
  EXPECT_EQ(manager.heard(), "MAINPID=7");
}

TEST(ServiceManager, WhoCannotBeToldIsLeftAlone) {
  set_log_level(LogLevel::error);
  for (const auto& path : {std::string("/nowhere/at/all"), std::string("relative"),
                           std::string("vsock:2:1"), "/" + std::string(200, 'x'), std::string()}) {
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
    tell_service_manager(kServiceStopping);
  }
  unsetenv("NOTIFY_SOCKET");
  tell_service_manager(kServiceStopping);
  set_log_level(LogLevel::info);
}

}  // namespace
}  // namespace penstock
