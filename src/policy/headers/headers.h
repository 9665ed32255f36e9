#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"
#include "schema/describe.h"
#include "schema/findings.h"

namespace penstock {

// Sets, adds and removes fields, on the way to the service and on the way back, and carries a
// correlation id. The fields by which the gateway itself frames and addresses messages are not to
// be had: see check().
struct HeaderValue {
  schema::Located<std::string> name;
  schema::Located<std::string> value;

  static constexpr auto describe() {
    using C = HeaderValue;
    return schema::object(
        schema::field("name", &C::name, "The field's name.").required(),
        schema::field("value", &C::value, "Its value, as it stands here.").required());
  }
};

struct HeaderChanges {
  std::vector<schema::Located<std::string>> remove;
  std::vector<HeaderValue> set;
  std::vector<HeaderValue> add;

  static constexpr auto describe() {
    using C = HeaderChanges;
    return schema::object(
        schema::field("remove", &C::remove, "Names of fields that are removed, first of all.")
            .elements(0, 100),
        schema::field("set", &C::set, "Fields that take the place of any of that name.")
            .elements(0, 100),
        schema::field("add", &C::add, "Fields beside those that are there.").elements(0, 100));
  }
};

struct CorrelationConfig {
  schema::Located<std::string> header{"X-Correlation-Id", {}};

  static constexpr auto describe() {
    return schema::object(schema::field("header", &CorrelationConfig::header,
                                        "The field that carries it, to the service and back."));
  }
};

struct HeadersConfig {
  HeaderChanges request;
  HeaderChanges response;
  std::optional<CorrelationConfig> correlation_id;

  static constexpr auto describe() {
    using C = HeadersConfig;
    return schema::object(
        schema::field("request", &C::request, "What changes on the way to the service."),
        schema::field("response", &C::response, "What changes on the way back to the client."),
        schema::field("correlationId", &C::correlation_id,
                      "An id that goes along with everything one request causes: kept if a trusted "
                      "proxy sent it, else the request's own id."));
  }
};

class Headers final : public Policy {
 public:
  using Config = HeadersConfig;
  static constexpr std::string_view kKind = "headers";
  static constexpr std::string_view kDoc = "Fields set, added and removed.";
  // A correlation id is visible ASCII, and no longer than this.
  static constexpr std::size_t kLongestCorrelation = 128;

  Headers(const Config& config, const PolicyContext& context);
  // Names that are no tokens or belong to the gateway, values with control characters.
  static void check(const Config& config, const std::string& path, schema::Findings& findings);

  std::string_view kind() const override { return kKind; }
  Stage stage() const override { return Stage::transform; }
  Step on_request(Exchange& exchange) const override;
  void on_response(Exchange& exchange) const override;

 private:
  const Config config_;
};

}  // namespace penstock
