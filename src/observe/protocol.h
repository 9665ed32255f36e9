#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace penstock {

// What the client speaks, as reports name it.
enum class Protocol : std::uint8_t { http10, http11, http2 };

// `HTTP/1.1`: the log's word.
constexpr std::string_view text_of(Protocol protocol) {
  constexpr std::array<std::string_view, 3> texts{"HTTP/1.0", "HTTP/1.1", "HTTP/2"};
  return texts[static_cast<std::size_t>(protocol)];
}
// `1.1`: OpenTelemetry's network.protocol.version.
constexpr std::string_view version_of(Protocol protocol) {
  return text_of(protocol).substr(5);
}

}  // namespace penstock
