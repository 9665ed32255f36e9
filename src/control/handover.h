#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

// What a process hands to the one that takes its place: the numbers of descriptors, which live on
// through exec, in an environment variable.
struct Handover {
  static constexpr const char* kVariable = "PENSTOCK_UPGRADE";

  std::uint32_t workers = 0;
  int channel = -1;          // On which the new process says that it serves, and by whose end it is
                             // known to have ended.
  int lock = -1;             // Of the state folder.
  std::vector<int> sockets;  // Those that listen.

  // `1 workers=2 channel=5 lock=6 sockets=7,8`; the first number is the form's.
  std::string to_text() const;
  // Strict. The error is a sentence.
  static std::expected<Handover, std::string> parse(std::string_view text);
};

// What the new process says on the channel once it serves: `ready 7,8`, with the sockets of those
// above that it has taken, and a newline.
std::string readiness_text(const std::vector<int>& sockets);
std::expected<std::vector<int>, std::string> parse_readiness(std::string_view line);

}  // namespace penstock
