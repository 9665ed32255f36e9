#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace penstock {

// A text that the regex most likely matches as a whole, to show what a route serves; a short one,
// not empty where that can be. `variation` asks for another one, as far as the regex leaves a
// choice. Nothing for a regex that it does not understand: it knows the common part of RE2's syntax
// and checks nothing.
std::optional<std::string> sample(std::string_view regex, unsigned variation);

}  // namespace penstock
