#include "route/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "route/witness.h"

namespace penstock {
namespace {

// Requests that are asked about, of all routes together.
constexpr std::size_t kMaxAsked = 2'000'000;
// A method that no route lists.
constexpr std::string_view kUnlisted = "ANY";

std::set<Condition> distinct_conditions(const RouteEntry& entry) {
  std::set<Condition> all;
  for (auto condition : entry.conditions) {
    if (condition.subject == Condition::Subject::header) condition.name = lowered(condition.name);
    all.insert(std::move(condition));
  }
  return all;
}

std::string shape_of(const Pattern& pattern) {
  std::string shape;
  for (const auto& segment : pattern.segments) shape += '/' + segment.shape();
  return shape + (pattern.below ? "/*" : "");
}

// What is wrong with two conditions on one header or parameter; empty if nothing is.
std::string contradiction(const Condition& a, const Condition& b) {
  using Operator = Condition::Operator;
  if (a.subject != b.subject || a.name != b.name || a == b) return {};
  const bool contrary = (a.op == Operator::absent) != (b.op == Operator::absent);
  const bool two_values = a.op == Operator::equals && b.op == Operator::equals;
  bool no_match = false;
  if (a.op == Operator::equals && b.op == Operator::regex) {
    const auto regex = Regex::compile(b.value);
    no_match = regex && !regex->matches(a.value);
  }
  if (!contrary && !two_values && !no_match) return {};
  return fmt::format("`{}` and `{}` never hold together", to_text(a), to_text(b));
}

// Why no request can match; empty if one may.
std::string impossibility(const RouteEntry& entry, const Pattern& pattern) {
  for (const auto& segment : pattern.segments)
    for (const auto& literal : segment.literals)
      if (literal.contains("%2F") && !entry.encoded_slashes)
        return "its path has an encoded slash, which it does not allow: see `encodedSlashes`";
  if (entry.conditions.size() < 2) return {};
  const auto conditions = distinct_conditions(entry);
  for (const auto& a : conditions)
    for (const auto& b : conditions)
      if (auto why = contradiction(a, b); !why.empty()) return why;
  return {};
}

class Search {
 public:
  Search(std::span<const RouteEntry> entries, const Router& router, std::size_t most)
      : entries_(entries), router_(router), witnesses_(entries), most_(most) {}

  RouteFindings all() {
    for (std::uint32_t i = 0; i < entries_.size(); ++i) one(i);
    return std::move(found_);
  }

 private:
  void one(std::uint32_t route) {
    const auto& entry = entries_[route];
    const auto pattern = Pattern::parse(entry.path, regexes_);
    if (!pattern) return;
    if (auto why = impossibility(entry, *pattern); !why.empty())
      return report({.kind = RouteFinding::Kind::unreachable,
                     .route = route,
                     .witness = {},
                     .why = std::move(why)});
    told_.clear();
    if (entry.hosts.empty()) return of_host(route, *pattern, {});
    for (const auto& text : entry.hosts)
      if (const auto host = parse_route_host(text)) of_host(route, *pattern, *host);
  }

  void of_host(std::uint32_t route, const Pattern& pattern, std::string_view host) {
    const auto& entry = entries_[route];
    for (const auto& method : entry.methods) of_method(route, pattern, host, method);
    if (!entry.methods.empty()) return;
    if (of_method(route, pattern, host, kUnlisted) || entry.conditions.empty()) return;
    // A route that lists a method goes before this one, though this one has conditions. Without
    // any it leaves single methods to others on purpose.
    for (const auto* method : {"GET", "POST", "PUT", "PATCH", "DELETE"})
      of_method(route, pattern, host, method);
  }

  // Whether another gets the route's requests.
  bool of_method(std::uint32_t route, const Pattern& pattern, std::string_view host,
                 std::string_view method) {
    std::optional<std::uint32_t> winner;
    std::optional<Witness> first;
    for (unsigned variation = 0; variation < Witnesses::kVariations; ++variation) {
      if (++asked_ > kMaxAsked) {
        found_.complete = false;
        return false;
      }
      auto made = witnesses_.make(entries_[route], pattern, host, method, variation);
      if (!made) return false;
      const auto match = router_.match(made->request());
      if (!match.found() || match.route == route || (winner && *winner != match.route))
        return false;
      if (!matches(route, *made)) return false;
      winner = match.route;
      if (!first) first = std::move(made);
    }
    tell(route, pattern, *winner, *std::move(first));
    return true;
  }

  // Whether the route would get the request if it were alone.
  bool matches(std::uint32_t route, const Witness& witness) const {
    const auto alone = Router::compile(entries_.subspan(route, 1));
    return alone && alone->match(witness.request()).found();
  }

  // The same request by a method that people use, if the winner gets that too.
  void make_plain(Witness& witness, std::uint32_t winner) const {
    if (witness.method != kUnlisted) return;
    for (const auto* method : {"GET", "POST", "PUT", "DELETE", "OPTIONS"}) {
      witness.method = method;
      const auto match = router_.match(witness.request());
      if (match.found() && match.route == winner) return;
    }
    witness.method = kUnlisted;
  }

  void tell(std::uint32_t route, const Pattern& pattern, std::uint32_t winner, Witness witness) {
    if (!told_.insert(winner).second) return;  // One word per pair is enough.
    const auto& entry = entries_[route];
    const auto& other = entries_[winner];
    const auto others = Pattern::parse(other.path, regexes_);
    const bool same_path = others && shape_of(*others) == shape_of(pattern);
    const bool alike = same_path && distinct_conditions(entry) == distinct_conditions(other);
    make_plain(witness, winner);
    report({.kind = alike ? RouteFinding::Kind::alike : RouteFinding::Kind::shadowed,
            .route = route,
            .winner = winner,
            .witness = witness.to_text(),
            .why = {}});
  }

  void report(RouteFinding finding) {
    if (found_.list.size() == most_)
      ++found_.left_out;
    else
      found_.list.push_back(std::move(finding));
  }

  std::span<const RouteEntry> entries_;
  const Router& router_;
  Witnesses witnesses_;
  RegexSet regexes_;
  RouteFindings found_;
  std::set<std::uint32_t> told_;  // Winners over the route that is looked at.
  std::size_t most_;
  std::size_t asked_ = 0;
};

}  // namespace

RouteFindings find_route_faults(std::span<const RouteEntry> entries, std::size_t most) {
  const auto router = Router::compile(entries);
  if (!router) return {};
  return Search(entries, *router, most).all();
}

}  // namespace penstock
