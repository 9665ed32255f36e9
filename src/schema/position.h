#pragma once

#include <compare>
#include <cstdint>

namespace penstock::schema {

// Where something stands in a document. Lines and columns count from 1, columns in bytes; a line of
// 0 says "nowhere" (a default, or a value made by a program).
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t source = 0;  // Which of the files read together; an index into their names.
  bool alone = false;        // Of a list of one: under the name that such a one has.
  friend constexpr auto operator<=>(const Position&, const Position&) = default;
};

// A value that remembers where it was written, for a complaint that can only be made later.
template <class T>
struct Located {
  T value{};
  Position at{};
};

}  // namespace penstock::schema
