#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace penstock {

// The stations of a request on its way through the gateway, in the one order there is. A policy
// stands at one of them; what stands at none of a route's stations costs that route nothing.
enum class Stage : std::uint8_t {
  guard,            // Size limits, canonical form, the client's address.
  match,            // Host, path, method, headers and query find the route.
  cors,             // Preflights, and the route's own guards.
  limit_anonymous,  // Limits keyed by what is known without authentication.
  authenticate,
  authorize,
  limit_known,  // Limits keyed by the caller.
  inspect,
  validate,
  transform,  // The request rewritten for the service.
  select,     // Which service; limits keyed by it.
  forward,
};
inline constexpr std::size_t kStages = static_cast<std::size_t>(Stage::forward) + 1;

// As configuration, metrics and logs say it: `limitAnonymous`.
constexpr std::string_view text_of(Stage stage) {
  constexpr std::array<std::string_view, kStages> texts{
      "guard",      "match",   "cors",     "limitAnonymous", "authenticate", "authorize",
      "limitKnown", "inspect", "validate", "transform",      "select",       "forward"};
  return texts[static_cast<std::size_t>(stage)];
}

}  // namespace penstock
