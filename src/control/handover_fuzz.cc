#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "control/handover.h"

// What is understood says the same when it is written again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto given = Handover::parse(text); given && given->to_text() != text) std::abort();
  if (const auto sockets = parse_readiness(text);
      sockets && readiness_text(*sockets) != std::string(text) + "\n")
    std::abort();
  return 0;
}
