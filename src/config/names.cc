#include "config/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "net/address.h"

namespace penstock {
namespace {

bool is_name(std::string_view text) {
  const auto fits = [](char c) {
    return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '.' || c == '_' ||
           c == '-' || c == '/' || c == ':';
  };
  return !text.empty() && text.size() <= Names::kLongest &&
         std::all_of(text.begin(), text.end(), fits);
}

}  // namespace

bool is_host(std::string_view text) {
  if (IpAddress::parse(text)) return true;
  if (text.empty() || text.size() > 253) return false;
  bool numeric = false;  // Of the last label: then it would be an IPv4 address, and a wrong one.
  while (true) {
    const auto label = text.substr(0, text.find('.'));
    const auto fits = [](char c) {
      return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '-' || c == '_';
    };
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
      return false;
    if (!std::all_of(label.begin(), label.end(), fits)) return false;
    numeric = std::all_of(label.begin(), label.end(), is_digit);
    if (label.size() == text.size()) return !numeric;
    text.remove_prefix(label.size() + 1);
  }
}

void Names::add(const schema::Located<std::string>& name, const std::string& path) {
  if (is_missing(name)) return;
  const auto quoted = schema::in_quotes(name.value);
  if (!is_name(name.value))
    return findings_.error(
        name.at, path,
        fmt::format("found {}, expected 1 to {} letters, digits and . _ - / :", quoted, kLongest));
  const auto [first, added] = first_.try_emplace(name.value, name.at);
  if (!added)
    findings_.error(name.at, path,
                    fmt::format("found {} a second time, expected a {} of its own: the first is "
                                "in {}",
                                quoted, noun_, findings_.line(first->second, name.at)));
}

std::vector<std::string_view> Names::all() const {
  std::vector<std::string_view> names;
  names.reserve(first_.size());
  for (const auto& [name, at] : first_) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace penstock
