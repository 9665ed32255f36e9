#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "route/method_set.h"
#include "route/router.h"
#include "route/segment.h"

namespace penstock {
namespace {

// A host or a segment of a route, as the tree has it.
struct Step {
  enum class Kind : std::uint8_t { literal, shape, parameter };
  Kind kind = Kind::literal;
  std::string_view text;  // A literal's, or a shape's.
  std::uint32_t shape = 0;
};

// How a node is reached from its parent.
struct Link {
  std::uint32_t parent = 0;
  Step step;
};

// One route at one place of the tree, beside a request.
struct Judged {
  std::uint32_t route = 0;
  std::uint32_t leaf = 0;
  std::uint32_t place = 0;  // Among the leaf's candidates, which stand in their order.
  std::size_t far = 0;      // How many of host and segments do not agree.
  std::size_t failed = 0;   // And whether method and conditions do not.
  int host_class = 0;       // 0 exact, 2 any, 1 between; then more labels are better.
  std::string_view host;
  std::size_t labels = 0;
  std::vector<Step> steps;
  bool below = false;
  int method_class = 0;  // 0 listed, 1 listed as GET for HEAD, 2 any.
  std::size_t conditions = 0;
  std::string why;

  bool matches() const { return far == 0 && failed == 0; }
};

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> out;
  while (path.starts_with('/')) {
    const auto end = std::min(path.find('/', 1), path.size());
    out.push_back(path.substr(1, end - 1));
    path.remove_prefix(end);
  }
  return out;
}

}  // namespace

class RouteExplanation {
 public:
  RouteExplanation(const Router& router, const RouteRequest& request)
      : router_(router),
        request_(request),
        segments_(segments_of(request.path)),
        method_(router.bit_of(request.method)),
        reader_(router.conditions_, router.regexes_, request) {
    link_nodes();
  }

  std::vector<RouteCandidate> best() {
    for (std::uint32_t node = 0; node < router_.nodes_.size(); ++node) {
      look(node, router_.nodes_[node].exact, false);
      look(node, router_.nodes_[node].below, true);
    }
    sort();
    drop_repeated();
    std::vector<RouteCandidate> out;
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      const auto* const next = i + 1 < kept_.size() ? &kept_[i + 1] : nullptr;
      out.push_back(shown(kept_[i], i == 0, next));
    }
    return out;
  }

 private:
  // One host or one segment may be wrong.
  static constexpr std::size_t kNear = 1;

  RouteCandidate shown(const Judged& judged, bool first, const Judged* next) const {
    const auto begin = judged.route == 0 ? 0 : router_.route_id_ends_[judged.route - 1];
    RouteCandidate candidate{
        .route = judged.route,
        .route_id = router_.route_ids_.substr(begin, router_.route_id_ends_[judged.route] - begin),
        .path = path_of(judged),
        .matches = judged.matches(),
        .wins = first && judged.matches(),
        .says = judged.why};
    if (!judged.matches()) return candidate;
    if (!candidate.wins)
      candidate.says = "matches too";
    else if (next == nullptr || !next->matches())
      candidate.says = "matches, and no other does";
    else
      candidate.says = "goes first: " + difference(judged, *next);
    return candidate;
  }

  std::string path_of(const Judged& judged) const {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < router_.parameter_count(judged.route); ++i)
      names.push_back(router_.parameter_name(judged.route, i));
    std::span<const std::string_view> left(names);
    std::string out;
    for (const auto& step : judged.steps) {
      out += '/';
      if (step.kind == Step::Kind::literal) {
        out += step.text;
      } else if (step.kind == Step::Kind::parameter) {
        out += fmt::format("{{{}}}", left[0]);
        left = left.subspan(1);
      } else {
        const auto& shape = router_.shapes_[step.shape];
        out += shape.text(left, router_.regexes_);
        left = left.subspan(shape.parameters());
      }
    }
    return out + (judged.below ? "/*" : "");
  }

  void link_nodes() {
    links_.resize(router_.nodes_.size());
    for (const auto& edge : router_.edges_) {
      if (edge.child == 0) continue;
      const auto& node = router_.nodes_[edge.child];
      const auto text = std::string_view(router_.texts_).substr(node.label, node.label_size);
      links_[edge.child] = {edge.parent, {Step::Kind::literal, text, 0}};
    }
    for (std::uint32_t i = 0; i < router_.nodes_.size(); ++i) {
      const auto& node = router_.nodes_[i];
      if (node.parameter != 0) links_[node.parameter] = {i, {Step::Kind::parameter, "{}", 0}};
      if (node.fork == 0) continue;
      for (const auto& option : router_.forks_[node.fork - 1].options())
        links_[option.child] = {
            i, {Step::Kind::shape, router_.shapes_[option.shape].text(), option.shape}};
    }
  }

  // The routes of one leaf, unless they are too far off.
  void look(std::uint32_t node, std::uint32_t leaf, bool below) {
    if (leaf == 0) return;
    Judged judged;
    judged.leaf = leaf;
    judged.below = below;
    walk_up(node, judged);
    judge_host(judged);
    judge_path(judged);
    if (judged.far > kNear) return;
    const auto candidates = router_.candidates(router_.leaves_[leaf]);
    for (std::uint32_t i = 0; i < candidates.size(); ++i) {
      auto one = judged;
      one.place = i;
      judge(candidates[i], one);
      keep(std::move(one));
    }
  }

  void walk_up(std::uint32_t node, Judged& judged) {
    std::vector<Step> steps;
    for (; node > Router::kWildcards; node = links_[node].parent)
      steps.push_back(links_[node].step);
    std::ranges::reverse(steps);
    auto host_steps = steps.begin() + 1;
    if (node == Router::kWildcards) {
      // Labels from the right, up to the parameter that stands for the star.
      judged.host_class = 1;
      const auto star = std::ranges::find(steps, Step::Kind::parameter, &Step::kind);
      judged.labels = static_cast<std::size_t>(star - steps.begin());
      std::string name = "*";
      for (auto label = star; label != steps.begin();) name += fmt::format(".{}", (--label)->text);
      judged.host = *names_.insert(std::move(name)).first;
      host_steps = star + 1;
    } else if (steps[0].kind == Step::Kind::parameter) {
      judged.host_class = 2;
    } else {
      judged.host = steps[0].text;
    }
    judged.steps.assign(host_steps, steps.end());
  }

  void judge_host(Judged& judged) const {
    const auto& host = request_.host;
    const auto end = judged.host.substr(std::min<std::size_t>(1, judged.host.size()));
    const bool agrees = judged.host_class == 2 ||
                        (judged.host_class == 0 ? host == judged.host
                                                : host.size() > end.size() && host.ends_with(end));
    if (!agrees) fail(judged, judged.far, "host: found {}, expected {}", host, judged.host);
  }

  void judge_path(Judged& judged) const {
    if (!request_.path.starts_with('/'))
      return fail(judged, judged.far, "path: found {}, expected one that begins with /",
                  request_.path);
    const auto& steps = judged.steps;
    for (std::size_t i = 0; i < std::min(steps.size(), segments_.size()); ++i)
      if (!agrees(steps[i], segments_[i]))
        fail(judged, judged.far, "path segment {}: found \"{}\", expected {}", i + 1, segments_[i],
             wanted(steps[i]));
    for (auto i = segments_.size(); i < steps.size(); ++i)
      fail(judged, judged.far, "path: ends after {} segments, expected {} next", segments_.size(),
           wanted(steps[i]));
    if (judged.below) return;
    for (auto i = steps.size(); i < segments_.size(); ++i)
      fail(judged, judged.far, "path segment {}: found \"{}\", expected the path's end", i + 1,
           segments_[i]);
  }

  bool agrees(const Step& step, std::string_view segment) const {
    if (step.kind == Step::Kind::literal) return segment == step.text;
    if (step.kind == Step::Kind::parameter) return !segment.empty();
    Slice taken[kMaxParameters];
    return router_.shapes_[step.shape].match(segment, router_.regexes_, taken);
  }

  static std::string wanted(const Step& step) {
    if (step.kind == Step::Kind::parameter) return "any segment that is not empty";
    return fmt::format("\"{}\"", step.text);
  }

  void judge(const Router::Candidate& candidate, Judged& judged) {
    judged.route = candidate.route;
    judged.conditions = candidate.conditions;
    const auto methods = with_head(candidate.methods);
    judged.method_class = candidate.methods == kAnyMethod ? 2 : 0;
    if (method_ == kHeadMethod && (candidate.methods & kHeadMethod) == 0) judged.method_class = 1;
    if ((methods & method_) == 0)
      fail(judged, judged.failed, "method: found {}, expected {}", request_.method,
           router_.text_of(methods));
    for (std::uint32_t i = 0; i < candidate.conditions; ++i)
      judge_condition(router_.conditions_of_[candidate.first_condition + i], judged);
  }

  void judge_condition(std::uint32_t number, Judged& judged) {
    if (reader_.holds(number)) return;
    const auto& condition = router_.conditions_[number];
    const auto found = reader_.value(number);
    fail(judged, judged.failed, "{} {}: found {}, expected {}",
         condition.subject == Condition::Subject::header ? "header" : "query parameter",
         condition.name, found ? fmt::format("\"{}\"", *found) : "none", expected(condition));
  }

  static std::string expected(const Condition& condition) {
    switch (condition.op) {
      case Condition::Operator::equals:
        return fmt::format("\"{}\"", condition.value);
      case Condition::Operator::present:
        return "any value";
      case Condition::Operator::absent:
        return "none";
      case Condition::Operator::regex:
        return fmt::format("what {} matches", condition.value);
    }
    return {};
  }

  template <class... Args>
  static void fail(Judged& judged, std::size_t& count, fmt::format_string<Args...> text,
                   Args&&... args) {
    ++count;
    if (judged.why.empty()) judged.why = fmt::format(text, std::forward<Args>(args)...);
  }

  void sort() {
    std::ranges::sort(kept_, [this](const Judged& a, const Judged& b) { return precedes(a, b); });
  }

  // More than are shown, since a route may stand at several hosts.
  void keep(Judged judged) {
    constexpr auto kRoom = 8 * RouteCandidate::kMost;
    kept_.push_back(std::move(judged));
    if (kept_.size() < 2 * kRoom) return;
    sort();
    kept_.resize(kRoom);
  }

  // A route is shown once, at its best place.
  void drop_repeated() {
    std::vector<Judged> once;
    for (auto& judged : kept_) {
      if (once.size() == RouteCandidate::kMost) break;
      if (std::ranges::find(once, judged.route, &Judged::route) == once.end())
        once.push_back(std::move(judged));
    }
    kept_ = std::move(once);
  }

  // The order of the tree: a path that ends before one that goes on before one with `/*`.
  bool path_precedes(const Judged& a, const Judged& b) const {
    const auto common = std::min(a.steps.size(), b.steps.size());
    for (std::size_t i = 0; i < common; ++i) {
      const auto& x = a.steps[i];
      const auto& y = b.steps[i];
      if (x.kind != y.kind) return x.kind < y.kind;
      if (x.text == y.text) continue;
      if (x.kind != Step::Kind::shape) return x.text < y.text;
      return router_.shapes_[x.shape].precedes(router_.shapes_[y.shape]);
    }
    if (a.steps.size() == b.steps.size()) return !a.below && b.below;
    return a.steps.size() > b.steps.size() ? b.below : !a.below;
  }

  bool precedes(const Judged& a, const Judged& b) const {
    const auto faults = [](const Judged& judged) { return std::tuple(judged.far, judged.failed); };
    if (faults(a) != faults(b)) return faults(a) < faults(b);
    const auto host = [](const Judged& judged) {
      return std::tuple(judged.host_class, ~judged.labels, judged.host);
    };
    if (host(a) != host(b)) return host(a) < host(b);
    if (a.leaf != b.leaf) return path_precedes(a, b);
    return std::tuple(a.method_class, ~a.conditions, a.place) <
           std::tuple(b.method_class, ~b.conditions, b.place);
  }

  // Why `a` goes before `b`: both match.
  std::string difference(const Judged& a, const Judged& b) const {
    if (a.host != b.host || a.host_class != b.host_class)
      return a.host_class == 0 ? "its host is exact" : "its host is the more specific one";
    for (std::size_t i = 0; i < std::max(a.steps.size(), b.steps.size()); ++i) {
      if (i == a.steps.size()) return "its path goes on no further";
      if (i == b.steps.size()) return fmt::format("its prefix is longer: segment {}", i + 1);
      if (a.steps[i].text == b.steps[i].text && a.steps[i].kind == b.steps[i].kind) continue;
      return fmt::format("segment {} of its path is the more specific: {} before {}", i + 1,
                         named(a.steps[i]), named(b.steps[i]));
    }
    if (a.below != b.below) return "its path ends where the request's does";
    if (a.method_class != b.method_class) return "it lists the method";
    if (a.conditions != b.conditions) return "it has more conditions";
    return "its routeId is lower";
  }

  static std::string named(const Step& step) {
    switch (step.kind) {
      case Step::Kind::literal:
        return "a literal";
      case Step::Kind::shape:
        return fmt::format("`{}`", step.text);
      case Step::Kind::parameter:
        return "a whole parameter";
    }
    return {};
  }

  const Router& router_;
  const RouteRequest& request_;
  std::vector<std::string_view> segments_;
  MethodSet method_;
  ConditionReader reader_;
  std::vector<Link> links_;
  std::set<std::string, std::less<>> names_;  // Of wildcard hosts.
  std::vector<Judged> kept_;
};

std::vector<RouteCandidate> Router::explain(const RouteRequest& request) const {
  return RouteExplanation(*this, request).best();
}

}  // namespace penstock
