#include "control/state_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace penstock {
namespace {

// Whether files can be made in it; it is made if need be.
std::string fault_of_folder(const std::string& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (error) return "cannot make the state folder " + path + ": " + error.message();
  if (made) chmod(path.c_str(), 0700);
  if (access(path.c_str(), W_OK | X_OK) == 0) return {};
  return "cannot write to the state folder " + path + ": " + std::strerror(errno);
}

bool same_file(int one, int other) {
  struct stat first{};
  struct stat second{};
  return fstat(one, &first) == 0 && fstat(other, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

std::string holder_of(int lock) {
  std::array<char, 32> text{};
  const auto size = pread(lock, text.data(), text.size() - 1, 0);
  if (size <= 0) return "another process";
  std::string pid(text.data(), static_cast<std::size_t>(size));
  while (!pid.empty() && (pid.back() < '0' || pid.back() > '9')) pid.pop_back();
  return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

std::vector<std::string> StateDir::folders(const std::string& configured) {
  if (!configured.empty()) return {configured};
  const char* const given = std::getenv("STATE_DIRECTORY");
  if (given == nullptr || *given == '\0') return {"/var/lib/penstock", ".penstock"};
  return {given, "/var/lib/penstock", ".penstock"};
}

std::expected<StateDir, std::string> StateDir::open(const std::string& configured, int inherited) {
  std::string fault;
  for (const auto& path : folders(configured)) {
    fault = fault_of_folder(path);
    if (fault.empty()) return take(path, inherited);
  }
  return std::unexpected(fault);
}

// A lock belongs to what was opened, not to a process: a copy of the descriptor shares it.
std::expected<StateDir, std::string> StateDir::take(const std::string& path, int inherited) {
  const auto file = path + "/lock";
  int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return std::unexpected("cannot open " + file + ": " + std::strerror(errno));
  const bool shared = same_file(descriptor, inherited);
  if (shared) {
    close(descriptor);
    descriptor = fcntl(inherited, F_DUPFD_CLOEXEC, 0);
  }
  StateDir state(path, descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0)
    return std::unexpected("the state folder " + path + " is in use by " + holder_of(descriptor) +
                           "; give this one another stateDir, or stop that one");
  if (shared) return state;
  auto named = state.name_holder();
  if (!named) return std::unexpected(std::move(named.error()));
  return state;
}

std::expected<void, std::string> StateDir::name_holder() const {
  const auto pid = std::to_string(getpid()) + "\n";
  if (ftruncate(lock_, 0) != 0 ||
      pwrite(lock_, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return std::unexpected("cannot write " + path_ + "/lock: " + std::strerror(errno));
  return {};
}

StateDir::StateDir(StateDir&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

StateDir::~StateDir() {
  if (lock_ >= 0) close(lock_);
}

}  // namespace penstock
