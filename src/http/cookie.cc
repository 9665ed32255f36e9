#include "http/cookie.h"

#include <algorithm>

#include "base/ascii.h"

namespace penstock::http {
namespace {

// `name=value` with that name.
bool is_named(std::string_view pair, std::string_view name) {
  const auto equals = pair.find('=');
  return equals != std::string_view::npos && trim_ows(pair.substr(0, equals)) == name;
}

std::string_view found_in(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const auto pair = list.substr(0, list.find(';'));
    if (is_named(pair, name)) return trim_ows(pair.substr(pair.find('=') + 1));
    list.remove_prefix(std::min(list.size(), pair.size() + 1));
  }
  return {};
}

}  // namespace

std::string_view cookie_of(const Fields& request, std::string_view name) {
  for (const auto& field : request) {
    if (field.id != Name::cookie) continue;
    if (const auto value = found_in(field.value, name); !value.empty()) return value;
  }
  return {};
}

bool sets_cookie(const Fields& response, std::string_view name) {
  return std::any_of(response.begin(), response.end(), [&](const Field& field) {
    return field.id == Name::set_cookie && is_named(field.value, name);
  });
}

}  // namespace penstock::http
