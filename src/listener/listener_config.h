#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.h"
#include "net/tls/tls_config.h"
#include "schema/describe.h"

namespace penstock {

// What one listener lets a client cost. Every limit has a counter and a reason.
struct ListenerLimits {
  ByteSize request_line{8 * 1024};
  ByteSize header_bytes{32 * 1024};
  std::uint32_t headers = 100;
  ByteSize body_bytes{16 * 1024 * 1024};
  Duration header_timeout = std::chrono::seconds(10);
  Duration body_idle_timeout = std::chrono::seconds(30);
  Duration idle_timeout = std::chrono::seconds(60);
  std::uint32_t connections = 20'000;
  std::optional<std::uint32_t> connections_per_address;

  static constexpr auto describe() {
    using C = ListenerLimits;
    using namespace literals;
    using namespace std::chrono_literals;
    return schema::object(
        schema::field("requestLine", &C::request_line,
                      "Longest request line; a longer one is answered 414.")
            .range(64, 1_MiB),
        schema::field("headerBytes", &C::header_bytes,
                      "Most bytes of all header fields together; more are answered 431.")
            .range(256, 1_MiB),
        schema::field("headers", &C::headers,
                      "Most header fields of one request; more are answered 431.")
            .range(1, 10'000),
        schema::field("bodyBytes", &C::body_bytes,
                      "Longest request body; a longer one is answered 413.")
            .range(0, ByteSize{std::uint64_t{1} << 40}),
        schema::field(
            "headerTimeout", &C::header_timeout,
            "Time from the first byte of a request to the end of its header; 408 after. As "
            "long may a TLS handshake take.")
            .range(100ms, 10min),
        schema::field("bodyIdleTimeout", &C::body_idle_timeout,
                      "Longest pause of a client within its request body; 408 after.")
            .range(100ms, 1h),
        schema::field("idleTimeout", &C::idle_timeout,
                      "How long a connection may wait for its next request before it is closed.")
            .range(100ms, 24h),
        schema::field("connections", &C::connections,
                      "Most connections open at once; lowered at start to what the process's limit "
                      "on open files bears.")
            .range(1, 10'000'000),
        schema::field("connectionsPerAddress", &C::connections_per_address,
                      "Most connections of one client address at once. Off by default, since "
                      "balancers come from few addresses.")
            .range(1, 10'000'000)
            .or_off());
  }
};

// An address on which clients are served.
struct ListenerConfig {
  schema::Located<std::string> name;
  schema::Located<std::string> address;
  std::optional<ListenerTlsConfig> tls = std::nullopt;
  ListenerLimits limits;
  std::vector<schema::Located<std::string>> trusted_proxies;

  static constexpr auto describe() {
    using C = ListenerConfig;
    return schema::object(
        schema::field("name", &C::name, "Its name in metrics and logs; unique.").id(),
        schema::field("address", &C::address,
                      "Where it listens: `host:port` or `[v6]:port`, the host an IP address.")
            .required()
            .restart(),
        schema::field("tls", &C::tls, "Clients are served by https; by http without it."),
        schema::field("limits", &C::limits, "What a client may cost."),
        schema::field("trustedProxies", &C::trusted_proxies,
                      "Addresses or networks (`10.0.0.0/8`) of proxies whose `X-Forwarded-For` is "
                      "believed, or `Forwarded` where there is none: one that speaks only "
                      "`Forwarded` must drop the X-Forwarded-For of clients. Nobody by default.")
            .elements(0, 10'000));
  }
};

}  // namespace penstock
