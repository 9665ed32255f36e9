#pragma once

#include <string>
#include <string_view>

#include "base/duration.h"
#include "base/result.h"

namespace penstock {

// Where log lines end: standard output or a file. Never blocks longer than it is told, whatever is
// behind it: a file, a pipe nobody reads, a stopped terminal, a socket. For one thread.
class LogSink {
 public:
  // `path` is `stdout`, or a file that is created (mode 0640) or appended to.
  static Result<LogSink> open(std::string_view path);
  // For a descriptor that is open already and stays its owner's.
  static LogSink over(int fd);

  LogSink(LogSink&& other) noexcept;
  LogSink& operator=(LogSink&& other) noexcept;
  ~LogSink();

  // Writes as much as can be within `patience`; says how much that was. Less than all with no error
  // means that the time was up.
  struct Written {
    std::size_t bytes = 0;
    int error = 0;  // errno that stopped it.
  };
  Written write(std::string_view text, Duration patience);

  // A file of that path is opened anew; on failure the old one is kept. Nothing to do for stdout.
  Result<void> reopen();

  const std::string& path() const { return path_; }

 private:
  enum class Manner { plain, socket, careful };
  LogSink(int fd, bool owned, Manner manner, std::string path)
      : fd_(fd), owned_(owned), manner_(manner), path_(std::move(path)) {}
  long write_once(std::string_view text) const;
  bool wait_writable(Duration patience) const;
  void close_owned();

  int fd_ = -1;
  bool owned_ = false;
  Manner manner_ = Manner::plain;
  std::string path_;  // Empty where there is nothing to reopen.
};

}  // namespace penstock
