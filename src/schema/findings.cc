#include "schema/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "base/ascii.h"

namespace penstock::schema {
namespace {

constexpr std::size_t kLongestPath = 256;
constexpr std::size_t kLongestText = 1024;
constexpr std::size_t kMostShown = 80;    // Bytes of a found value.
constexpr std::size_t kLongestName = 64;  // Longer texts get no suggestion.
constexpr std::size_t kMostCandidates = 10'000;
constexpr std::size_t kLeastHidden = 4;  // Shorter ones are no secret.

// What a log or a terminal may be sent: a finding quotes strangers.
std::string harmless(std::string_view text, std::size_t longest) {
  std::string out(text.substr(0, longest));
  for (auto& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return out;
}

// Edit distance in which a swap of neighbours counts as one step; at most `bound` + 1.
std::size_t distance(std::string_view a, std::string_view b, std::size_t bound) {
  std::array<std::array<std::size_t, kLongestName + 1>, 3> rows{};
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    const auto& two_above = rows[(i + 1) % 3];
    row[0] = i;
    std::size_t least = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = to_lower(a[i - 1]) == to_lower(b[j - 1]) ? 0 : 1;
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], two_above[j - 2] + 1);
      least = std::min(least, row[j]);
    }
    if (least > bound) return bound + 1;
  }
  return rows[a.size() % 3][b.size()];
}

// Where the text in quotes that begins at `open` ends.
std::size_t end_of_quotes(std::string_view text, std::size_t open) {
  for (auto at = open + 1; at < text.size(); ++at) {
    if (text[at] == '\\')
      ++at;
    else if (text[at] == '"')
      return at + 1;
  }
  return text.size();
}

void replace_all(std::string& text, std::string_view part, std::string_view by) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + by.size()))
    text.replace(at, part.size(), by);
}

}  // namespace

std::string_view name_of(Severity severity) {
  return severity == Severity::error ? "error" : "warning";
}

std::string to_text(const Finding& finding) {
  auto text = finding.file;
  if (finding.at.line > 0) text += fmt::format(":{}:{}", finding.at.line, finding.at.column);
  if (!finding.path.empty()) text += ' ' + finding.path;
  return text + ": " + finding.text;
}

void Findings::hide(std::string text, std::string written) {
  if (text.empty()) return;
  auto quoted = in_quotes(text);
  hidden_.push_back({std::move(text), std::move(quoted), std::move(written)});
}

std::string Findings::masked(std::string text) const {
  for (const auto& hidden : hidden_)
    replace_all(text, hidden.quoted, "the value of " + in_quotes(hidden.written));
  // It may be a part of what is quoted, such as of a path. Our own words are left as they are.
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto open = std::min(text.find('"', at), text.size());
    const auto end = end_of_quotes(text, open);
    out += text.substr(at, open - at);
    auto part = text.substr(open, end - open);
    for (const auto& hidden : hidden_)
      if (hidden.text.size() >= kLeastHidden) replace_all(part, hidden.text, hidden.written);
    out += part;
    at = end;
  }
  return out;
}

void Findings::error(Position at, std::string_view path, std::string_view text) {
  if (errors_++ < kMost) add(Severity::error, at, path, text);
}

void Findings::warning(Position at, std::string_view path, std::string_view text) {
  if (warnings_++ < kMost) add(Severity::warning, at, path, text);
}

void Findings::add(Severity severity, Position at, std::string_view path, std::string_view text) {
  findings_.push_back({.severity = severity,
                       .file = at.source < sources_.size() ? sources_[at.source] : std::string(),
                       .at = at,
                       .path = harmless(path, kLongestPath),
                       .text = harmless(text, kLongestText)});
}

std::string Findings::line(Position at, Position seen_from) const {
  if (at.source == seen_from.source || at.source >= sources_.size())
    return fmt::format("line {}", at.line);
  return fmt::format("line {} of {}", at.line, sources_[at.source]);
}

std::vector<Finding> Findings::take() {
  const auto rank = [](const Finding& finding) {
    return std::tie(finding.at.source, finding.at, finding.severity, finding.path, finding.text);
  };
  std::sort(findings_.begin(), findings_.end(),
            [&](const Finding& a, const Finding& b) { return rank(a) < rank(b); });
  for (auto& finding : findings_) finding.text = masked(std::move(finding.text));
  if (errors_ > kMost)
    add(Severity::error, {}, {}, fmt::format("{} more errors are not shown", errors_ - kMost));
  if (warnings_ > kMost)
    add(Severity::warning, {}, {},
        fmt::format("{} more warnings are not shown", warnings_ - kMost));
  return std::exchange(findings_, {});
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  const bool cut = text.size() > kMostShown;
  if (cut) {
    text = text.substr(0, kMostShown);
    // Not within a UTF-8 sequence.
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80)
      text.remove_suffix(1);
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0) text.remove_suffix(1);
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    if (byte < 0x20 || byte == 0x7f)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return out + (cut ? "...\"" : "\"");
}

std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates) {
  if (text.size() > kLongestName) return {};
  std::string_view best;
  std::size_t fewest = kLongestName;
  for (const auto candidate : candidates.first(std::min(candidates.size(), kMostCandidates))) {
    const auto [shorter, longer] = std::minmax({text.size(), candidate.size()});
    if (longer > kLongestName) continue;
    // A third of it may be wrong, and it must be nearer than the best so far.
    const auto bound = std::min(std::max<std::size_t>(1, longer / 3), fewest - 1);
    if (longer - shorter > bound) continue;
    const auto steps = distance(text, candidate, bound);
    if (steps > bound || steps >= shorter) continue;
    best = candidate;
    fewest = steps;
    if (steps == 0) break;
  }
  return best;
}

std::string did_you_mean(std::string_view text, std::span<const std::string_view> candidates) {
  const auto best = nearest(text, candidates);
  return best.empty() ? std::string() : fmt::format("; did you mean {}?", in_quotes(best));
}

}  // namespace penstock::schema
