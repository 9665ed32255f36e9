#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/ascii.h"
#include "base/random.h"
#include "route/router.h"

namespace penstock {
namespace {

// The rule of docs/operating/routing.md as it reads, without any tree or index: every route is
// tried, the best is kept.
class Naive {
 public:
  explicit Naive(const std::vector<RouteEntry>& entries) {
    for (const auto& entry : entries) {
      auto& route = routes_.emplace_back(&entry, *Pattern::parse(entry.path, regexes_));
      for (const auto& host : entry.hosts) route.hosts.push_back(*parse_route_host(host));
    }
  }

  // `routeId value …`, `no_host`, `no_path` or `allow GET HEAD`, methods in order of text.
  std::string ask(const RouteRequest& request) const {
    std::optional<std::pair<Key, std::string>> best;
    bool host_known = false;
    std::set<std::string> allowed;
    for (const auto& [entry, pattern, hosts] : routes_) {
      const auto host = class_of_host(hosts, request.host);
      if (!host) continue;
      host_known = true;
      std::string values;
      const auto path = class_of_path(pattern, request.path, values);
      const auto conditions = class_of_conditions(*entry, request);
      if (!path || !conditions) continue;
      allowed.insert(entry->methods.begin(), entry->methods.end());
      const auto method = class_of_method(*entry, request.method);
      if (!method) continue;
      Key key{*host, *path, *method, *conditions, entry->route_id};
      if (!best || key < best->first) best = {key, std::string(entry->route_id) + values};
    }
    if (best) return best->second;
    if (!host_known) return "no_host";
    if (allowed.empty()) return "no_path";
    if (allowed.contains("GET")) allowed.insert("HEAD");
    std::string out = "allow";
    for (const auto& method : allowed) out += " " + method;
    return out;
  }

 private:
  struct Route {
    const RouteEntry* entry;
    Pattern pattern;
    std::vector<std::string> hosts = {};
  };
  // Smaller is better, at each place of a list; what is missing is better than what is there.
  using SegmentKey = std::tuple<int, std::array<long, 5>, std::string>;
  using PathKey = std::vector<SegmentKey>;
  using Key = std::tuple<long, PathKey, int, long, std::string_view>;

  static std::optional<long> class_of_host(const std::vector<std::string>& hosts,
                                           std::string_view host) {
    constexpr long kAny = 1'000'000;
    if (hosts.empty()) return kAny;
    std::optional<long> best;
    for (const auto& name : hosts) {
      long found = kAny;
      if (name == host) found = 0;
      const auto end = std::string_view(name).substr(1);
      if (name.starts_with('*') && host.size() > end.size() && host.ends_with(end))
        found = 1000 - std::ranges::count(name, '.');
      if (found != kAny && (!best || found < *best)) best = found;
    }
    return best;
  }

  static std::optional<int> class_of_method(const RouteEntry& entry, std::string_view method) {
    const auto lists = [&](std::string_view text) {
      return std::ranges::find(entry.methods, text) != entry.methods.end();
    };
    if (entry.methods.empty()) return 2;
    if (lists(method)) return 0;
    if (method == "HEAD" && lists("GET")) return 1;
    return {};
  }

  std::optional<long> class_of_conditions(const RouteEntry& entry,
                                          const RouteRequest& request) const {
    std::set<Condition> distinct;
    for (auto condition : entry.conditions) {
      if (!holds(condition, request)) return {};
      if (condition.subject == Condition::Subject::header) condition.name = lowered(condition.name);
      distinct.insert(condition);
    }
    return -static_cast<long>(distinct.size());
  }

  bool holds(const Condition& condition, const RouteRequest& request) const {
    std::optional<std::string> value;
    const auto add = [&](std::string_view more, std::string_view comma) {
      value = value ? *value + std::string(comma) + std::string(more) : std::string(more);
    };
    if (condition.subject == Condition::Subject::header) {
      for (const auto& field : *request.fields)
        if (equals_ignoring_case(field.name, condition.name)) add(field.value, ", ");
    } else {
      for (auto rest = std::string(request.query) + '&'; !rest.empty();) {
        const auto pair = rest.substr(0, rest.find('&'));
        rest.erase(0, pair.size() + 1);
        const auto end = std::min(pair.find('='), pair.size());
        if (!pair.empty() && decoded(pair.substr(0, end)) == condition.name)
          add(decoded(pair.substr(std::min(end + 1, pair.size()))), ",");
      }
    }
    switch (condition.op) {
      case Condition::Operator::present:
        return value.has_value();
      case Condition::Operator::absent:
        return !value;
      case Condition::Operator::equals:
        return value == condition.value;
      case Condition::Operator::regex:
        return value && regexes_[*regexes_.add(condition.value)].matches(*value);
    }
    return false;
  }

  static std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '%') {
        out += text[i];
        continue;
      }
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    }
    return out;
  }

  std::optional<PathKey> class_of_path(const Pattern& pattern, std::string_view path,
                                       std::string& values) const {
    PathKey out;
    for (const auto& segment : pattern.segments) {
      if (path.empty()) return {};
      path.remove_prefix(1);
      const auto text = path.substr(0, path.find('/'));
      path.remove_prefix(text.size());
      if (!matches(segment, 0, text, values)) return {};
      out.push_back(class_of_segment(segment));
    }
    if (!path.empty() && !pattern.below) return {};
    if (pattern.below) out.push_back({3, {}, {}});
    return out;
  }

  static SegmentKey class_of_segment(const Pattern::Segment& segment) {
    if (segment.is_literal()) return {0, {}, {}};
    if (segment.is_plain_parameter()) return {2, {}, {}};
    std::array<long, 5> key{};
    key[0] = -static_cast<long>(segment.literals.front().size());
    key[1] = -static_cast<long>(segment.literals.back().size());
    for (const auto& literal : segment.literals) key[2] -= static_cast<long>(literal.size());
    for (const auto& parameter : segment.parameters) key[3] -= parameter.regex.empty() ? 0 : 1;
    key[4] = -static_cast<long>(segment.parameters.size());
    return {1, key, segment.shape()};
  }

  // Tries all ways, the shortest first parameter first.
  bool matches(const Pattern::Segment& segment, std::size_t i, std::string_view text,
               std::string& values) const {
    const auto& literal = segment.literals[i];
    if (!text.starts_with(literal)) return false;
    text.remove_prefix(literal.size());
    if (i == segment.parameters.size()) return text.empty();
    const auto& parameter = segment.parameters[i];
    for (std::size_t size = 1; size <= text.size(); ++size) {
      const auto taken = text.substr(0, size);
      if (!parameter.regex.empty() && !regexes_[parameter.regex_number].matches(taken)) continue;
      auto longer = fmt::format("{} {}", values, taken);
      if (!matches(segment, i + 1, text.substr(size), longer)) continue;
      values = longer;
      return true;
    }
    return false;
  }

  std::vector<Route> routes_;
  mutable RegexSet regexes_;
};

// --- Random tables and requests, of few words, so that they meet.

template <std::size_t N>
std::string_view one_of(Random& random, const std::string_view (&texts)[N]) {
  return texts[random.below(N)];
}

std::string random_segment_pattern(Random& random, std::uint64_t number) {
  const auto p = fmt::format("p{}", number);
  switch (random.below(12)) {
    case 0:
    case 1:
      return fmt::format("{{{}}}", p);
    case 2:
      return fmt::format("a{{{}}}", p);
    case 3:
      return fmt::format("{{{}}}.b", p);
    case 4:
      return fmt::format("{{{}}}.{{{}q}}", p, p);
    case 5:
      return fmt::format("{{{}:[ab]+}}", p);
    case 6:
      return fmt::format("{{{}:a(b|\\.)*}}", p);
    case 7:
      return fmt::format("a{{{}}}.{{{}q}}.b", p, p);
    case 8:
      return fmt::format("{{{}:(a|b)}}.{{{}q}}", p, p);
    default:
      return std::string(one_of(random, {"a", "b", "ab", "a.b", "a%2Fb"}));
  }
}

std::string random_path(Random& random, bool pattern) {
  std::string path;
  const auto depth = random.below(5);
  for (std::uint64_t i = 0; i < depth; ++i) {
    path += '/';
    if (pattern)
      path += random_segment_pattern(random, i);
    else
      path += one_of(random, {"a", "b", "ab", "ba", "a.b", "a.a.b", "a..b", ".b", "a%2Fb", "aa.b"});
  }
  if (random.below(5) == 0) path += '/';
  if (pattern && random.below(4) == 0 && !path.ends_with('/')) path += "/*";
  return path.empty() ? "/" : path;
}

Condition random_condition(Random& random) {
  Condition condition;
  const bool header = random.below(2) == 0;
  condition.subject = header ? Condition::Subject::header : Condition::Subject::query;
  condition.name =
      header ? one_of(random, {"X-A", "x-a", "Cookie-B"}) : one_of(random, {"v", "w w"});
  condition.op = static_cast<Condition::Operator>(random.below(4));
  if (condition.op == Condition::Operator::equals)
    condition.value = one_of(random, {"1", "2", "", "a b", "1, 2", "1,2", "+"});
  if (condition.op == Condition::Operator::regex)
    condition.value = one_of(random, {"[12]", ".*", "1.*", "a\\+?"});
  return condition;
}

RouteEntry random_route(Random& random, std::string_view id) {
  RouteEntry entry{.route_id = id, .hosts = {}, .methods = {}, .path = random_path(random, true)};
  const auto some = [&](std::initializer_list<const char*> from, std::vector<std::string>& to) {
    if (random.below(2) == 0) return;
    for (const auto* text : from)
      if (random.below(4) == 0) to.emplace_back(text);
  };
  some({"h", "G.h", "a.g.h", "*.h", "*.g.h", "*.H."}, entry.hosts);
  some({"GET", "HEAD", "POST", "PURGE"}, entry.methods);
  if (random.below(3) == 0)
    for (auto n = random.below(3); n > 0; --n) entry.conditions.push_back(random_condition(random));
  return entry;
}

struct Asked {
  explicit Asked(Random& random) : path(random_path(random, false)) {
    for (auto n = random.below(3); n > 0; --n)
      fields.add(one_of(random, {"x-A", "X-A", "cookie-b", "Accept"}),
                 one_of(random, {"1", "2", "12", "", "a b"}));
    for (auto n = random.below(3); n > 0; --n) {
      query +=
          one_of(random, {"v=1", "v=2", "v", "w+w=1", "w%20w=%31", "v=a%20b", "v=+", "&", "x"});
      query += '&';
    }
    request = {.host = one_of(random, {"h", "g.h", "x.h", "a.g.h", "b.c.g.h", "other", ""}),
               .path = path,
               .method = one_of(random, {"GET", "HEAD", "POST", "PURGE", "BAN"}),
               .query = query,
               .fields = &fields};
  }
  std::string path;
  std::string query;
  http::Fields fields;
  RouteRequest request;
};

std::string answer(const Router& router, const std::vector<RouteEntry>& entries,
                   const RouteRequest& request) {
  const auto match = router.match(request);
  switch (match.kind) {
    case RouteMatch::Kind::no_host:
      return "no_host";
    case RouteMatch::Kind::no_path:
      return "no_path";
    case RouteMatch::Kind::no_method:
      break;
    case RouteMatch::Kind::found: {
      std::string out(entries[match.route].route_id);
      for (std::size_t i = 0; i < match.parameters; ++i)
        out += fmt::format(" {}", match.parameter(i));
      return out;
    }
  }
  std::set<std::string> methods;
  auto text = router.text_of(match.allowed) + ", ";
  while (!text.empty()) {
    methods.insert(text.substr(0, text.find(',')));
    text.erase(0, text.find(',') + 2);
  }
  std::string out = "allow";
  for (const auto& method : methods) out += " " + method;
  return out;
}

struct RandomTable {
  explicit RandomTable(std::uint64_t seed) : random(seed) {
    const auto count = 1 + random.below(seed % 20 == 0 ? 150 : 20);
    for (std::uint64_t i = 0; i < count; ++i) ids.push_back(fmt::format("r{}", i));
    for (const auto& id : ids) entries.push_back(random_route(random, id));
  }
  Random random;
  std::vector<std::string> ids;
  std::vector<RouteEntry> entries;
};

TEST(RouterProperty, AgreesWithTheRuleAsItReads) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    RandomTable table(seed);
    const auto router = Router::compile(table.entries);
    ASSERT_TRUE(router) << "seed " << seed << ": " << router.error();
    const Naive naive(table.entries);
    for (int i = 0; i < 50; ++i) {
      const Asked asked(table.random);
      const auto& request = asked.request;
      ASSERT_EQ(answer(*router, table.entries, request), naive.ask(request))
          << "seed " << seed << ": " << request.method << ' ' << request.host << request.path << '?'
          << request.query;
    }
  }
}

TEST(RouterProperty, DoesNotDependOnTheOrderInTheFile) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    RandomTable table(seed);
    auto shuffled = table.entries;
    for (std::size_t i = shuffled.size(); i > 1; --i)
      std::swap(shuffled[i - 1], shuffled[table.random.below(i)]);
    const auto router = Router::compile(table.entries);
    const auto other = Router::compile(shuffled);
    for (int i = 0; i < 50; ++i) {
      const Asked asked(table.random);
      ASSERT_EQ(answer(*router, table.entries, asked.request),
                answer(*other, shuffled, asked.request))
          << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace penstock
