#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "route/pattern.h"
#include "route/regex.h"

namespace penstock {

// What a parameter took: a part of the path.
struct Slice {
  std::uint32_t begin;
  std::uint32_t size;
};

// A segment that is neither literal nor a plain parameter, as it is matched.
//
// Without regexes each parameter takes as little as it can, from the left, and at least one byte:
// `{base}...{head}` splits at the first `...` that leaves both something. That finds a way if there
// is one, in time linear in the segment's length.
class SegmentShape {
 public:
  explicit SegmentShape(const Pattern::Segment& segment);

  // Whether it matches; then `out` holds what each parameter took, from the segment's begin on.
  bool match(std::string_view segment, const RegexSet& regexes, Slice* out) const;

  std::size_t parameters() const { return parts_.size(); }
  const std::string& text() const { return text_; }  // Pattern::Segment::shape().
  // With its parameters' names.
  std::string text(std::span<const std::string_view> names, const RegexSet& regexes) const;
  const std::string& prefix() const { return prefix_; }
  const std::string& suffix() const { return parts_.back().literal; }

  // Which of two that match one segment goes first: see docs/operating/routing.md.
  bool precedes(const SegmentShape& other) const;

 private:
  static constexpr std::uint32_t kNoRegex = ~std::uint32_t{0};
  struct Part {
    std::string literal;  // After the parameter.
    std::uint32_t regex = kNoRegex;
    std::uint8_t group = 0;
  };
  bool match_whole(std::string_view segment, const RegexSet& regexes, Slice* out) const;

  std::string text_;
  std::string prefix_;
  std::vector<Part> parts_;
  std::uint32_t whole_ = kNoRegex;
  std::size_t literal_size_ = 0;
  std::size_t regexes_ = 0;
};

}  // namespace penstock
