#pragma once

#include <span>
#include <string_view>

#include "schema/describe.h"
#include "schema/findings.h"
#include "schema/node.h"
#include "schema/secret.h"

namespace penstock::schema {

// A key that a user may well know from elsewhere and that this release does not serve, by its path
// without indices: `routes[].rateLimitPolicy`. A `*` at either end of the last name stands for any.
// The same of a choice's word: `runtime.io=io_uring`.
using NotServed = std::span<const std::string_view>;

// Fills `value`, whose type is `type`, from `node`. Whatever is wrong is added to findings, and
// then that part of `value` keeps its default. Without `secrets` every secret is refused.
void decode(const Node& node, const Type& type, void* value, NotServed not_served,
            const SecretSource& secrets, Findings& findings);

template <class C>
void decode(const Node& node, C& value, NotServed not_served, const SecretSource& secrets,
            Findings& findings) {
  decode(node, kType<C>, &value, not_served, secrets, findings);
}
template <class C>
void decode(const Node& node, C& value, NotServed not_served, Findings& findings) {
  decode(node, kType<C>, &value, not_served, {}, findings);
}

// `a duration from 1ms to 1h`, as an error and the reference say it.
std::string expectation(const FieldInfo& field, const Type& type);

// The keys of an object, those of its flat members included.
std::vector<std::string_view> keys_of(const ObjectInfo& object);

}  // namespace penstock::schema
