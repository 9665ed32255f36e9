#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/handover.h"
#include "runtime/loop.h"
#include "runtime/stream.h"
#include "runtime/task.h"

namespace penstock {

// One that ends so soon after it has begun to serve was no good: the one before takes its place
// back.
inline constexpr Duration kFirstSeconds = std::chrono::seconds(3);

// How a program was started: by which path, which may lead elsewhere by now, and with which words.
struct Program {
  std::string path;
  std::vector<std::string> arguments;
};
// How this process was.
Program own_program();

// The process that is to take this one's place: its child, with copies of what is handed over and
// no other descriptor but the standard streams. On control's loop.
class Successor {
 public:
  // `given` is without a channel. The error is a sentence.
  static std::expected<std::unique_ptr<Successor>, std::string> start(Loop& loop, Handover given,
                                                                      const Program& program);
  ~Successor();

  pid_t pid() const { return pid_; }

  // Waits until it serves, and tells the sockets that it has taken. Where it does not in time it is
  // ended, and the error is a sentence.
  Task<std::expected<std::vector<int>, std::string>> readiness(Duration patience);

  // What becomes of one that serves, within that time.
  enum class Fate : std::uint8_t { lives, left, died };
  Task<Fate> fate(Duration within);
  // Has fate() say what is so now.
  void hurry() { channel_->interrupt(); }
  // How it ended; a sentence.
  std::string ending() const;

  void send(int signal) const;
  // Looks whether it has ended. A child is kept by the kernel until somebody did.
  bool has_ended();

 private:
  Successor(Loop& loop, pid_t pid, std::unique_ptr<Stream> channel);
  Task<std::expected<std::string, std::string>> line(Duration patience);
  Task<void> end();

  Loop& loop_;
  const pid_t pid_;
  std::unique_ptr<Stream> channel_;
  std::optional<int> status_;  // As waitpid() gives it.
};

}  // namespace penstock
