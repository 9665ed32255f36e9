#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/reason.h"
#include "policy/policy.h"
#include "policy/rate_limit/limiter_table.h"
#include "schema/describe.h"
#include "schema/findings.h"

namespace penstock {

namespace reasons {
inline constexpr Reason kRateLimited{"rate_limited", 429, Side::client,
                                     "There were too many requests.", "http_request_denied"};
}

// What is counted apart, by a word.
enum class LimitScope : std::uint8_t { ip, user_id, route, service };

constexpr auto schema_choices(LimitScope) {
  return std::array{
      schema::choice("ip", LimitScope::ip), schema::choice("userId", LimitScope::user_id),
      schema::choice("route", LimitScope::route), schema::choice("service", LimitScope::service)};
}

struct LimitScopeField {
  std::string header;

  static constexpr auto describe() {
    return schema::object(schema::field("header", &LimitScopeField::header,
                                        "What this field of the request says; requests without "
                                        "it are counted together.")
                              .required());
  }
};

using LimitScopeConfig = schema::Located<schema::WordOrMap<LimitScope, LimitScopeField>>;

struct RateLimitConfig {
  std::uint32_t limit = 0;
  Duration window{};
  std::optional<schema::Located<std::uint32_t>> burst;
  std::vector<LimitScopeConfig> scope;
  std::uint32_t max_keys = 100'000;
  bool headers = false;
  bool legacy = false;

  Quota quota() const;

  static constexpr auto describe() {
    using C = RateLimitConfig;
    return schema::object(
        schema::field("limit", &C::limit, "Requests per window.").required().range(1, 1'000'000),
        schema::field("window", &C::window, "Length of the window.")
            .required()
            .range(std::chrono::milliseconds(100), std::chrono::hours(24)),
        schema::field("burst", &C::burst, "Requests at once; by default as many as `limit`.")
            .range(1, 1'000'000),
        schema::field("scope", &C::scope,
                      "What is counted apart: the client's address (`ip`; of IPv6 its /64), "
                      "`userId` (while nobody is known by name, the address), `route`, `service`, "
                      "or a header; or a list of these, for their combinations.")
            .required()
            .elements(1, 8)
            .or_alone(),
        schema::field("maxKeys", &C::max_keys,
                      "The most callers that are counted apart. More than that share one quota, "
                      "until others have been quiet for long enough.")
            .range(1'000, 10'000'000),
        schema::field("headers", &C::headers,
                      "Whether answers to allowed requests say how much is left, too."),
        schema::field("legacy", &C::legacy,
                      "Whether `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds left) are "
                      "sent beside the standard fields."));
  }
};

// Answers 429 once a key has spent its quota (GCRA: `burst` at once, refilled at limit/window).
//
// One object serves all workers. Buckets live in the process-wide limiter table under the policy's
// id, so they outlive a new snapshot; a shard's lock is held for one bucket, never across a wait.
// What was taken is not given back, even where a later policy refuses the request.
class RateLimit final : public Policy {
 public:
  using Config = RateLimitConfig;
  static constexpr std::string_view kKind = "rateLimit";
  static constexpr std::string_view kDoc = "How many requests callers may make.";
  static constexpr std::array kReasons{&reasons::kRateLimited};

  RateLimit(const Config& config, const PolicyContext& context);
  // A burst that takes too long to refill, a scope said twice, a name that no field can have.
  static void check(const Config& config, const std::string& path, schema::Findings& findings);

  std::string_view kind() const override { return kKind; }
  // The first at which all is known that it counts by.
  Stage stage() const override { return stage_; }
  Step on_request(Exchange& exchange) const override;
  void on_response(Exchange& exchange) const override;

 private:
  // A worker's counters.
  struct Decisions {
    Decisions(MetricStore& store, std::string_view policy);
    Counter allowed;
    Counter limited;
    Counter shared;
  };

  std::uint64_t key_of(const Exchange& exchange) const;
  std::uint64_t part_of(const Exchange& exchange, const LimitScopeConfig& scope) const;
  std::uint64_t header_part(const Exchange& exchange, std::string_view name) const;
  void count(const Exchange& exchange, const Taken& taken) const;
  void report(Exchange& exchange, const Taken& taken) const;

  const Config config_;
  const Quota quota_;
  const Stage stage_;
  const std::string name_;         // As a structured field's string.
  const std::string policy_line_;  // `"standard-user";q=1000;w=60`
  LimiterTable& table_;
  const std::shared_ptr<Limiter> limiter_;
  const PerWorker<Decisions> decisions_;
};

}  // namespace penstock
