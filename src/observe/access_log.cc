#include "observe/access_log.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>

#include "observe/utf8.h"

namespace penstock {
namespace {

// The most bytes a text may take in the line, escapes included, by what it holds.
constexpr std::size_t kPathMost = 4096;
constexpr std::size_t kQueryMost = 2048;
constexpr std::size_t kAgentMost = 512;
constexpr std::size_t kNameMost = 256;  // Names of ours and of hosts, ids, addresses.
constexpr std::string_view kCutMark = "\xe2\x80\xa6";  // `…`

constexpr std::size_t kNames = 17;
constexpr std::size_t kKeysAndNumbers = 1024;
// Sixteen stages at the most, with names and numbers of the gateway's own.
constexpr std::size_t kStagesMost = std::size_t{16} * 48;
static_assert(kPathMost + kStagesMost + kQueryMost + kAgentMost + kNames * kNameMost +
                      (kNames + 3) * (kCutMark.size() + 2) + kKeysAndNumbers <=
                  AccessLine::kLongest,
              "the longest line fits");

char* put(char* at, std::string_view text) {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

// Whether any of eight bytes is a control, a quote, a backslash or not ASCII.
bool needs_care(std::uint64_t bytes) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t high = ones * 0x80;
  const auto zero_in = [](std::uint64_t x) { return (x - ones) & ~x; };
  const auto control = (bytes - ones * 0x20) & ~bytes;
  return ((bytes | control | zero_in(bytes ^ ones * '"') | zero_in(bytes ^ ones * '\\')) & high) !=
         0;
}

// One character of a JSON string, made in `scratch` unless it is what it was.
struct Unit {
  std::size_t taken;
  std::string_view text;
};
Unit unit_of(std::string_view text, std::array<char, 6>& scratch) {
  const auto byte = static_cast<unsigned char>(text.front());
  if (byte >= 0x80) {
    const auto size = utf8_size(text);
    return size == 0 ? Unit{1, kReplacement} : Unit{size, text.substr(0, size)};
  }
  switch (byte) {
    case '"':
      return {1, R"(\")"};
    case '\\':
      return {1, R"(\\)"};
    case '\n':
      return {1, R"(\n)"};
    case '\r':
      return {1, R"(\r)"};
    case '\t':
      return {1, R"(\t)"};
    default:
      break;
  }
  if (byte >= 0x20) return {1, text.substr(0, 1)};
  constexpr char digits[] = "0123456789abcdef";
  scratch = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 0xf]};
  return {1, {scratch.data(), scratch.size()}};
}

// Where eight plain bytes follow each other they are copied at once; a character is whole or
// absent.
char* put_escaped(char* at, std::string_view text, std::size_t most) {
  char* const end = at + most;
  while (!text.empty()) {
    if (text.size() >= 8 && end - at >= 8) {
      std::uint64_t bytes = 0;
      std::memcpy(&bytes, text.data(), 8);
      if (!needs_care(bytes)) {
        std::memcpy(at, &bytes, 8);
        at += 8;
        text.remove_prefix(8);
        continue;
      }
    }
    std::array<char, 6> scratch;
    const auto unit = unit_of(text, scratch);
    if (static_cast<std::size_t>(end - at) < unit.text.size()) return put(at, kCutMark);
    at = put(at, unit.text);
    text.remove_prefix(unit.taken);
  }
  return at;
}

// `key` comes with its comma, quotes and colon.
char* put_text(char* at, std::string_view key, std::string_view text,
               std::size_t most = kNameMost) {
  at = put(at, key);
  if (text.empty()) return put(at, "null");
  *at++ = '"';
  at = put_escaped(at, text, most);
  *at++ = '"';
  return at;
}

char* put_number(char* at, std::string_view key, std::uint64_t number) {
  constexpr std::size_t digits = 20;
  at = put(at, key);
  return std::to_chars(at, at + digits, number).ptr;
}

char* put_status(char* at, std::string_view key, std::uint16_t status) {
  return status == 0 ? put(put(at, key), "null") : put_number(at, key, status);
}

char* put_three_digits(char* at, std::uint64_t number) {
  at[0] = static_cast<char>('0' + number / 100);
  at[1] = static_cast<char>('0' + number / 10 % 10);
  at[2] = static_cast<char>('0' + number % 10);
  return at + 3;
}

// In milliseconds with three decimals.
char* put_duration(char* at, std::string_view key, const std::optional<Duration>& duration) {
  if (!duration) return put(put(at, key), "null");
  const auto nanoseconds = std::max<std::int64_t>(duration->count(), 0);
  const auto microseconds = static_cast<std::uint64_t>(nanoseconds) / 1000;
  at = put_number(at, key, microseconds / 1000);
  *at++ = '.';
  return put_three_digits(at, microseconds % 1000);
}

char* put_two_digits(char* at, unsigned number) {
  at[0] = static_cast<char>('0' + number / 10);
  at[1] = static_cast<char>('0' + number % 10);
  return at + 2;
}

// `2026-01-02T03:04:05.`; the years that a WallTime can hold have four digits.
void put_second(char* at, std::chrono::sys_seconds second) {
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(second - day);
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  at = put_two_digits(put_two_digits(at, year / 100), year % 100);
  *at++ = '-';
  at = put_two_digits(at, static_cast<unsigned>(date.month()));
  *at++ = '-';
  at = put_two_digits(at, static_cast<unsigned>(date.day()));
  *at++ = 'T';
  at = put_two_digits(at, static_cast<unsigned>(clock.hours().count()));
  *at++ = ':';
  at = put_two_digits(at, static_cast<unsigned>(clock.minutes().count()));
  *at++ = ':';
  at = put_two_digits(at, static_cast<unsigned>(clock.seconds().count()));
  *at = '.';
}

// In milliseconds, like the latencies.
char* put_stages(char* at, std::span<const StageTime> stages) {
  at = put(at, R"(,"t":{)");
  for (const auto& [stage, spent] : stages) {
    if (stage.data() != stages.front().stage.data()) *at++ = ',';
    *at++ = '"';
    at = put(at, stage);
    at = put_duration(at, "\":", spent);
  }
  *at++ = '}';
  return at;
}

char* put_limit(char* at, std::string_view policy, std::uint32_t remaining) {
  if (policy.empty()) return put(at, R"(,"ratelimit":null)");
  at = put_text(at, R"(,"ratelimit":{"policy":)", policy);
  at = put_number(at, R"(,"remaining":)", remaining);
  *at++ = '}';
  return at;
}

char* put_tls(char* at, std::string_view version, std::string_view sni) {
  if (version.empty()) return put(at, R"(,"tls":null)");
  at = put_text(at, R"(,"tls":{"version":)", version);
  at = put_text(at, R"(,"sni":)", sni);
  *at++ = '}';
  return at;
}

}  // namespace

char* AccessLine::put_time(char* at, WallTime time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto count = second.time_since_epoch().count();
  if (count != second_) {
    second_ = count;
    put_second(second_text_.data(), second);
  }
  at = put(at, {second_text_.data(), second_text_.size()});
  const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(time - second).count();
  at = put_three_digits(at, static_cast<std::uint64_t>(rest));
  return put(at, "Z\"");
}

std::string_view AccessLine::format(const AccessRecord& record) {
  char* at = put(line_.data(), R"({"ts":")");
  at = put_time(at, record.time);
  at = put_text(at, R"(,"request_id":)", record.request_id);
  at = put_text(at, R"(,"trace_id":)", record.trace_id);
  at = put_text(at, R"(,"span_id":)", record.span_id);
  at = put_text(at, R"(,"client_ip":)", record.client_ip);
  at = put_text(at, R"(,"method":)", record.method);
  at = put_text(at, R"(,"host":)", record.host);
  at = put_text(at, R"(,"path":)", record.path, kPathMost);
  const bool hide_query = !show_query_ && !record.query.empty();
  at = put_text(at, R"(,"query":)", hide_query ? "REDACTED" : record.query, kQueryMost);
  at = put_text(at, R"(,"protocol":)", text_of(record.protocol));
  at = put_text(at, R"(,"route_id":)", record.route_id);
  at = put_text(at, R"(,"api_version":)", record.api_version);
  at = put_text(at, R"(,"user_id":)", record.user_id);
  at = put_text(at, R"(,"tenant_id":)", record.tenant_id);
  at = put_text(at, R"(,"auth_method":)", record.auth_method);
  at = put_text(at, R"(,"upstream_service":)", record.upstream_service);
  at = put_text(at, R"(,"upstream_endpoint":)", record.upstream_endpoint);
  at = put_number(at, R"(,"attempts":)", record.attempts);
  at = put_status(at, R"(,"status_code":)", record.status_code);
  at = put_status(at, R"(,"upstream_status":)", record.upstream_status);
  at = put_text(at, R"(,"reason":)", record.reason);
  at = put_number(at, R"(,"bytes_in":)", record.bytes_in);
  at = put_number(at, R"(,"bytes_out":)", record.bytes_out);
  at = put_duration(at, R"(,"latency_ms":)", record.latency);
  at = put_duration(at, R"(,"upstream_latency_ms":)", record.upstream_latency);
  at = put_duration(at, R"(,"gateway_latency_ms":)", record.gateway_latency);
  if (!record.stages.empty()) at = put_stages(at, record.stages);
  at = put_limit(at, record.ratelimit_policy, record.ratelimit_remaining);
  at = put_tls(at, record.tls_version, record.tls_sni);
  at = put_text(at, R"(,"user_agent":)", record.user_agent, kAgentMost);
  at = put_number(at, R"(,"config_version":)", record.config_version);
  at = put(at, "}\n");
  return {line_.data(), static_cast<std::size_t>(at - line_.data())};
}

}  // namespace penstock
