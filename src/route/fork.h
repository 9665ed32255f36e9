#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "route/segment_shape.h"

namespace penstock {

// The ways on from a node for segments with parameters among literal text or with a regex, in their
// order of precedence: the longest literal beginning first, of those alike the longest end.
//
// Hundreds of them may stand at one place (`getOffice365ActiveUserCounts(period='{period}')`). The
// beginnings are sorted, so that the last one not after a segment is the only one that, with those
// it begins with itself, can begin the segment; likewise the ends, read backwards.
class Fork {
 public:
  struct Option {
    std::uint32_t shape;
    std::uint32_t child;
  };
  Fork(std::vector<Option> options, std::span<const SegmentShape> shapes);

  // Calls `visit` with each option that has the segment's beginning and end, until it returns true.
  template <class Visit>
  bool any(std::string_view segment, Visit&& visit) const {
    for (auto p = longest_beginning(segment); p != kNone; p = beginnings_[p].within) {
      const auto& beginning = beginnings_[p];
      for (auto e = longest_end(beginning, segment); e != kNone; e = ends_[e].within) {
        const auto& end = ends_[e];
        for (const auto& option : std::span(options_).subspan(end.first, end.count))
          if (visit(option)) return true;
      }
    }
    return false;
  }

  std::span<const Option> options() const { return options_; }
  std::size_t memory() const;  // Bytes held, about.

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  struct Affix {
    std::string text;
    std::uint32_t within = kNone;  // The longest other one that this one begins (ends) with.
    std::uint32_t first = 0;       // A beginning's ends, an end's options.
    std::uint32_t count = 0;
  };
  std::uint32_t longest_beginning(std::string_view segment) const;
  std::uint32_t longest_end(const Affix& beginning, std::string_view segment) const;

  std::vector<Affix> beginnings_;
  std::vector<Affix> ends_;
  std::vector<Option> options_;
};

}  // namespace penstock
