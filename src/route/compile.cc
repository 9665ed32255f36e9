#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "route/method_set.h"
#include "route/router.h"
#include "route/segment.h"

namespace penstock {
namespace {

// Far more than memory would bear at a few routes per place; the indices are 32 bits wide.
constexpr std::size_t kMaxNodes = std::size_t{1} << 26;

// Text that is stored once, however often it is said.
class Interned {
 public:
  // The number of a text; of a new one, `next`.
  std::uint32_t number(std::string_view text, std::size_t next) {
    return numbers_.try_emplace(std::string(text), static_cast<std::uint32_t>(next)).first->second;
  }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

}  // namespace

// Grows a router's tree route by route; the leaves are laid out at the end, once all are known.
class RouterBuilder {
 public:
  using Fault = std::optional<std::string>;

  explicit RouterBuilder(std::size_t routes) {
    router_.nodes_.resize(Router::kWildcards + 1);
    router_.edges_.resize(std::bit_ceil(std::max<std::size_t>(16, routes)));
    router_.leaves_.emplace_back();  // Leaf 0 is none.
    router_.name_starts_.push_back(0);
    placed_.reserve(routes);
  }

  // Routes in their order; `rank` is the place of the routeId among all.
  Fault add(const RouteEntry& entry, std::uint32_t rank) {
    Candidate candidate;
    if (auto fault = read_methods(entry, candidate.methods)) return fault;
    if (auto fault = read_conditions(entry, candidate)) return fault;
    const auto pattern = Pattern::parse(entry.path, router_.regexes_);
    if (!pattern) return fmt::format("path `{}`: {}", entry.path, pattern.error());
    candidate.route = static_cast<std::uint32_t>(router_.name_starts_.size() - 1);
    add_names(*pattern);
    router_.route_ids_ += entry.route_id;
    router_.route_id_ends_.push_back(static_cast<std::uint32_t>(router_.route_ids_.size()));
    router_.deepest_ = std::max(router_.deepest_, pattern->segments.size());
    if (entry.hosts.empty()) return place(parameter_child(0), *pattern, candidate, rank);
    for (const auto& text : entry.hosts) {
      const auto host = parse_route_host(text);
      if (!host) return fmt::format("host `{}`: {}", text, host.error());
      if (auto fault = place(host_child(*host), *pattern, candidate, rank)) return fault;
    }
    return {};
  }

  Router finish() {
    lay_out_leaves();
    for (auto& [node, options] : options_) {
      router_.forks_.emplace_back(std::move(options), router_.shapes_);
      router_.nodes_[node].fork = static_cast<std::uint32_t>(router_.forks_.size());
    }
    router_.nodes_.shrink_to_fit();
    router_.leaves_.shrink_to_fit();
    router_.candidates_.shrink_to_fit();
    router_.texts_.shrink_to_fit();
    router_.route_ids_.shrink_to_fit();
    router_.names_.shrink_to_fit();
    return std::move(router_);
  }

 private:
  using Candidate = Router::Candidate;

  struct Placed {
    std::uint32_t node;
    bool below;
    std::uint32_t rank;
    Candidate candidate;

    auto place() const { return std::tuple(node, below); }
    // Those that list methods go before those that take any, then those with more conditions.
    auto order() const {
      return std::tuple(node, below, candidate.methods == kAnyMethod, ~candidate.conditions, rank,
                        candidate.route);
    }
  };

  Fault read_methods(const RouteEntry& entry, MethodSet& methods) {
    if (entry.methods.empty()) methods = kAnyMethod;
    for (const auto& text : entry.methods) {
      const auto known = http::method_of(text);
      if (known != http::Method::other) {
        methods |= method_bit(known);
        continue;
      }
      if (!is_method(text)) return fmt::format("method `{}`: this is no method", text);
      const auto meant = upper(text);
      if (http::method_of(meant) != http::Method::other)
        return fmt::format("method `{}`: case counts; write `{}`", text, meant);
      auto& custom = router_.custom_methods_;
      const auto at = std::ranges::find(custom, text) - custom.begin();
      if (static_cast<std::size_t>(at) == kMaxCustomMethods)
        return fmt::format("method `{}`: there may be at most {} methods of one's own", text,
                           kMaxCustomMethods);
      if (static_cast<std::size_t>(at) == custom.size()) custom.push_back(text);
      methods |= custom_method_bit(static_cast<std::size_t>(at));
    }
    return {};
  }

  // The same one twice is one.
  Fault read_conditions(const RouteEntry& entry, Candidate& candidate) {
    std::vector<std::uint32_t> numbers;
    for (const auto& condition : entry.conditions) {
      const auto number = router_.conditions_.add(condition, router_.regexes_);
      if (!number) return fmt::format("{}: {}", to_text(condition), number.error());
      numbers.push_back(*number);
    }
    std::ranges::sort(numbers);
    const auto repeated = std::ranges::unique(numbers);
    numbers.erase(repeated.begin(), repeated.end());
    auto& all = router_.conditions_of_;
    candidate.first_condition = static_cast<std::uint32_t>(all.size());
    candidate.conditions = static_cast<std::uint32_t>(numbers.size());
    all.insert(all.end(), numbers.begin(), numbers.end());
    return {};
  }

  void add_names(const Pattern& pattern) {
    for (const auto& segment : pattern.segments) {
      for (const auto& parameter : segment.parameters) {
        auto& distinct = router_.distinct_names_;
        const auto number = names_.number(parameter.name, distinct.size());
        if (number == distinct.size()) distinct.push_back(parameter.name);
        router_.names_.push_back(number);
      }
    }
    router_.name_starts_.push_back(static_cast<std::uint32_t>(router_.names_.size()));
  }

  Fault place(std::uint32_t node, const Pattern& pattern, const Candidate& candidate,
              std::uint32_t rank) {
    for (const auto& segment : pattern.segments)
      node = segment.is_literal()           ? literal_child(node, segment.literal())
             : segment.is_plain_parameter() ? parameter_child(node)
                                            : shape_child(node, segment);
    if (router_.nodes_.size() > kMaxNodes) return "there are too many routes";
    placed_.push_back({node, pattern.below, rank, candidate});
    return {};
  }

  std::uint32_t new_node() {
    router_.nodes_.emplace_back();
    return static_cast<std::uint32_t>(router_.nodes_.size() - 1);
  }

  std::uint32_t parameter_child(std::uint32_t parent) {
    if (router_.nodes_[parent].parameter == 0) {
      const auto child = new_node();
      router_.nodes_[parent].parameter = child;
    }
    return router_.nodes_[parent].parameter;
  }

  std::uint32_t host_child(std::string_view host) {
    if (!host.starts_with("*.")) return literal_child(0, host);
    router_.wildcards_ = true;
    auto node = Router::kWildcards;
    for (auto rest = host.substr(1); !rest.empty();) {
      const auto dot = rest.rfind('.');
      node = literal_child(node, rest.substr(dot + 1));
      rest = rest.substr(0, dot);
    }
    return parameter_child(node);
  }

  std::uint32_t shape_child(std::uint32_t parent, const Pattern::Segment& segment) {
    const auto shape = shapes_.number(segment.shape(), router_.shapes_.size());
    if (shape == router_.shapes_.size()) router_.shapes_.emplace_back(segment);
    const auto key = (std::uint64_t{parent} << 32) | shape;
    const auto [known, added] = shape_children_.try_emplace(key, 0);
    if (!added) return known->second;
    known->second = new_node();
    options_[parent].push_back({shape, known->second});
    return known->second;
  }

  std::uint32_t literal_child(std::uint32_t parent, std::string_view text) {
    const auto hash = hash_segment(text);
    if (const auto child = router_.literal_child(parent, text, hash); child != 0) return child;
    const auto child = new_node();
    auto& node = router_.nodes_[child];
    node.label = labels_.number(text, router_.texts_.size());
    node.label_size = static_cast<std::uint32_t>(text.size());
    if (node.label == router_.texts_.size()) router_.texts_ += text;
    if (++edge_count_ * 2 > router_.edges_.size()) grow_edges();
    insert({parent, child, static_cast<std::uint32_t>(hash)}, hash);
    return child;
  }

  void insert(const Router::Edge& edge, std::uint64_t hash) {
    auto& edges = router_.edges_;
    auto slot = edge_slot(edge.parent, hash, edges.size());
    while (edges[slot].child != 0) slot = (slot + 1) & (edges.size() - 1);
    edges[slot] = edge;
  }

  void grow_edges() {
    auto old = std::exchange(router_.edges_, {});
    router_.edges_.resize(old.size() * 2);
    for (const auto& edge : old) {
      if (edge.child == 0) continue;
      const auto& node = router_.nodes_[edge.child];
      insert(edge,
             hash_segment(std::string_view(router_.texts_).substr(node.label, node.label_size)));
    }
  }

  void lay_out_leaves() {
    std::ranges::sort(placed_, {}, &Placed::order);
    for (std::size_t i = 0; i < placed_.size(); ++i) {
      const auto& placed = placed_[i];
      if (i == 0 || placed.place() != placed_[i - 1].place()) begin_leaf(placed);
      auto& leaf = router_.leaves_.back();
      router_.candidates_.push_back(placed.candidate);
      ++leaf.count;
      leaf.methods = with_head(leaf.methods | placed.candidate.methods);
      leaf.conditional = leaf.conditional || placed.candidate.conditions != 0;
    }
  }

  void begin_leaf(const Placed& placed) {
    auto& node = router_.nodes_[placed.node];
    (placed.below ? node.below : node.exact) = static_cast<std::uint32_t>(router_.leaves_.size());
    router_.leaves_.push_back(
        {static_cast<std::uint32_t>(router_.candidates_.size()), 0, 0, false});
  }

  Router router_;
  std::vector<Placed> placed_;
  std::size_t edge_count_ = 0;
  Interned labels_;
  Interned names_;
  Interned shapes_;
  std::map<std::uint32_t, std::vector<Fork::Option>> options_;  // By node.
  std::unordered_map<std::uint64_t, std::uint32_t> shape_children_;
};

std::expected<Router, std::string> Router::compile(std::span<const RouteEntry> entries) {
  std::vector<std::uint32_t> by_id(entries.size());
  std::iota(by_id.begin(), by_id.end(), 0);
  std::ranges::sort(by_id, {}, [&](std::uint32_t i) { return std::pair(entries[i].route_id, i); });
  std::vector<std::uint32_t> ranks(entries.size());
  for (std::uint32_t rank = 0; rank < by_id.size(); ++rank) ranks[by_id[rank]] = rank;

  RouterBuilder builder(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (auto fault = builder.add(entries[i], ranks[i]))
      return std::unexpected(fmt::format("route `{}`: {}", entries[i].route_id, *fault));
  return builder.finish();
}

}  // namespace penstock
