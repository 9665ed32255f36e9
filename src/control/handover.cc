#include "control/handover.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace penstock {
namespace {

constexpr std::string_view kReady = "ready ";
// 0 to 2 are the standard streams'.
constexpr int kFirst = 3;
constexpr std::uint32_t kMostWorkers = 512;

// Takes `prefix` off the front.
bool take(std::string_view& rest, std::string_view prefix) {
  if (!rest.starts_with(prefix)) return false;
  rest.remove_prefix(prefix.size());
  return true;
}

// Takes a number off the front: digits, without a sign or leading zeros.
template <class Number>
std::optional<Number> take_number(std::string_view& rest) {
  Number number = 0;
  if (rest.empty() || rest.front() < '1' || rest.front() > '9') return std::nullopt;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc{}) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return number;
}

std::optional<int> take_descriptor(std::string_view& rest) {
  const auto number = take_number<int>(rest);
  return number && *number >= kFirst ? number : std::nullopt;
}

// The whole of `rest`: `7,8`, or nothing.
std::optional<std::vector<int>> take_descriptors(std::string_view rest) {
  std::vector<int> descriptors;
  while (!rest.empty()) {
    if (!descriptors.empty() && !take(rest, ",")) return std::nullopt;
    const auto descriptor = take_descriptor(rest);
    if (!descriptor) return std::nullopt;
    descriptors.push_back(*descriptor);
  }
  return descriptors;
}

bool distinct(const Handover& handover) {
  auto all = handover.sockets;
  all.push_back(handover.channel);
  all.push_back(handover.lock);
  std::ranges::sort(all);
  return std::ranges::adjacent_find(all) == all.end();
}

std::optional<Handover> parsed(std::string_view rest) {
  if (!take(rest, "1 workers=")) return std::nullopt;
  const auto workers = take_number<std::uint32_t>(rest);
  if (!workers || *workers > kMostWorkers || !take(rest, " channel=")) return std::nullopt;
  const auto channel = take_descriptor(rest);
  if (!channel || !take(rest, " lock=")) return std::nullopt;
  const auto lock = take_descriptor(rest);
  if (!lock || !take(rest, " sockets=")) return std::nullopt;
  auto sockets = take_descriptors(rest);
  if (!sockets) return std::nullopt;
  return Handover{*workers, *channel, *lock, std::move(*sockets)};
}

}  // namespace

std::string Handover::to_text() const {
  return fmt::format("1 workers={} channel={} lock={} sockets={}", workers, channel, lock,
                     fmt::join(sockets, ","));
}

std::expected<Handover, std::string> Handover::parse(std::string_view text) {
  auto handover = parsed(text);
  if (!handover)
    return std::unexpected(
        "found something else than a process of this version hands over, expected `1 workers=… "
        "channel=… lock=… sockets=…`");
  if (!distinct(*handover)) return std::unexpected("names a descriptor twice");
  return std::move(*handover);
}

std::string readiness_text(const std::vector<int>& sockets) {
  return fmt::format("{}{}\n", kReady, fmt::join(sockets, ","));
}

std::expected<std::vector<int>, std::string> parse_readiness(std::string_view line) {
  auto sockets = take(line, kReady) ? take_descriptors(line) : std::nullopt;
  if (!sockets) return std::unexpected("it said something else than that it serves");
  return std::move(*sockets);
}

}  // namespace penstock
