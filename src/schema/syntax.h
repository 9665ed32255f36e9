#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "schema/node.h"

// What node.cc and the readers of the two syntaxes share.
namespace penstock::schema {

inline constexpr std::size_t kMaxExpansion = std::size_t{64} * 1024;          // Bytes of a scalar.
inline constexpr std::size_t kMaxExpansions = std::size_t{64} * 1024 * 1024;  // Bytes of all.

std::optional<Node> parse_yaml(std::string_view text, std::uint32_t source, Findings& findings);
std::optional<Node> parse_json(std::string_view text, std::uint32_t source, Findings& findings);

// `a list`, `nothing`, ...
std::string_view kind_of(const Node& node);

// Turns offsets into lines and columns. Cheap when they are asked for in rising order.
class Cursor {
 public:
  Cursor(std::string_view text, std::uint32_t source) : text_(text), source_(source) {}
  Position at(std::size_t offset);

 private:
  std::string_view text_;
  std::uint32_t source_;
  std::size_t offset_ = 0;
  std::size_t line_start_ = 0;
  std::uint32_t line_ = 1;
};

}  // namespace penstock::schema
