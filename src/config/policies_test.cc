#include "config/policies.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/load.h"

namespace penstock {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kBegin = R"(
listeners: [ { name: public, address: "0.0.0.0:8080" } ]
services: [ { serviceName: s, instances: [ { host: 127.0.0.1, port: 9001 } ] } ]
)";

Loaded load(std::string_view text) {
  return load_text("gw.yaml", std::string(kBegin) + std::string(text),
                   [](std::string_view) { return std::nullopt; });
}

std::vector<std::string> errors(std::string_view text) {
  std::vector<std::string> out;
  for (const auto& finding : load(text).findings)
    if (finding.severity == schema::Severity::error) out.push_back(to_text(finding));
  return out;
}

// Routes `/0`, `/1` and on, each with these keys.
std::string routes(const std::vector<std::string>& keys) {
  std::string text = "routes:\n";
  for (std::size_t i = 0; i < keys.size(); ++i)
    text += fmt::format(
        "  - {{ routeId: r{}, path: /{}, upstreamService: s, authRequired: false{}{} }}\n", i, i,
        keys[i].empty() ? "" : ", ", keys[i]);
  return text;
}

// The ids of each route's policies, in the order in which they are asked.
using Chains = std::vector<std::vector<std::string>>;
struct Made {
  explicit Made(std::string_view text) {
    auto loaded = load(text);
    for (const auto& finding : loaded.findings)
      if (finding.severity == schema::Severity::error) ADD_FAILURE() << to_text(finding);
    if (!loaded.ok) return;
    policies = make_policies(loaded.config.document, {});
    for (std::size_t i = 0; i < loaded.config.document.routes.size(); ++i) {
      auto& ids = chains.emplace_back();
      for (const auto* policy : policies.chain(i)) ids.push_back(policy->id());
    }
  }
  Policies policies;
  Chains chains;
};

constexpr std::string_view kTwo = R"(
headersPolicies:
  - { policyId: edge, request: { remove: [ X-Debug ] } }
  - { policyId: tags, request: { add: [ { name: X-Tag, value: a } ] } }
corsPolicies:
  - { policyId: web, origins: [ "https://app.example" ] }
)";

std::string with_two(const std::vector<std::string>& keys, std::string_view more = {}) {
  return std::string(kTwo) + std::string(more) + routes(keys);
}

// --- What a route uses

TEST(Policies, AreNamedByRoutesOneOrSeveral) {
  const Made made(with_two({"headersPolicy: edge", "headersPolicies: [ tags, edge ]", ""}));
  EXPECT_EQ(made.chains, (Chains{{"edge"}, {"tags", "edge"}, {}}));
}

TEST(Policies, StandInRoutesAndAreNamedByThem) {
  const Made made(with_two({"headersPolicy: { request: { remove: [ X-A ] } }",
                            "headersPolicies: [ edge, { request: { remove: [ X-A ] } }, "
                            "{ request: { remove: [ X-B ] } } ]",
                            "corsPolicy: { origins: [ '*' ] }"}));
  EXPECT_EQ(made.chains,
            (Chains{{"r0/headers"}, {"edge", "r1/headers-2", "r1/headers-3"}, {"r2/cors"}}));
}

TEST(Policies, GoByTheirStageAndNotByTheirPlaceInTheFile) {
  const Made made(with_two({"headersPolicies: [ tags, edge ], corsPolicy: web"}));
  EXPECT_EQ(made.chains, (Chains{{"web", "tags", "edge"}}));
  const auto& chain = made.policies.chain(0);
  EXPECT_TRUE(std::ranges::is_sorted(chain, {}, &Policy::stage));
  EXPECT_EQ(chain.front()->kind(), "cors");
}

TEST(Policies, AreSharedByRoutesWithTheSameOnes) {
  const Made made(with_two({"headersPolicy: edge", "headersPolicy: edge",
                            "headersPolicies: [ edge ]", "", "corsPolicy: web", ""}));
  EXPECT_EQ(made.policies.set->chains.size(), 3U);
  EXPECT_THAT(made.policies.of_route, ElementsAre(0, 0, 0, 1, 2, 1));
  EXPECT_EQ(made.policies.set->all.size(), 3U);
}

TEST(Policies, TwoThatReadAlikeInRoutesAreTwo) {
  const Made made(
      with_two({"corsPolicy: { origins: [ '*' ] }", "corsPolicy: { origins: [ '*' ] }"}));
  EXPECT_EQ(made.chains, (Chains{{"r0/cors"}, {"r1/cors"}}));
  EXPECT_EQ(made.policies.set->chains.size(), 2U);
}

// --- Defaults

TEST(PolicyDefaults, HoldForRoutesThatNameNoneOfTheKind) {
  const Made made(with_two({"", "headersPolicy: edge", "corsPolicy: { origins: [ '*' ] }"},
                           "defaults: { headersPolicy: tags, corsPolicy: web }\n"));
  EXPECT_EQ(made.chains, (Chains{{"web", "tags"}, {"web", "edge"}, {"r2/cors", "tags"}}));
}

TEST(PolicyDefaults, AreTurnedOffByARoute) {
  const Made made(with_two({"headersPolicy: off", "headersPolicy: off, corsPolicy: off", ""},
                           "defaults: { headersPolicies: [ tags, edge ], corsPolicy: web }\n"));
  EXPECT_EQ(made.chains, (Chains{{"web"}, {}, {"web", "tags", "edge"}}));
}

TEST(PolicyDefaults, MayHoldThePolicyItself) {
  const Made made(with_two({"", ""}, "defaults: { corsPolicy: { origins: [ '*' ] } }\n"));
  EXPECT_EQ(made.chains, (Chains{{"defaults/cors"}, {"defaults/cors"}}));
  EXPECT_EQ(made.policies.chain(0), made.policies.chain(1));
}

// --- What is wrong

TEST(PolicyFindings, ANameThatNoPolicyHasIsRefusedWithASuggestion) {
  EXPECT_THAT(
      errors(with_two({"headersPolicy: egde"})),
      ElementsAre(HasSubstr("routes[0].headersPolicy: found \"egde\", expected the policyId "
                            "of one of headersPolicies; did you mean \"edge\"?")));
  EXPECT_THAT(errors(with_two({"headersPolicies: [ edge, taggs ]"})),
              ElementsAre(HasSubstr("routes[0].headersPolicies[1]: found \"taggs\"")));
  EXPECT_THAT(errors(with_two({""}, "defaults: { corsPolicy: wep }\n")),
              ElementsAre(AllOf(HasSubstr("defaults.corsPolicy: found \"wep\""),
                                HasSubstr("did you mean \"web\"?"))));
}

TEST(PolicyFindings, ANameIsOneOfItsOwnKind) {
  EXPECT_THAT(errors(with_two({"headersPolicy: web"})),
              ElementsAre(HasSubstr("expected the policyId of one of headersPolicies")));
}

TEST(PolicyFindings, NamesAreUniqueWithinAKind) {
  EXPECT_THAT(errors("headersPolicies: [ { policyId: a }, { policyId: a } ]\n"
                     "corsPolicies: [ { policyId: a, origins: [ '*' ] } ]\n"),
              ElementsAre(HasSubstr("headersPolicies[1].policyId: found \"a\"")));
}

TEST(PolicyFindings, OffIsNoNameAndStandsAlone) {
  EXPECT_THAT(errors("headersPolicies: [ { policyId: off } ]\n"),
              ElementsAre(HasSubstr("headersPolicies[0].policyId: found \"off\", expected another "
                                    "name: on a route it means none")));
  EXPECT_THAT(errors(with_two({"headersPolicies: [ edge, off ]"})),
              ElementsAre(HasSubstr("routes[0].headersPolicies[1]: found \"off\"")));
}

TEST(PolicyFindings, WhatAKindItselfFindsIsSaidWhereverThePolicyStands) {
  constexpr std::string_view wrong = "{ request: { remove: [ Host ] } }";
  const auto inline_one = "headersPolicy: " + std::string(wrong);
  EXPECT_THAT(errors("headersPolicies: [ { policyId: a, request: { remove: [ Host ] } } ]\n"),
              ElementsAre(HasSubstr("headersPolicies[0].request.remove[0]: found \"Host\"")));
  EXPECT_THAT(errors(routes({inline_one})),
              ElementsAre(HasSubstr("routes[0].headersPolicy.request.remove[0]: found \"Host\"")));
  EXPECT_THAT(errors("defaults: { " + inline_one + " }\n"),
              ElementsAre(HasSubstr("defaults.headersPolicy.request.remove[0]: found \"Host\"")));
}

TEST(PolicyFindings, TooManyOfAKindAreRefused) {
  EXPECT_THAT(errors(with_two({"corsPolicies: [ web, { origins: [ '*' ] } ]"})),
              ElementsAre(HasSubstr("routes[0].corsPolicies")));
  std::string many = "edge";
  for (std::size_t i = 1; i < Policy::kMostUses; ++i) many += ", edge";
  EXPECT_THAT(errors(with_two({"headersPolicies: [ " + many + " ]"})), IsEmpty());
  EXPECT_THAT(errors(with_two({"headersPolicies: [ " + many + ", edge ]"})),
              ElementsAre(HasSubstr("routes[0].headersPolicies")));
}

TEST(PolicyFindings, OneSpellingAtATime) {
  EXPECT_EQ(errors(with_two({"headersPolicy: edge, headersPolicies: [ tags ]"})).size(), 1U);
}

TEST(PolicyFindings, AnUnknownKindIsNoMisspelling) {
  EXPECT_EQ(errors("teleportPolicies: [ { policyId: a } ]\n").size(), 1U);
}

// --- Reasons

TEST(PolicyReasons, HaveCodesOfTheirOwn) {
  std::set<std::string_view> codes;
  for (const auto* const reason : reasons::kAll) codes.insert(reason->code);
  const auto policies = policy_reasons();
  for (const auto* const reason : policies) {
    EXPECT_TRUE(codes.insert(reason->code).second) << reason->code;
    EXPECT_FALSE(reason->sentence.empty());
    EXPECT_GE(reason->status, 400);
  }
  EXPECT_FALSE(policies.empty());
}

}  // namespace
}  // namespace penstock
