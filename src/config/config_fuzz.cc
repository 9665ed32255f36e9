#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "config/load.h"

namespace {

std::optional<std::string> variable(std::string_view name) {
  if (name == "A") return "1s";
  if (name == "B") return "${A}";
  return std::nullopt;
}

// Whatever a file holds, it is served without an error or refused with one that has a place.
void try_as(std::string_view name, std::string_view text) {
  const auto loaded = penstock::load_text(name, text, variable);
  bool failed = false;
  for (const auto& finding : loaded.findings) {
    failed = failed || finding.severity == penstock::schema::Severity::error;
    const auto said = penstock::schema::to_text(finding);
    if (finding.text.empty()) std::abort();
    for (const char c : said)
      if (static_cast<unsigned char>(c) < 0x20) std::abort();
  }
  if (failed == loaded.ok) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_as("f.yaml", text);
  try_as("f.json", text);
  return 0;
}
