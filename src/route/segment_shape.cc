#include "route/segment_shape.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <tuple>

namespace penstock {
namespace {

Slice slice(std::size_t begin, std::size_t end) {
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)};
}

// Where `literal` begins in `text`, not before `from`; npos for nowhere. Linear, unlike
// string_view::find.
std::size_t find(std::string_view text, std::string_view literal, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const auto* const found =
      ::memmem(text.data() + from, text.size() - from, literal.data(), literal.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace

SegmentShape::SegmentShape(const Pattern::Segment& segment)
    : text_(segment.shape()), prefix_(segment.literals[0]), literal_size_(prefix_.size()) {
  if (segment.whole) whole_ = *segment.whole;
  for (std::size_t i = 0; i < segment.parameters.size(); ++i) {
    const auto& parameter = segment.parameters[i];
    auto& part = parts_.emplace_back();
    part.literal = segment.literals[i + 1];
    literal_size_ += part.literal.size();
    if (segment.whole) part.group = segment.groups[i];
    if (parameter.regex.empty()) continue;
    part.regex = parameter.regex_number;
    ++regexes_;
  }
}

bool SegmentShape::match(std::string_view segment, const RegexSet& regexes, Slice* out) const {
  if (segment.size() < literal_size_ + parts_.size() || !segment.starts_with(prefix_) ||
      !segment.ends_with(suffix()))
    return false;
  if (whole_ != kNoRegex) return match_whole(segment, regexes, out);
  const auto end = segment.size() - suffix().size();
  const auto inner = segment.substr(0, end);
  auto at = prefix_.size();
  for (std::size_t i = 0; i + 1 < parts_.size(); ++i) {
    const auto& literal = parts_[i].literal;
    const auto found = find(inner, literal, at + 1);
    if (found == std::string_view::npos) return false;
    out[i] = slice(at, found);
    at = found + literal.size();
  }
  if (at >= end) return false;
  out[parts_.size() - 1] = slice(at, end);
  const auto regex = parts_.back().regex;  // With several parameters there would be a whole one.
  return regex == kNoRegex || regexes[regex].matches(inner.substr(at));
}

bool SegmentShape::match_whole(std::string_view segment, const RegexSet& regexes,
                               Slice* out) const {
  std::array<std::string_view, 256> groups;
  const auto asked = std::span(groups).first(std::size_t{parts_.back().group} + 1);
  if (!regexes[whole_].capture(segment, asked)) return false;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const auto taken = groups[parts_[i].group];
    if (taken.empty()) return false;
    const auto begin = static_cast<std::size_t>(taken.data() - segment.data());
    out[i] = slice(begin, begin + taken.size());
  }
  return true;
}

std::string SegmentShape::text(std::span<const std::string_view> names,
                               const RegexSet& regexes) const {
  auto out = prefix_;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const auto& part = parts_[i];
    out += part.regex == kNoRegex ? fmt::format("{{{}}}", names[i])
                                  : fmt::format("{{{}:{}}}", names[i], regexes[part.regex].text());
    out += part.literal;
  }
  return out;
}

bool SegmentShape::precedes(const SegmentShape& other) const {
  const auto key = [](const SegmentShape& shape) {
    return std::tuple(shape.prefix().size(), shape.suffix().size(), shape.literal_size_,
                      shape.regexes_, shape.parts_.size());
  };
  const auto mine = key(*this);
  const auto others = key(other);
  return mine != others ? mine > others : text_ < other.text_;
}

}  // namespace penstock
