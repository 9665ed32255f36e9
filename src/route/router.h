#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "route/condition.h"
#include "route/condition_set.h"
#include "route/fork.h"
#include "route/method_set.h"
#include "route/pattern.h"
#include "route/regex.h"
#include "route/request.h"
#include "route/segment_shape.h"

namespace penstock {

// One route as it is matched; its index in the list is what a match gives back.
struct RouteEntry {
  std::string_view route_id;
  std::vector<std::string> hosts;    // Exact or `*.example.com`; empty for any.
  std::vector<std::string> methods;  // As text; empty for any.
  std::string path;
  std::vector<Condition> conditions = {};
  bool encoded_slashes = false;  // Whether it serves paths with `%2F`.
};

struct RouteMatch {
  enum class Kind : std::uint8_t {
    found,
    no_host,    // 404: no route serves this host.
    no_path,    // 404: none serves this path.
    no_method,  // 405: some do, but not by this method: see `allowed`.
  };
  Kind kind = Kind::no_host;
  std::uint32_t route = 0;       // With Kind::found.
  std::uint32_t parameters = 0;  // How many.
  MethodSet allowed = 0;         // With Kind::no_method.

  bool found() const { return kind == Kind::found; }
  // A view into the path that was matched, still percent-encoded; i < parameters.
  std::string_view parameter(std::size_t i) const { return path.substr(at[i].begin, at[i].size); }

  std::string_view path;
  std::array<Slice, kMaxParameters> at;  // The first `parameters` are set.
};

// A route that was looked at for one request.
struct RouteCandidate {
  static constexpr std::size_t kMost = 20;

  std::uint32_t route = 0;
  std::string route_id;
  std::string path;      // Its pattern, in canonical form.
  bool matches = false;  // All that it asks for holds.
  bool wins = false;
  // Of one that does not match: the first thing that failed, `method: found POST, expected GET or
  // HEAD`. Of the winner: why it goes before the next that matches. Of others: that they match too.
  std::string says;
};

// Finds the route for a request. Immutable and shared by all workers.
//
// A route matches only when all its conditions do, and the best of those wins: by host (exact, then
// the longest `*.`, then any), then by path, segment by segment from the left (literal before
// parameters among text before `{param:regex}` before `{param}` before `/*`; so the longest prefix
// first), then by method (listed before any; for HEAD, HEAD before GET), then by the number of
// conditions, then by the lowest routeId. docs/operating/routing.md has it in full.
//
// The routes form one tree, a node per distinct prefix, whose literal edges share one hash table. A
// match walks down and backs up where a more promising branch fails. As a node has one parent, it
// is visited once at most, and only if the path agrees with its whole prefix: what a hostile path
// can cost is bounded by how many prefixes of the table agree with one path, not by its length;
// segments beyond the deepest pattern are not looked at.
class Router {
 public:
  // Entries may be thrown away after. The error names the entry by its routeId.
  static std::expected<Router, std::string> compile(std::span<const RouteEntry> entries);

  // Allocates nothing, but where a condition's value has to be put together or a regex meets a text
  // of a new kind. The request's path must outlive the match's parameters.
  RouteMatch match(const RouteRequest& request) const;

  // The name of a route's i-th parameter, from the left.
  std::string_view parameter_name(std::uint32_t route, std::size_t i) const;
  std::size_t parameter_count(std::uint32_t route) const {
    return name_starts_[route + 1] - name_starts_[route];
  }

  // For `Allow`: `GET, HEAD, POST`.
  std::string text_of(MethodSet methods) const;

  // The routes that match a request or nearly do, at most RouteCandidate::kMost, the best first.
  // Looks at the whole table: for people who ask why, not for the path of a request.
  std::vector<RouteCandidate> explain(const RouteRequest& request) const;

  std::size_t memory() const;  // Bytes held, about.

 private:
  friend class RouterBuilder;
  friend class RouteExplanation;
  Router() = default;
  struct Node {
    std::uint32_t parameter = 0;  // The child for `{…}`; 0 for none.
    std::uint32_t exact = 0;      // The leaf for a path that ends here; 0 for none.
    std::uint32_t below = 0;      // The leaf for `/*`; 0 for none.
    std::uint32_t label = 0;      // Where its literal begins in texts_.
    std::uint32_t label_size = 0;
    std::uint32_t fork = 0;  // The children for other segments: one more than its index; 0: none.
  };
  struct Edge {
    std::uint32_t parent = 0;
    std::uint32_t child = 0;  // 0: this slot is free (the root is nobody's child).
    std::uint32_t tag = 0;    // The lower half of the literal's hash.
  };
  // Routes at one place: those with listed methods first, then by conditions, then by routeId.
  struct Leaf {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    MethodSet methods = 0;
    bool conditional = false;  // Some have conditions.
  };
  struct Candidate {
    MethodSet methods = 0;
    std::uint32_t route = 0;
    std::uint32_t first_condition = 0;  // In conditions_of_.
    std::uint32_t conditions = 0;       // How many.
  };
  struct Search;
  static constexpr std::uint32_t kWildcards = 1;

  std::uint32_t literal_child(std::uint32_t parent, std::string_view text,
                              std::uint64_t hash) const;
  void split(Search& search) const;
  bool enter(Search& search, std::uint32_t host) const;
  bool walk_wildcards(Search& search, std::uint32_t node, std::string_view host) const;
  bool walk(Search& search, std::uint32_t node, std::size_t depth) const;
  bool walk_fork(Search& search, const Fork& fork, std::size_t depth) const;
  bool walk_parameter(Search& search, std::uint32_t node, std::size_t depth) const;
  bool take(Search& search, std::uint32_t leaf) const;
  bool holds(Search& search, const Candidate& candidate) const;
  const Candidate* choose(Search& search, const Leaf& leaf) const;
  MethodSet allowed(Search& search, const Leaf& leaf) const;
  MethodSet bit_of(std::string_view method) const;
  std::span<const Candidate> candidates(const Leaf& leaf) const {
    return std::span(candidates_).subspan(leaf.first, leaf.count);
  }

  // nodes_[0] is the root: its literal children are hosts, its parameter child is "any host". The
  // children of those are first segments. nodes_[kWildcards] is the root of `*.example.com`, by
  // labels from the right, `com` first; the parameter child of the last label is such a host.
  std::vector<Node> nodes_;
  std::vector<Edge> edges_;  // A hash table; its size is a power of two.
  std::vector<Leaf> leaves_;
  std::vector<Candidate> candidates_;
  std::vector<std::uint32_t> conditions_of_;  // Of the candidates, into conditions_.
  ConditionSet conditions_;
  std::vector<Fork> forks_;
  std::vector<SegmentShape> shapes_;
  RegexSet regexes_;
  std::string texts_;
  std::size_t deepest_ = 0;  // Segments of the longest pattern.
  bool wildcards_ = false;   // Some host is one.
  std::vector<std::string> custom_methods_;
  std::vector<std::uint32_t> name_starts_;  // By route, into names_; one more than routes.
  std::vector<std::uint32_t> names_;        // Into distinct_names_.
  std::vector<std::string> distinct_names_;
  std::string route_ids_;  // All together, for explain().
  std::vector<std::uint32_t> route_id_ends_;
};

}  // namespace penstock
