#include "config/policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "config/names.h"

namespace penstock {
namespace {

template <class... P>
struct KindList {
  // Calls `act` once with each kind, in their order.
  template <class Act>
  static void each(Act&& act) {
    (act.template operator()<P>(), ...);
  }
};
using Kinds = WithEveryPolicy<KindList>;

template <class P>
const std::vector<PolicyUse<P>>& uses_of(const RoutePolicies& policies) {
  return static_cast<const PolicyUses<P>&>(policies).uses;
}
template <class P>
const std::vector<PolicyObject<P>>& objects_of(const Document& document) {
  return static_cast<const PolicySection<P>&>(document.policies).objects;
}

// --- Making

class Maker {
 public:
  Maker(const Document& document, const PolicyHome& home) : document_(document), home_(home) {
    made_->memory = home.memory;
  }

  Policies make() {
    std::vector<PolicyChain> chains(document_.routes.size());
    Kinds::each([&]<class P>() { add_kind<P>(chains); });
    Policies policies;
    for (auto& chain : chains) policies.of_route.push_back(place(std::move(chain)));
    policies.set = std::move(made_);
    return policies;
  }

 private:
  template <class P>
  void add_kind(std::vector<PolicyChain>& chains) {
    std::unordered_map<std::string_view, const Policy*> by_id;
    for (const auto& object : objects_of<P>(document_))
      by_id.emplace(object.policy_id.value, add<P>(object.policy_id.value, object.config));
    const auto resolve = [&](const std::vector<PolicyUse<P>>& uses, const std::string& owner) {
      PolicyChain out;
      for (const auto& use : uses) {
        if (use.value.map) out.push_back(add<P>(name_inline<P>(owner, out.size()), *use.value.map));
        const auto named = use.value.word ? by_id.find(*use.value.word) : by_id.end();
        if (named != by_id.end()) out.push_back(named->second);
      }
      return out;
    };
    const auto common = resolve(uses_of<P>(document_.defaults), "defaults");
    for (std::size_t i = 0; i < chains.size(); ++i) {
      const auto& route = document_.routes[i];
      const auto& uses = uses_of<P>(route.policies);
      const auto own = uses.empty() ? common : resolve(uses, route.route_id.value);
      // Behind those of the same stage: kinds come in their order, a route's own in theirs.
      for (const auto* policy : own)
        chains[i].insert(std::ranges::upper_bound(chains[i], policy->stage(), {}, &Policy::stage),
                         policy);
    }
  }

  template <class P>
  static std::string name_inline(const std::string& owner, std::size_t index) {
    auto name = fmt::format("{}/{}", owner, P::kKind);
    return index == 0 ? name : fmt::format("{}-{}", name, index + 1);
  }

  template <class P>
  const Policy* add(std::string_view id, const typename P::Config& config) {
    const PolicyContext context{.id = id, .memory = *home_.memory, .workers = home_.workers};
    made_->all.push_back(std::make_unique<const P>(config, context));
    return made_->all.back().get();
  }

  std::uint32_t place(PolicyChain&& chain) {
    const auto next = static_cast<std::uint32_t>(made_->chains.size());
    const auto [known, added] = places_.try_emplace(chain, next);
    if (added) made_->chains.push_back(std::move(chain));
    return known->second;
  }

  const Document& document_;
  const PolicyHome& home_;
  std::shared_ptr<PolicySet> made_ = std::make_shared<PolicySet>();
  std::map<PolicyChain, std::uint32_t> places_;
};

// --- Checking

template <class P>
class KindCheck {
 public:
  KindCheck(const Document& document, schema::Findings& findings)
      : document_(document), findings_(findings), ids_("policyId", findings) {}

  void all() {
    const auto& objects = objects_of<P>(document_);
    for (std::size_t i = 0; i < objects.size(); ++i) {
      const auto path = fmt::format("{}[{}]", kPoliciesKey<P>, i);
      ids_.add(objects[i].policy_id, path + ".policyId");
      if (objects[i].policy_id.value == kNoPolicy)
        findings_.error(objects[i].policy_id.at, path + ".policyId",
                        "found \"off\", expected another name: on a route it means none");
      P::check(objects[i].config, path, findings_);
    }
    names_ = ids_.all();
    uses(uses_of<P>(document_.defaults), "defaults.");
    for (std::size_t i = 0; i < document_.routes.size(); ++i)
      uses(uses_of<P>(document_.routes[i].policies), fmt::format("routes[{}].", i));
  }

 private:
  void uses(const std::vector<PolicyUse<P>>& uses, const std::string& owner) {
    for (std::size_t i = 0; i < uses.size(); ++i) {
      const auto path = uses.size() == 1 ? fmt::format("{}{}", owner, kPolicyKey<P>)
                                         : fmt::format("{}{}[{}]", owner, kPoliciesKey<P>, i);
      if (uses[i].value.map) P::check(*uses[i].value.map, path, findings_);
      if (uses[i].value.word) word(*uses[i].value.word, uses[i].at, path, uses.size() == 1);
    }
  }

  void word(const std::string& id, schema::Position at, const std::string& path, bool alone) {
    if (ids_.contains(id) || (alone && id == kNoPolicy)) return;
    const auto hint = findings_.wanted() ? schema::did_you_mean(id, names_) : "";
    findings_.error(at, path,
                    fmt::format("found {}, expected the policyId of one of {}{}",
                                schema::in_quotes(id), kPoliciesKey<P>, hint));
  }

  const Document& document_;
  schema::Findings& findings_;
  Names ids_;
  std::vector<std::string_view> names_;
};

}  // namespace

Policies make_policies(const Document& document, const PolicyHome& home) {
  return Maker(document, home).make();
}

std::vector<const Reason*> policy_reasons() {
  std::vector<const Reason*> reasons;
  Kinds::each(
      [&]<class P>() { reasons.insert(reasons.end(), P::kReasons.begin(), P::kReasons.end()); });
  return reasons;
}

void check_policies(const Document& document, schema::Findings& findings) {
  Kinds::each([&]<class P>() { KindCheck<P>(document, findings).all(); });
}

}  // namespace penstock
