#pragma once

#include <array>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "schema/describe.h"

// How policies stand in the configuration. Of a kind `x`: the section `xPolicies` with objects that
// have a `policyId`, and on a route `xPolicy` or `xPolicies`: an id, or the policy itself.
namespace penstock {

namespace policy_detail {

template <class P>
consteval auto with_suffix(std::string_view suffix) {
  std::array<char, P::kKind.size() + 8> out{};
  auto* at = out.data();
  for (const char c : P::kKind) *at++ = c;
  for (const char c : suffix) *at++ = c;
  return out;
}
template <class P>
inline constexpr auto kSingular = with_suffix<P>("Policy");
template <class P>
inline constexpr auto kPlural = with_suffix<P>("Policies");

}  // namespace policy_detail

template <class P>  // `rateLimitPolicy`
inline constexpr std::string_view kPolicyKey{policy_detail::kSingular<P>.data(),
                                             P::kKind.size() + 6};
template <class P>  // `rateLimitPolicies`
inline constexpr std::string_view kPoliciesKey{policy_detail::kPlural<P>.data(),
                                               P::kKind.size() + 8};

// A policy that routes name.
template <class P>
struct PolicyObject {
  schema::Located<std::string> policy_id;
  typename P::Config config;

  static constexpr auto describe() {
    using C = PolicyObject;
    return schema::object(
        schema::field("policyId", &C::policy_id, "Its name; unique among its kind.").id(),
        schema::flat(&C::config));
  }
};

// The id of a policy, or the policy itself.
template <class P>
using PolicyUse = schema::Located<schema::WordOrMap<std::string, typename P::Config>>;

// In a route: none of this kind, whatever `defaults` say.
inline constexpr std::string_view kNoPolicy = "off";

template <class P>
struct PolicySection {
  std::vector<PolicyObject<P>> objects;
};
template <class P>
struct PolicyUses {
  std::vector<PolicyUse<P>> uses;
};

// The document's sections, one for each kind.
template <class... P>
struct PolicySectionsOf : PolicySection<P>... {
  static constexpr auto describe() {
    return schema::object(schema::field(
        kPoliciesKey<P>,
        static_cast<std::vector<PolicyObject<P>> PolicySectionsOf::*>(&PolicySection<P>::objects),
        P::kDoc)...);
  }
};

// What a route uses, or the defaults for all routes.
template <class... P>
struct PolicyUsesOf : PolicyUses<P>... {
  static constexpr auto describe() {
    return schema::object(
        schema::field(kPoliciesKey<P>,
                      static_cast<std::vector<PolicyUse<P>> PolicyUsesOf::*>(&PolicyUses<P>::uses),
                      "Policies of this kind, in their order: each the `policyId` of one, or the "
                      "policy itself. `off` for none, even where `defaults` name one.")
            .or_one(kPolicyKey<P>)

            .elements(1, P::kMostUses)...);
  }
};

}  // namespace penstock
