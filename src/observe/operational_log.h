#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/duration.h"

// What the gateway says about itself: logfmt lines on standard error. For control, the offload pool
// and the log thread; it takes a lock and writes, so a worker uses it rarely and through an Every.
namespace penstock {

enum class LogLevel : std::uint8_t { debug, info, warn, error };

struct LogField {
  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, const char* text) : key(name), value(text) {}
  LogField(std::string_view name, const std::string& text) : key(name), value(text) {}
  LogField(std::string_view name, bool yes) : key(name), value(yes ? "true" : "false") {}
  LogField(std::string_view name, std::integral auto number)
      : key(name), value(std::to_string(number)) {}
  LogField(std::string_view name, Duration duration) : key(name), value(to_text(duration)) {}

  std::string_view key;
  std::string value;
};
using LogFields = std::initializer_list<LogField>;

// Lines below this level are not written; `info` at first. Safe from any thread.
void set_log_level(LogLevel level);
LogLevel log_level();

// `event` says in a few words what happened: `log_warn("config not applied", {{"path", path}})`.
void log(LogLevel level, std::string_view event, LogFields fields = {});
inline void log_debug(std::string_view event, LogFields fields = {}) {
  log(LogLevel::debug, event, fields);
}
inline void log_info(std::string_view event, LogFields fields = {}) {
  log(LogLevel::info, event, fields);
}
inline void log_warn(std::string_view event, LogFields fields = {}) {
  log(LogLevel::warn, event, fields);
}
inline void log_error(std::string_view event, LogFields fields = {}) {
  log(LogLevel::error, event, fields);
}

// The line without its time, as it is written: `level=warn event="…" key=value`.
std::string logfmt(LogLevel level, std::string_view event, LogFields fields);

// Lets one through per interval, so that a flood of the same trouble is one line. For one thread.
class Every {
 public:
  explicit Every(Duration interval) : interval_(interval) {}

  bool passes(Instant now) {
    if (next_ != kNever && now < next_) {
      ++held_back_;
      return false;
    }
    next_ = now + interval_;
    return true;
  }
  // How many were held back since this was last asked.
  std::uint64_t held_back() {
    const auto count = held_back_;
    held_back_ = 0;
    return count;
  }

 private:
  Duration interval_;
  Instant next_ = kNever;  // kNever: none was let through yet.
  std::uint64_t held_back_ = 0;
};

}  // namespace penstock
