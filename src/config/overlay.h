#pragma once

#include <string>

#include "schema/findings.h"
#include "schema/node.h"
#include "schema/type.h"

namespace penstock {

// Lays the document `over` on the document `base`, both of the type `type`: maps are merged key by
// key; a list of objects that have an id (`.id()` in their describe()) is merged by it, new ids
// after those that were there; anything else is replaced, and so is the other of two keys that
// never stand together. A key whose value is nothing (`~`, null) is taken away from the base. Every
// value keeps the place where it was written.
//
// A key or an id that `over` holds twice is an error: merged, the two could no longer be told from
// one. What `base` holds twice stays so, for others to find.
void overlay(schema::Node& base, schema::Node over, const schema::Type& type,
             schema::Findings& findings);

}  // namespace penstock
