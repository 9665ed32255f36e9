#pragma once

#include <string>
#include <string_view>

#include "control/node.h"

namespace penstock {

// `starting`, `serving` or `draining`.
std::string_view name_of(Node::State state);

// What an operator wants to know of a node, as JSON. On control's loop; the long part of it is
// written by the pool.
Task<std::string> status_of(Node& node);

}  // namespace penstock
