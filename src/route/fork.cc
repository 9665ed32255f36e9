#include "route/fork.h"

#include <algorithm>
#include <utility>

namespace penstock {
namespace {

bool precedes_backwards(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

}  // namespace

Fork::Fork(std::vector<Option> options, std::span<const SegmentShape> shapes)
    : options_(std::move(options)) {
  std::ranges::sort(options_, [&](const Option& a, const Option& b) {
    const auto& x = shapes[a.shape];
    const auto& y = shapes[b.shape];
    if (x.prefix() != y.prefix()) return x.prefix() < y.prefix();
    if (x.suffix() != y.suffix()) return precedes_backwards(x.suffix(), y.suffix());
    return x.precedes(y);
  });
  for (std::uint32_t i = 0; i < options_.size(); ++i) {
    const auto& shape = shapes[options_[i].shape];
    const bool begins = beginnings_.empty() || beginnings_.back().text != shape.prefix();
    if (begins)
      beginnings_.push_back({shape.prefix(), longest_beginning(shape.prefix()),
                             static_cast<std::uint32_t>(ends_.size()), 0});
    auto& beginning = beginnings_.back();
    if (begins || ends_.back().text != shape.suffix()) {
      ends_.push_back({shape.suffix(), longest_end(beginning, shape.suffix()), i, 0});
      ++beginning.count;
    }
    ++ends_.back().count;
  }
}

std::uint32_t Fork::longest_beginning(std::string_view segment) const {
  const auto after = std::ranges::upper_bound(beginnings_, segment, {}, &Affix::text);
  if (after == beginnings_.begin()) return kNone;
  auto found = static_cast<std::uint32_t>(after - beginnings_.begin() - 1);
  while (found != kNone && !segment.starts_with(beginnings_[found].text))
    found = beginnings_[found].within;
  return found;
}

std::uint32_t Fork::longest_end(const Affix& beginning, std::string_view segment) const {
  const auto ends = std::span(ends_).subspan(beginning.first, beginning.count);
  const auto after =
      std::ranges::upper_bound(ends, segment, precedes_backwards, &Affix::text) - ends.begin();
  if (after == 0) return kNone;
  auto found = beginning.first + static_cast<std::uint32_t>(after) - 1;
  while (found != kNone && !segment.ends_with(ends_[found].text)) found = ends_[found].within;
  return found;
}

std::size_t Fork::memory() const {
  return sizeof(Fork) + (beginnings_.capacity() + ends_.capacity()) * (sizeof(Affix) + 16) +
         options_.capacity() * sizeof(Option);
}

}  // namespace penstock
