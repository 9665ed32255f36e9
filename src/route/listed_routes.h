#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <istream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "route/pattern.h"
#include "route/router.h"

namespace penstock {

// A route table as it is listed from published descriptions: a route a line, `METHOD path` or
// `METHOD host/path`. What the gateway refuses is left out, with the reason. For tests and
// tools/routes.
class ListedRoutes {
 public:
  struct LeftOut {
    std::string line;
    std::string why;
  };

  void read(std::istream& in) {
    for (std::string line; std::getline(in, line);) {
      const auto last = line.find_last_not_of(" \t\r");
      if (last != std::string::npos) add(std::string_view(line).substr(0, last + 1));
    }
  }

  // They view this object's ids, which are in the order of the lines.
  const std::vector<RouteEntry>& entries() const { return entries_; }
  const std::vector<LeftOut>& left_out() const { return left_out_; }

 private:
  void add(std::string_view line) {
    RouteEntry entry;
    if (auto fault = parse(line, entry); !fault.empty()) {
      left_out_.push_back({std::string(line), std::move(fault)});
      return;
    }
    ids_.push_back(fmt::format("r{:05}", ids_.size()));
    entry.route_id = ids_.back();
    entries_.push_back(std::move(entry));
  }

  // What is wrong with it; empty if nothing is.
  static std::string parse(std::string_view line, RouteEntry& entry) {
    const auto blank = line.find(' ');
    const auto slash = line.find('/', blank);
    if (blank == std::string_view::npos || slash == std::string_view::npos)
      return "this is no method and path";
    const auto method = line.substr(0, blank);
    if (!is_method(method)) return fmt::format("method `{}`: this is no method", method);
    if (method == "TRACE" || method == "CONNECT")
      return fmt::format("method `{}`: the gateway refuses it", method);
    const auto host = without_port(line.substr(blank + 1, slash - blank - 1));
    if (!host.empty()) {
      const auto parsed = parse_route_host(host);
      if (!parsed) return fmt::format("host `{}`: {}", host, parsed.error());
      entry.hosts = {std::string(host)};
    }
    entry.methods = {std::string(method)};
    entry.path = line.substr(slash);
    RegexSet regexes;
    const auto pattern = Pattern::parse(entry.path, regexes);
    return pattern ? std::string() : fmt::format("path `{}`: {}", entry.path, pattern.error());
  }

  // A route's host is without.
  static std::string_view without_port(std::string_view authority) {
    const auto colon = authority.rfind(':');
    const bool in_brackets =
        authority.find(']', std::min(colon, authority.size())) != std::string_view::npos;
    return in_brackets ? authority : authority.substr(0, colon);
  }

  std::deque<std::string> ids_;
  std::vector<RouteEntry> entries_;
  std::vector<LeftOut> left_out_;
};

}  // namespace penstock
