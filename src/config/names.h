#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schema/findings.h"
#include "schema/position.h"

namespace penstock {

// Collects one kind of name and complains about those that are wrong or not the first. The texts
// must outlive it.
class Names {
 public:
  // Names are metric labels, log fields and parts of the admin's paths.
  static constexpr std::size_t kLongest = 128;

  Names(std::string_view noun, schema::Findings& findings) : noun_(noun), findings_(findings) {}

  void add(const schema::Located<std::string>& name, const std::string& path);
  bool contains(std::string_view name) const { return first_.contains(name); }
  std::vector<std::string_view> all() const;  // Sorted.

 private:
  std::string_view noun_;
  schema::Findings& findings_;
  std::unordered_map<std::string_view, schema::Position> first_;
};

// A host name (RFC 1123 §2.1, and `_`, which container networks use) or an IP address.
bool is_host(std::string_view text);

// Neither written nor defaulted; the decoder has said so where it matters.
inline bool is_missing(const schema::Located<std::string>& text) {
  return text.at.line == 0 && text.value.empty();
}

}  // namespace penstock
