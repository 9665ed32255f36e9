#include "route/router.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "base/ensure.h"
#include "http/message.h"
#include "route/method_set.h"
#include "route/segment.h"

namespace penstock {

// One path on its way down the tree.
struct Router::Search {
  struct Segment {
    std::uint32_t begin;
    std::uint32_t size;
    std::uint64_t hash;
  };
  Search(const RouteRequest& what, RouteMatch& result) : request(what), match(result) {}
  std::string_view text(const Segment& segment) const {
    return match.path.substr(segment.begin, segment.size);
  }

  const RouteRequest& request;
  RouteMatch& match;
  std::optional<ConditionReader> conditions;  // Once one is asked.
  MethodSet method = 0;
  std::size_t size = 0;  // Segments that were split off.
  bool more = false;     // There are others behind them, deeper than any pattern.
  std::array<Segment, kMaxPatternSegments> segments;  // The first `size` are set.
};

RouteMatch Router::match(const RouteRequest& request) const {
  RouteMatch match;
  match.path = request.path;
  Search search(request, match);
  search.method = bit_of(request.method);
  split(search);
  const auto exact = literal_child(0, request.host, hash_segment(request.host));
  if (enter(search, exact) || (wildcards_ && walk_wildcards(search, kWildcards, request.host)) ||
      enter(search, nodes_[0].parameter))
    match.kind = RouteMatch::Kind::found;
  else if (match.allowed != 0)
    match.kind = RouteMatch::Kind::no_method;
  return match;
}

bool Router::enter(Search& search, std::uint32_t host) const {
  if (host == 0) return false;
  search.match.kind = RouteMatch::Kind::no_path;
  return search.match.path.starts_with('/') && walk(search, host, 0);
}

// `host` is what the labels on the way to `node` leave. The star stands for one label at least, and
// the longest name goes first.
bool Router::walk_wildcards(Search& search, std::uint32_t node, std::string_view host) const {
  const auto dot = host.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  const auto label = host.substr(dot + 1);
  const auto child = literal_child(node, label, hash_segment(label));
  if (child == 0) return false;
  return walk_wildcards(search, child, host.substr(0, dot)) ||
         enter(search, nodes_[child].parameter);
}

void Router::split(Search& search) const {
  const auto path = search.match.path;
  std::size_t at = 0;  // Of a slash.
  while (at < path.size() && search.size < deepest_) {
    const auto begin = at + 1;
    const auto* const slash = std::memchr(path.data() + begin, '/', path.size() - begin);
    at = slash == nullptr ? path.size()
                          : static_cast<std::size_t>(static_cast<const char*>(slash) - path.data());
    search.segments[search.size++] = {static_cast<std::uint32_t>(begin),
                                      static_cast<std::uint32_t>(at - begin),
                                      hash_segment(path.substr(begin, at - begin))};
  }
  search.more = at < path.size();
}

// Calls itself at most kMaxPatternSegments deep. At every node the more specific goes first.
bool Router::walk(Search& search, std::uint32_t node, std::size_t depth) const {
  const auto& here = nodes_[node];
  if (depth == search.size) {
    if (!search.more && take(search, here.exact)) return true;
  } else {
    const auto& segment = search.segments[depth];
    const auto literal = literal_child(node, search.text(segment), segment.hash);
    if (literal != 0 && walk(search, literal, depth + 1)) return true;
    if (segment.size != 0) {
      if (here.fork != 0 && walk_fork(search, forks_[here.fork - 1], depth)) return true;
      if (here.parameter != 0 && walk_parameter(search, node, depth)) return true;
    }
  }
  return take(search, here.below);
}

bool Router::walk_fork(Search& search, const Fork& fork, std::size_t depth) const {
  auto& match = search.match;
  const auto& segment = search.segments[depth];
  const auto before = match.parameters;
  const auto text = search.text(segment);
  return fork.any(text, [&](const Fork::Option& option) {
    const auto& shape = shapes_[option.shape];
    const auto taken = std::span(match.at).subspan(before, shape.parameters());
    if (!shape.match(text, regexes_, taken.data())) return false;
    for (auto& slice : taken) slice.begin += segment.begin;
    match.parameters = before + static_cast<std::uint32_t>(taken.size());
    if (walk(search, option.child, depth + 1)) return true;
    match.parameters = before;
    return false;
  });
}

bool Router::walk_parameter(Search& search, std::uint32_t node, std::size_t depth) const {
  auto& match = search.match;
  const auto& segment = search.segments[depth];
  match.at[match.parameters++] = {segment.begin, segment.size};
  if (walk(search, nodes_[node].parameter, depth + 1)) return true;
  --match.parameters;
  return false;
}

std::uint32_t Router::literal_child(std::uint32_t parent, std::string_view text,
                                    std::uint64_t hash) const {
  const auto tag = static_cast<std::uint32_t>(hash);
  // Ends: never more than half of the slots are taken.
  for (auto slot = edge_slot(parent, hash, edges_.size());;
       slot = (slot + 1) & (edges_.size() - 1)) {
    const auto& edge = edges_[slot];
    if (edge.child == 0) return 0;
    if (edge.tag != tag || edge.parent != parent) continue;
    const auto& node = nodes_[edge.child];
    if (node.label_size == text.size() &&
        std::memcmp(texts_.data() + node.label, text.data(), text.size()) == 0)
      return edge.child;
  }
}

bool Router::take(Search& search, std::uint32_t leaf) const {
  if (leaf == 0) return false;
  const auto& routes = leaves_[leaf];
  const auto* const candidate = choose(search, routes);
  if (candidate == nullptr) {
    search.match.allowed |= allowed(search, routes);
    return false;
  }
  search.match.route = candidate->route;
  return true;
}

const Router::Candidate* Router::choose(Search& search, const Leaf& leaf) const {
  const auto first_with = [&](MethodSet wanted) -> const Candidate* {
    for (const auto& candidate : candidates(leaf))
      if ((candidate.methods & wanted) != 0 && holds(search, candidate)) return &candidate;
    return nullptr;
  };
  const auto* const best = first_with(search.method);
  if (search.method != kHeadMethod || (best != nullptr && best->methods != kAnyMethod)) return best;
  return first_with(kGetMethod);  // Whoever takes any method takes GET too.
}

bool Router::holds(Search& search, const Candidate& candidate) const {
  if (candidate.conditions == 0) return true;
  if (!search.conditions) search.conditions.emplace(conditions_, regexes_, search.request);
  const auto all =
      std::span(conditions_of_).subspan(candidate.first_condition, candidate.conditions);
  return std::ranges::all_of(
      all, [&](std::uint32_t condition) { return search.conditions->holds(condition); });
}

// The methods by which some route at this place would have matched.
MethodSet Router::allowed(Search& search, const Leaf& leaf) const {
  if (!leaf.conditional) return leaf.methods;
  MethodSet methods = 0;
  for (const auto& candidate : candidates(leaf))
    if (holds(search, candidate)) methods |= candidate.methods;
  return with_head(methods);
}

MethodSet Router::bit_of(std::string_view method) const {
  const auto known = http::method_of(method);
  if (known != http::Method::other) return method_bit(known);
  for (std::size_t i = 0; i < custom_methods_.size(); ++i)
    if (custom_methods_[i] == method) return custom_method_bit(i);
  return kNoListedMethod;
}

std::string_view Router::parameter_name(std::uint32_t route, std::size_t i) const {
  ensure(i < parameter_count(route));
  return distinct_names_[names_[name_starts_[route] + i]];
}

std::string Router::text_of(MethodSet methods) const {
  std::string out;
  for (; methods != 0; methods &= methods - 1) {
    const auto bit = static_cast<std::size_t>(std::countr_zero(methods));
    const auto custom = bit - kKnownMethods;
    if (bit >= kKnownMethods && custom >= custom_methods_.size()) break;
    if (!out.empty()) out += ", ";
    out += bit < kKnownMethods ? http::text_of(static_cast<http::Method>(bit))
                               : std::string_view(custom_methods_[custom]);
  }
  return out;
}

std::size_t Router::memory() const {
  const auto bytes = [](const auto& vector) { return vector.capacity() * sizeof(vector[0]); };
  auto all = bytes(nodes_) + bytes(edges_) + bytes(leaves_) + bytes(candidates_) +
             bytes(conditions_of_) + conditions_.memory() + texts_.capacity() +
             bytes(custom_methods_) + bytes(name_starts_) + bytes(names_) + bytes(distinct_names_) +
             bytes(shapes_);
  all += route_ids_.capacity() + bytes(route_id_ends_);
  for (const auto& fork : forks_) all += fork.memory();
  return all;
}

}  // namespace penstock
