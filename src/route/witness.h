#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "route/router.h"

namespace penstock {

// A request that a route asks for, made from the route.
struct Witness {
  std::string host;
  std::string path;
  std::string method;
  std::string query;
  http::Fields fields;  // Views of the entry, of `Witnesses`, or static.

  RouteRequest request() const {
    return {.host = host, .path = path, .method = method, .query = query, .fields = &fields};
  }
  // `GET h.example/a/b?c=d with X-Version: v2`.
  std::string to_text() const;
};

// Makes witnesses for the routes of a table.
class Witnesses {
 public:
  // How many different ones there are for a route, host and method.
  static constexpr unsigned kVariations = 3;

  explicit Witnesses(std::span<const RouteEntry> entries);

  // Nothing where a regex is not understood. Whether the route really matches is for a router to
  // say. `host` is one of the entry's, or empty for one that names none.
  std::optional<Witness> make(const RouteEntry& entry, const Pattern& pattern,
                              std::string_view host, std::string_view method, unsigned variation);

 private:
  // Header fields and query parameters that some condition names: in one variation all those are
  // there on which the route has no condition.
  std::map<std::string, Condition> subjects_;
  std::map<std::pair<std::string, unsigned>, std::optional<std::string>, std::less<>> samples_;

  const std::optional<std::string>& sample_of(const std::string& regex, unsigned variation);
  bool fill_path(const Pattern& pattern, unsigned variation, std::string& path);
  bool fill_conditions(const RouteEntry& entry, unsigned variation, Witness& witness);
  void add_others(const RouteEntry& entry, Witness& witness) const;
};

}  // namespace penstock
