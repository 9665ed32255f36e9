#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/duration.h"
#include "net/tls/tls_config.h"
#include "schema/describe.h"

namespace penstock {

// One place where a service runs.
struct InstanceConfig {
  schema::Located<std::string> host;
  std::uint16_t port = 0;
  bool healthy = true;
  std::uint32_t weight = 1;

  static constexpr auto describe() {
    using C = InstanceConfig;
    return schema::object(
        schema::field("host", &C::host,
                      "IP address, or a name that is resolved at load and every 30 s.")
            .required(),
        schema::field("port", &C::port, "TCP port.").required().range(1, 65'535),
        schema::field("healthy", &C::healthy,
                      "Whether it may be given requests; `false` takes it out by hand."),
        schema::field("weight", &C::weight,
                      "Its share of the requests, relative to the other instances'; 0 gets none.")
            .range(0, 1'000));
  }
};

enum class BalanceStrategy : std::uint8_t { round_robin, least_connections, random };
constexpr auto schema_choices(BalanceStrategy) {
  return std::array{schema::choice("roundRobin", BalanceStrategy::round_robin),
                    schema::choice("leastConnections", BalanceStrategy::least_connections),
                    schema::choice("random", BalanceStrategy::random)};
}

struct LoadBalancingConfig {
  BalanceStrategy strategy = BalanceStrategy::round_robin;
  schema::Percent panic_threshold{0};

  static constexpr auto describe() {
    using C = LoadBalancingConfig;
    return schema::object(
        schema::field("strategy", &C::strategy,
                      "How an instance is chosen for a request: by turns; the one with the fewest "
                      "requests in flight; or of two taken at random the one with fewer. Weights "
                      "are honoured by all."),
        schema::field("panicThreshold", &C::panic_threshold,
                      "Where a smaller share of the instances is healthy, all get requests as if "
                      "they were: the few would not bear them. Where none is, all do anyway.")
            .range(0, 100));
  }
};

// What a health check asks for.
struct CheckPath {
  std::string text;

  static constexpr std::string_view kExpected = "a path such as /healthz";
  static constexpr std::string_view kPattern = "^/[!-\"$-~]*$";
  static std::optional<CheckPath> parse(std::string_view text) {
    const auto fits = [](char c) { return c > ' ' && c <= '~' && c != '#'; };
    if (text.empty() || text.front() != '/' || !std::ranges::all_of(text, fits))
      return std::nullopt;
    return CheckPath{std::string(text)};
  }
  std::string to_text() const { return text; }
  friend bool operator==(const CheckPath&, const CheckPath&) = default;
};

// How instances are asked whether they are well. See HealthChecks.
struct HealthCheckConfig {
  std::optional<CheckPath> path;
  Duration interval = std::chrono::seconds(5);
  Duration timeout = std::chrono::seconds(1);
  std::uint32_t healthy_after = 2;
  std::uint32_t unhealthy_after = 3;

  static constexpr auto describe() {
    using C = HealthCheckConfig;
    using namespace std::chrono_literals;
    return schema::object(
        schema::field("path", &C::path,
                      "A GET of it must be answered by 2xx or 3xx. Without it a connection must be "
                      "accepted, and TLS agreed on where the service is spoken to by https."),
        schema::field("interval", &C::interval,
                      "How often each instance is asked; varies by a tenth at random.")
            .range(100ms, 1h),
        schema::field("timeout", &C::timeout, "No answer within it is a failure.")
            .range(10ms, 1min),
        schema::field("healthyAfter", &C::healthy_after,
                      "So many successes in a row make an instance healthy again.")
            .range(1, 100),
        schema::field("unhealthyAfter", &C::unhealthy_after,
                      "So many failures in a row make it unhealthy: it gets no requests.")
            .range(1, 100));
  }
  friend bool operator==(const HealthCheckConfig&, const HealthCheckConfig&) = default;
};

// When an instance gets no requests for a while since its answers are bad. Failed connects do that
// anyway.
struct OutlierEjectionConfig {
  std::uint32_t consecutive_failures = 5;
  Duration eject_for = std::chrono::seconds(10);
  schema::Percent max_ejected{50};

  static constexpr auto describe() {
    using C = OutlierEjectionConfig;
    using namespace std::chrono_literals;
    return schema::object(
        schema::field("consecutiveFailures", &C::consecutive_failures,
                      "So many tries in a row that failed eject the instance: no answer, a "
                      "malformed one, or a status from 500 on.")
            .range(1, 1'000'000),
        schema::field("ejectFor", &C::eject_for,
                      "How long; it doubles each time in a row, up to eight times that.")
            .range(100ms, 1h),
        schema::field("maxEjected", &C::max_ejected,
                      "No instance is ejected for its answers beyond this share of all.")
            .range(0, 100));
  }
};

// How long each part of a call may take; 504 after. None is infinite.
struct TimeoutsConfig {
  Duration connect = std::chrono::seconds(2);
  Duration first_byte = std::chrono::seconds(15);
  Duration idle = std::chrono::seconds(30);
  Duration total = std::chrono::seconds(60);
  Duration per_try = std::chrono::seconds(20);
  Duration max_stream_age = std::chrono::hours(24);

  static constexpr auto describe() {
    using C = TimeoutsConfig;
    using namespace std::chrono_literals;
    return schema::object(
        schema::field("connect", &C::connect, "To open a connection, TLS handshake included.")
            .range(1ms, 10min),
        schema::field("firstByte", &C::first_byte,
                      "From the request's last byte to the answer's first.")
            .range(1ms, 24h),
        schema::field("idle", &C::idle, "Longest pause within a body or a stream.").range(1ms, 24h),
        schema::field("total", &C::total,
                      "The whole exchange with the service, all tries together; for a stream up to "
                      "the answer's head.")
            .range(1ms, 24h),
        schema::field("perTry", &C::per_try, "One try, up to the answer's head.").range(1ms, 24h),
        schema::field("maxStreamAge", &C::max_stream_age,
                      "Longest life of a stream: a tunnel, an event stream, a route with "
                      "`stream: true`.")
            .range(1s, std::chrono::hours(24 * 365)));
  }
};

// Why a try may be followed by another.
struct RetryCondition {
  enum class Cause : std::uint8_t { connect_failure, reset, status };
  Cause cause = Cause::connect_failure;
  std::uint16_t status = 0;  // 400 to 599, for Cause::status.

  static constexpr std::string_view kExpected =
      "connectFailure, reset, or a status from 400 to 599";
  static constexpr std::string_view kPattern = "^(connectFailure|reset|[45][0-9][0-9])$";
  static std::optional<RetryCondition> parse(std::string_view text) {
    if (text == "connectFailure") return RetryCondition{};
    if (text == "reset") return RetryCondition{Cause::reset};
    const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
    if (text.size() != 3 || !digit(0) || !digit(1) || !digit(2)) return std::nullopt;
    const auto status = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
    if (status < 400 || status > 599) return std::nullopt;
    return RetryCondition{Cause::status, static_cast<std::uint16_t>(status)};
  }
  std::string to_text() const {
    if (cause == Cause::connect_failure) return "connectFailure";
    return cause == Cause::reset ? "reset" : std::to_string(status);
  }
  friend constexpr bool operator==(const RetryCondition&, const RetryCondition&) = default;
};

struct RetryConfig {
  std::uint32_t attempts = 2;
  std::vector<RetryCondition> on{{RetryCondition::Cause::connect_failure, 0},
                                 {RetryCondition::Cause::reset, 0},
                                 {RetryCondition::Cause::status, 503}};
  std::vector<schema::Located<std::string>> methods{
      {"GET", {}}, {"HEAD", {}}, {"OPTIONS", {}}, {"PUT", {}}, {"DELETE", {}}};
  Duration backoff = std::chrono::milliseconds(25);
  schema::Percent budget{20};

  static constexpr auto describe() {
    using C = RetryConfig;
    using namespace std::chrono_literals;
    return schema::object(
        schema::field("attempts", &C::attempts, "Tries in all; 1 is no retry.").range(1, 10),
        schema::field(
            "on", &C::on,
            "What may be tried again: `connectFailure`, `reset` (before the answer began) "
            "and status codes.")
            .elements(0, 202),
        schema::field(
            "methods", &C::methods,
            "Methods of which a request may be sent twice. A failed connect, where nothing "
            "was sent, is tried again for these only, too.")
            .elements(0, 100),
        schema::field("backoff", &C::backoff,
                      "Pause before the second try; it doubles with each further one and varies at "
                      "random.")
            .range(0, 10s),
        schema::field("budget", &C::budget,
                      "Retries as a share of the service's live traffic; beyond it none is made.")
            .range(0, 100));
  }
};

struct PoolConfig {
  std::uint32_t max_connections = 1'000;
  Duration idle_timeout = std::chrono::seconds(4);

  static constexpr auto describe() {
    using C = PoolConfig;
    using namespace std::chrono_literals;
    return schema::object(
        schema::field("maxConnections", &C::max_connections,
                      "Most connections to the service, per process, split over the workers.")
            .range(1, 1'000'000),
        schema::field("idleTimeout", &C::idle_timeout,
                      "How long a connection is kept for the next request; shorter than the "
                      "service's own, or a request may meet a closing connection.")
            .range(0, 1h));
  }
};

// When a service is left alone for a while, since it fails. See Breaker.
struct CircuitBreakerConfig {
  schema::Percent failure_rate{50};
  schema::Percent slow_rate{50};
  std::optional<Duration> slower_than;
  std::uint32_t consecutive_failures = 0;
  std::uint32_t minimum_requests = 20;
  Duration window = std::chrono::seconds(10);
  Duration open_for = std::chrono::seconds(5);
  std::uint32_t trials = 3;
  Duration ramp = std::chrono::seconds(10);

  static constexpr auto describe() {
    using C = CircuitBreakerConfig;
    using namespace std::chrono_literals;
    return schema::object(
        schema::field("failureRate", &C::failure_rate,
                      "Share of the window's tries that opens it, if they failed: no answer, a "
                      "malformed one, or a status from 500 on.")
            .range(1, 100),
        schema::field("slowRate", &C::slow_rate,
                      "Share of the window's tries that opens it, if they were slow.")
            .range(1, 100),
        schema::field("slowerThan", &C::slower_than,
                      "A try whose answer's head takes longer is slow; none is without it.")
            .range(1ms, 24h),
        schema::field("consecutiveFailures", &C::consecutive_failures,
                      "So many failures in a row open it, however few tries there were; 0: never.")
            .range(0, 1'000'000),
        schema::field("minimumRequests", &C::minimum_requests,
                      "The rates say nothing before the window has so many tries.")
            .range(1, 1'000'000),
        schema::field("window", &C::window, "Over which time the rates are taken.").range(1s, 1h),
        schema::field("openFor", &C::open_for,
                      "How long no request passes once it is open; then some are let through on "
                      "trial.")
            .range(100ms, 1h),
        schema::field("trials", &C::trials,
                      "So many tries must succeed before it closes; one that fails or is slow "
                      "opens it again.")
            .range(1, 1'000),
        schema::field("ramp", &C::ramp,
                      "In which time after that the share of requests that pass grows from a tenth "
                      "to all.")
            .range(0, 1h));
  }
};

// How many requests a service is given at the same time. See Bulkhead.
struct BulkheadConfig {
  std::uint32_t max_requests = 0;
  std::uint32_t max_pending = 0;
  Duration pending_timeout = std::chrono::seconds(1);

  static constexpr auto describe() {
    using C = BulkheadConfig;
    using namespace std::chrono_literals;
    return schema::object(
        schema::field("maxRequests", &C::max_requests,
                      "Most requests, tunnels included, that the service has at the same time; per "
                      "process, over all workers.")
            .required()
            .range(1, 1'000'000),
        schema::field("maxPending", &C::max_pending,
                      "Most requests that wait for one of those to end; others get 503.")
            .range(0, 1'000'000),
        schema::field("pendingTimeout", &C::pending_timeout,
                      "How long a request waits; then it gets 503.")
            .range(1ms, 10min));
  }
};

// A service: what a route forwards to.
struct ServiceConfig {
  schema::Located<std::string> service_name;
  std::vector<InstanceConfig> instances;
  std::optional<ServiceTlsConfig> tls;
  LoadBalancingConfig load_balancing;
  std::optional<HealthCheckConfig> health_check;
  std::optional<OutlierEjectionConfig> outlier_ejection;
  TimeoutsConfig timeouts;
  RetryConfig retry;
  PoolConfig pool;
  std::optional<CircuitBreakerConfig> circuit_breaker;
  std::optional<BulkheadConfig> bulkhead;

  static constexpr auto describe() {
    using C = ServiceConfig;
    return schema::object(
        schema::field("serviceName", &C::service_name, "Its name; unique.").id(),
        schema::field("instances", &C::instances, "Where it runs.").required().elements(0, 10'000),
        schema::field("tls", &C::tls, "It is spoken to by https; by http without it."),
        schema::field("loadBalancing", &C::load_balancing, "How instances share the requests."),
        schema::field("healthCheck", &C::health_check,
                      "Instances are asked whether they are well; they are not without it."),
        schema::field(
            "outlierEjection", &C::outlier_ejection,
            "An instance whose answers are bad gets none for a while; without it only one "
            "that cannot be connected to."),
        schema::field("timeouts", &C::timeouts, "How long each part of a call may take."),
        schema::field("retry", &C::retry, "When a request is tried again."),
        schema::field("pool", &C::pool, "Connections kept for the service."),
        schema::field("circuitBreaker", &C::circuit_breaker,
                      "When the service is left alone for a while, since it fails; never without "
                      "it."),
        schema::field("bulkhead", &C::bulkhead,
                      "How many requests it is given at the same time; no limit of its own without "
                      "it."));
  }
};

}  // namespace penstock
