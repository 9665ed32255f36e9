#include "observe/log_sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <utility>

namespace penstock {
namespace {

constexpr std::string_view kStdout = "stdout";
constexpr mode_t kFileMode = 0640;

// Without O_NONBLOCK a pipe that nobody reads would hold us up at the open already.
Result<int> open_file(const std::string& path) {
  const int fd = ::open(
      path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, kFileMode);
  if (fd < 0) return fail(Error::Kind::system, errno);
  return fd;
}

}  // namespace

Result<LogSink> LogSink::open(std::string_view path) {
  if (path == kStdout) return over(STDOUT_FILENO);
  std::string text(path);
  const auto fd = open_file(text);
  if (!fd) return fail(fd.error());
  return LogSink(*fd, true, Manner::plain, std::move(text));
}

// A pipe or terminal is opened once more, because O_NONBLOCK on the descriptor itself would hold
// for all who share it: our shell, for one.
LogSink LogSink::over(int fd) {
  struct stat about{};
  if (fstat(fd, &about) != 0) return {fd, false, Manner::plain, {}};
  if (S_ISSOCK(about.st_mode)) return {fd, false, Manner::socket, {}};
  if (!S_ISFIFO(about.st_mode) && !S_ISCHR(about.st_mode)) return {fd, false, Manner::plain, {}};
  const auto again = fmt::format("/proc/self/fd/{}", fd);
  const int own = ::open(again.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (own < 0) return {fd, false, Manner::careful, {}};
  return {own, true, Manner::plain, {}};
}

LogSink::LogSink(LogSink&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      owned_(std::exchange(other.owned_, false)),
      manner_(other.manner_),
      path_(std::move(other.path_)) {}

LogSink& LogSink::operator=(LogSink&& other) noexcept {
  if (this == &other) return *this;
  close_owned();
  fd_ = std::exchange(other.fd_, -1);
  owned_ = std::exchange(other.owned_, false);
  manner_ = other.manner_;
  path_ = std::move(other.path_);
  return *this;
}

LogSink::~LogSink() {
  close_owned();
}

void LogSink::close_owned() {
  if (owned_) ::close(fd_);
  owned_ = false;
}

// `careful`: a pipe that says it is writable takes PIPE_BUF bytes without blocking, and no more is
// promised.
long LogSink::write_once(std::string_view text) const {
  switch (manner_) {
    case Manner::plain:
      break;
    case Manner::socket:
      return ::send(fd_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    case Manner::careful:
      if (!wait_writable(Duration::zero())) {
        errno = EAGAIN;
        return -1;
      }
      text = text.substr(0, PIPE_BUF);
      break;
  }
  return ::write(fd_, text.data(), text.size());
}

bool LogSink::wait_writable(Duration patience) const {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
  pollfd wanted{.fd = fd_, .events = POLLOUT, .revents = 0};
  return ::poll(&wanted, 1, static_cast<int>(milliseconds)) > 0;
}

LogSink::Written LogSink::write(std::string_view text, Duration patience) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + patience;
  Written written;
  while (written.bytes < text.size()) {
    const auto count = write_once(text.substr(written.bytes));
    if (count >= 0) {
      written.bytes += static_cast<std::size_t>(count);
      if (count > 0) continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN) {
      written.error = errno;
      break;
    }
    const auto left = deadline - Clock::now();
    if (left <= Duration::zero()) break;
    wait_writable(left);
  }
  return written;
}

Result<void> LogSink::reopen() {
  if (path_.empty()) return {};
  const auto fd = open_file(path_);
  if (!fd) return fail(fd.error());
  close_owned();
  fd_ = *fd;
  owned_ = true;
  return {};
}

}  // namespace penstock
