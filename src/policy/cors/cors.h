#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/duration.h"
#include "policy/cors/origins.h"
#include "policy/policy.h"
#include "schema/describe.h"
#include "schema/findings.h"

namespace penstock {

namespace reasons {
inline constexpr Reason kCorsRefused{"cors_refused", 403, Side::client,
                                     "The cross-origin request is not allowed.",
                                     "http_request_denied"};
}  // namespace reasons

struct CorsConfig {
  std::vector<schema::Located<std::string>> origins;
  std::vector<schema::Located<std::string>> methods{{"GET", {}}, {"HEAD", {}}, {"POST", {}}};
  std::vector<schema::Located<std::string>> headers;
  std::vector<schema::Located<std::string>> expose_headers;
  bool credentials = false;
  Duration max_age = std::chrono::minutes(10);
  bool private_network = false;

  static constexpr auto describe() {
    using C = CorsConfig;
    return schema::object(
        schema::field("origins", &C::origins,
                      "Whose pages may ask: `https://app.example.com`, `https://*.example.com` for "
                      "all below it, `null`, or `*` alone for everybody.")
            .required()
            .elements(1, 1000),
        schema::field("methods", &C::methods,
                      "Methods they may use; `*` for whichever the route takes. By default those "
                      "that browsers send without asking.")
            .elements(1, 50),
        schema::field("headers", &C::headers,
                      "Fields they may set, beside those that browsers send without asking; `*` "
                      "for any but `Authorization`, which must be named.")
            .elements(0, 100),
        schema::field("exposeHeaders", &C::expose_headers,
                      "Fields of the answer that they may read; `*` for all.")
            .elements(0, 100),
        schema::field("credentials", &C::credentials,
                      "Whether cookies and other credentials of the browser go along."),
        schema::field("maxAge", &C::max_age,
                      "How long browsers remember the answer to a preflight.")
            .range(std::chrono::seconds(0), std::chrono::hours(24)),
        schema::field("privateNetwork", &C::private_network,
                      "Whether pages of the public network may ask a private one."));
  }
};

// CORS as the Fetch standard has it (§3.2): answers preflights itself, before anybody must
// authenticate, and says in every other answer, the gateway's own included, who may read it. What a
// service says about it is replaced.
class Cors final : public Policy {
 public:
  using Config = CorsConfig;
  static constexpr std::string_view kKind = "cors";
  static constexpr std::string_view kDoc = "Which pages of other sites may ask.";
  static constexpr std::array kReasons{&reasons::kCorsRefused};
  static constexpr std::size_t kMostUses = 1;  // Browsers refuse an answer that says it twice.
  // A preflight that asks about more fields than this is refused.
  static constexpr std::size_t kMostAsked = 100;

  Cors(const Config& config, const PolicyContext& context);
  // What cannot be an origin, a method or a field, and what browsers would not obey or should not.
  static void check(const Config& config, const std::string& path, schema::Findings& findings);

  std::string_view kind() const override { return kKind; }
  Stage stage() const override { return Stage::cors; }
  bool answers_preflights() const override { return true; }
  Step on_request(Exchange& exchange) const override;
  void on_response(Exchange& exchange) const override;

 private:
  // A list of names, or all of them.
  class Names {
   public:
    explicit Names(const std::vector<schema::Located<std::string>>& names);
    bool any() const { return any_; }
    bool name(std::string_view method) const;
    bool name_ignoring_case(std::string_view field) const;

   private:
    bool any_ = false;
    std::vector<std::string> names_;
  };

  Step answer_preflight(Exchange& exchange, std::string_view method) const;
  bool allows_header(std::string_view name) const;
  // Whether all fields that a preflight asks about may be set; `asked` are their names, for the
  // answer.
  bool allows_headers(Exchange& exchange, std::string_view& asked) const;

  const Origins origins_;
  const Names methods_;
  const Names headers_;
  const std::string exposed_;
  const std::string max_age_;  // In seconds.
  const bool credentials_;
  const bool private_network_;
};

}  // namespace penstock
