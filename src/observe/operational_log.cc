#include "observe/operational_log.h"

// spdlog's own code is compiled here and nowhere else; nobody sees its headers.
#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <iterator>

#include "observe/utf8.h"

namespace penstock {
namespace {

constexpr std::size_t kLongestValue = 2048;

std::atomic<LogLevel> threshold{LogLevel::info};

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = std::make_shared<spdlog::logger>("penstock",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "ts=%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc));
    made->set_level(spdlog::level::trace);  // Ours decides.
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

std::string_view text_of(LogLevel level) {
  constexpr std::array<std::string_view, 4> texts{"debug", "info", "warn", "error"};
  return texts[static_cast<std::size_t>(level)];
}

bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\') return true;
  }
  return false;
}

void put_character(std::string& out, std::string_view character) {
  const char c = character.front();
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (c == '\n') {
    out += "\\n";
  } else if (byte < ' ' || byte == 0x7f) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
  } else {
    out += character;
  }
}

// Nothing that a stranger wrote may end a line or steer a terminal, so no control characters; those
// above ASCII are C2 80 to C2 9F.
void put_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto size = utf8_size(text);
    const auto character = text.substr(0, size == 0 ? 1 : size);
    const bool control = size == 2 && character[0] == '\xc2' && character[1] < '\xa0';
    put_character(out, size == 0 || control ? kReplacement : character);
    text.remove_prefix(character.size());
  }
  out += '"';
}

void put_value(std::string& out, std::string_view text) {
  const bool cut = text.size() > kLongestValue;
  text = text.substr(0, kLongestValue);
  if (!cut && !needs_quotes(text)) {
    out += text;
    return;
  }
  put_quoted(out, text);
  if (cut) out.insert(out.size() - 1, "...");
}

}  // namespace

void set_log_level(LogLevel level) {
  threshold.store(level, std::memory_order_relaxed);
}
LogLevel log_level() {
  return threshold.load(std::memory_order_relaxed);
}

std::string logfmt(LogLevel level, std::string_view event, LogFields fields) {
  auto line = fmt::format("level={} event=", text_of(level));
  put_value(line, event);
  for (const auto& field : fields) {
    fmt::format_to(std::back_inserter(line), " {}=", field.key);
    put_value(line, field.value);
  }
  return line;
}

void log(LogLevel level, std::string_view event, LogFields fields) {
  if (level < log_level()) return;
  const auto line = logfmt(level, event, fields);
  logger().log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace penstock
