#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"

namespace penstock {

// More addresses than this for one name are cut off.
inline constexpr std::size_t kMaxResolved = 64;

// The addresses of `host`, in the resolver's order, each once. A literal (`10.0.0.1`, `::1`,
// `[::1]`) is returned as it is, without asking anybody. Blocks for as long as the system's
// resolver does (seconds): for the offload pool, never for a worker. The error is a sentence for
// the log and the findings.
std::expected<std::vector<Address>, std::string> resolve(std::string_view host, std::uint16_t port);

// Whether `host` is a name that may be asked for: letters, digits, `-` and `_` in labels of at most
// 63, 253 in all, the last label no number (the system would take `10.1` or `0x7f.1` for an
// address).
bool is_host_name(std::string_view host);

}  // namespace penstock
