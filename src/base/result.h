#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "base/reason.h"

namespace penstock {

// What went wrong, as a value. `kind` is what the machine met; `reason` is why the gateway answers
// by itself, where that is known already; `detail` is one more public sentence with static storage.
struct Error {
  enum class Kind : std::uint8_t {
    cancelled,    // The task's Scope is closing.
    timed_out,    // A deadline passed.
    closed,       // The peer closed in an orderly way (FIN).
    reset,        // The peer reset, or the connection broke.
    refused,      // Nobody listens there.
    unreachable,  // No way to the address.
    exhausted,    // Out of descriptors or of another bounded thing.
    malformed,    // What was received breaks its grammar.
    too_large,    // What was received is over a limit.
    rejected,     // A decision of ours: see `reason`.
    system,       // Another failure of the operating system: see `os`.
  };

  Kind kind = Kind::system;
  int os = 0;  // errno, where there was one.
  const Reason* reason = nullptr;
  std::string_view detail = {};
};

std::string_view name_of(Error::Kind kind);

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Error::Kind kind, int os = 0) {
  return std::unexpected(Error{.kind = kind, .os = os});
}
// `detail` must have static storage.
inline std::unexpected<Error> fail(const Reason& reason, std::string_view detail = {}) {
  return std::unexpected(Error{.kind = Error::Kind::rejected, .reason = &reason, .detail = detail});
}
inline std::unexpected<Error> fail(const Error& error) {
  return std::unexpected(error);
}

}  // namespace penstock
