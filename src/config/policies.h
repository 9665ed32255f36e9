#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/reason.h"
#include "config/config.h"
#include "policy/policy.h"
#include "schema/findings.h"

namespace penstock {

// What policies are made for: the process's memory, and its workers.
struct PolicyHome {
  std::shared_ptr<Memory> memory = std::make_shared<Memory>();
  std::uint32_t workers = 1;
};

// The policies of one route, in the order in which they are asked.
using PolicyChain = std::vector<const Policy*>;

// All policies of a snapshot; apart from it, since an exchange that lasts needs them to its end.
struct PolicySet {
  std::shared_ptr<Memory> memory;  // Outlives the policies that remember there.
  std::vector<std::unique_ptr<const Policy>> all;
  std::vector<PolicyChain> chains;  // Each different one once.
};

// And which route has which.
struct Policies {
  std::shared_ptr<const PolicySet> set;
  std::vector<std::uint32_t> of_route;  // By the route's index, into the set's chains.

  const PolicyChain& chain(std::size_t route) const { return set->chains[of_route[route]]; }
};

// Of a document that was checked.
Policies make_policies(const Document& document, const PolicyHome& home);

// Why policies of any kind reject; for the reference.
std::vector<const Reason*> policy_reasons();

// Policies' ids, what a kind itself finds wrong, routes that name none there is.
void check_policies(const Document& document, schema::Findings& findings);

}  // namespace penstock
