#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace {

std::optional<std::string> variable(std::string_view name) {
  if (name == "A") return "1s";
  if (name == "B") return "${A}";
  return std::nullopt;
}

// Whatever the files hold, they are served without an error or refused with one.
void try_as(std::string_view ending, const std::vector<std::string_view>& texts) {
  std::vector<penstock::DocumentText> documents;
  for (const auto text : texts) documents.push_back({"f" + std::string(ending), std::string(text)});
  const auto loaded = penstock::load_texts(documents, variable);
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

// A line of `===` begins a file that is laid on those before it.
std::vector<std::string_view> split(std::string_view text) {
  constexpr std::string_view kBetween = "\n===\n";
  std::vector<std::string_view> texts;
  while (texts.size() < 4) {
    const auto at = text.find(kBetween);
    texts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) break;
    text.remove_prefix(at + kBetween.size());
  }
  return texts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto texts = split(text);
  try_as(".yaml", texts);
  try_as(".json", texts);
  return 0;
}
