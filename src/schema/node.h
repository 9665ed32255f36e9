#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/findings.h"
#include "schema/position.h"

namespace penstock::schema {

// One value of a document, whichever syntax it was written in.
struct Node {
  enum class Kind : std::uint8_t { nothing, scalar, list, map };

  Kind kind = Kind::nothing;
  bool quoted = false;    // A scalar written in quotes: never a number, nor true or false.
  bool expanded = false;  // `text` came out of `${...}`; it may be a secret and is never shown.
  bool refused = false;   // It could not be expanded, which has been said.
  bool secret = false;    // `text` names a secret (secret.h), and is not expanded.
  Position at;
  Position key_at;          // Where `key` stands.
  std::string key;          // Of a map's member.
  std::string text;         // A scalar as it was written, without quotes and escapes.
  std::string written;      // The text before expansion, where `expanded`.
  std::vector<Node> items;  // Of a list; or a map's members, in their order, duplicates kept.
};

enum class Syntax : std::uint8_t { yaml, json };
// `.json`, `.yaml` and `.yml` say it; else a document that begins with `{` or `[` is JSON.
Syntax syntax_of(std::string_view name, std::string_view text);

// What a document may cost to read.
inline constexpr std::size_t kMaxDocumentBytes = std::size_t{50} * 1024 * 1024;
inline constexpr std::size_t kMaxDepth = 64;
inline constexpr std::size_t kMaxNodes = 2'000'000;
inline constexpr std::size_t kMaxAliased = 100'000;  // Nodes that aliases stand for, in all.

// Reads `text`, the document `source` of findings' sources. An error is added to findings, and then
// nothing is returned. Never throws.
std::optional<Node> parse(std::string_view text, Syntax syntax, std::uint32_t source,
                          Findings& findings);

// The value of an environment variable, if it is set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;
Environment process_environment();

// Replaces `${NAME}` and `${NAME:-default}` in the scalars below `node`; `$${` stands for `${`. A
// scalar that names a secret is marked and stays as it is; within a longer text that is an error.
void expand(Node& node, const Environment& environment, Findings& findings);

}  // namespace penstock::schema
