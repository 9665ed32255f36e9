#include "route/regex.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <utility>

namespace penstock {
namespace {

// What a composed one may have: a pattern's own limit, and what quoting adds.
constexpr std::size_t kMaxComposedSize = std::size_t{16} * 1024;
// Instructions: a text of n bytes costs n times this many steps at worst.
constexpr int kMaxProgram = 1000;
// Bytes that one may hold, of which a third is for the states it meets.
constexpr std::int64_t kMemory = std::int64_t{512} * 1024;

RE2::Options options() {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_dot_nl(true);
  options.set_log_errors(false);
  options.set_max_mem(kMemory);
  return options;
}

using Refusal = std::unexpected<std::string>;

}  // namespace

Regex::Regex(std::unique_ptr<re2::RE2> compiled) : compiled_(std::move(compiled)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

std::expected<Regex, std::string> Regex::compile(std::string_view text) {
  return compile(text, kMaxRegexSize);
}

std::expected<Regex, std::string> Regex::compile(std::string_view text, std::size_t limit) {
  if (text.empty()) return Refusal("the regex is empty");
  if (text.size() > limit) return Refusal(fmt::format("a regex may have at most {} bytes", limit));
  const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (!std::ranges::all_of(text, is_plain))
    return Refusal(R"(a regex is written in ASCII; write other bytes like `\xC3`)");
  auto compiled = std::make_unique<RE2>(re2::StringPiece(text.data(), text.size()), options());
  if (!compiled->ok())
    return Refusal(fmt::format("the regex `{}` cannot be read: {}", text, compiled->error()));
  if (compiled->ProgramSize() > kMaxProgram)
    return Refusal(fmt::format("the regex `{}` is too large: {} instructions, at most {}", text,
                               compiled->ProgramSize(), kMaxProgram));
  return Regex(std::move(compiled));
}

bool Regex::matches(std::string_view text) const {
  return compiled_->Match({text.data(), text.size()}, 0, text.size(), RE2::ANCHOR_BOTH, nullptr, 0);
}

bool Regex::capture(std::string_view text, std::span<std::string_view> groups) const {
  std::vector<re2::StringPiece> found(groups.size() + 1);
  if (!compiled_->Match({text.data(), text.size()}, 0, text.size(), RE2::ANCHOR_BOTH, found.data(),
                        static_cast<int>(found.size())))
    return false;
  for (std::size_t i = 0; i < groups.size(); ++i)
    groups[i] = {found[i + 1].data(), found[i + 1].size()};
  return true;
}

std::string_view Regex::text() const {
  return compiled_->pattern();
}

std::size_t Regex::groups() const {
  return static_cast<std::size_t>(compiled_->NumberOfCapturingGroups());
}

std::expected<std::uint32_t, std::string> RegexSet::add(std::string_view text) {
  return add(text, kMaxRegexSize);
}

std::expected<std::uint32_t, std::string> RegexSet::add_composed(std::string_view text) {
  return add(text, kMaxComposedSize);
}

std::expected<std::uint32_t, std::string> RegexSet::add(std::string_view text, std::size_t limit) {
  const auto known = numbers_.find(std::string(text));
  if (known != numbers_.end()) return known->second;
  if (regexes_.size() == kMaxRegexes)
    return Refusal(fmt::format("there may be at most {} different regexes", kMaxRegexes));
  auto regex = Regex::compile(text, limit);
  if (!regex) return Refusal(std::move(regex.error()));
  const auto number = static_cast<std::uint32_t>(regexes_.size());
  regexes_.push_back(*std::move(regex));
  numbers_.emplace(text, number);
  return number;
}

std::string quote_for_regex(std::string_view text) {
  return RE2::QuoteMeta({text.data(), text.size()});
}

}  // namespace penstock
