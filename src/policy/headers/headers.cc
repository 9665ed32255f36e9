#include "policy/headers/headers.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/h1/syntax.h"
#include "http/hop.h"
#include "http/message.h"

namespace penstock {
namespace {

// RFC 9110 §5.5, without obsolete text.
bool is_value(std::string_view text) {
  const auto fits = [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7f); };
  const bool padded = !text.empty() && (text.front() == ' ' || text.front() == '\t' ||
                                        text.back() == ' ' || text.back() == '\t');
  return !padded && std::all_of(text.begin(), text.end(), fits);
}

void apply(const HeaderChanges& changes, http::Fields& fields) {
  for (const auto& name : changes.remove) fields.remove(name.value);
  for (const auto& [name, value] : changes.set) {
    fields.remove(name.value);
    fields.add(name.value, value.value);
  }
  for (const auto& [name, value] : changes.add) fields.add(name.value, value.value);
}

bool is_correlation(std::string_view text) {
  return !text.empty() && text.size() <= Headers::kLongestCorrelation &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

class Check {
 public:
  explicit Check(schema::Findings& findings) : findings_(findings) {}

  void changes(const HeaderChanges& changes, const std::string& path) {
    for (std::size_t i = 0; i < changes.remove.size(); ++i)
      name(changes.remove[i], fmt::format("{}.remove[{}]", path, i));
    values(changes.set, path + ".set");
    values(changes.add, path + ".add");
  }

  void name(const schema::Located<std::string>& name, const std::string& path) {
    if (name.value.empty() && name.at.line == 0) return;  // The decoder has said so.
    const auto quoted = schema::in_quotes(name.value);
    if (!http::h1::is_token(name.value))
      return findings_.error(name.at, path,
                             fmt::format("found {}, expected the name of a field", quoted));
    if (http::is_gateways_own(name.value))
      findings_.error(name.at, path,
                      fmt::format("found {}, expected another field: the gateway writes this one "
                                  "itself",
                                  quoted));
  }

 private:
  void values(const std::vector<HeaderValue>& list, const std::string& path) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto here = fmt::format("{}[{}]", path, i);
      name(list[i].name, here + ".name");
      const auto& value = list[i].value;
      if (is_value(value.value)) continue;
      findings_.error(value.at, here + ".value",
                      "found control characters, characters beyond ASCII or blanks at an end, "
                      "expected visible ASCII text with blanks only within");
    }
  }

  schema::Findings& findings_;
};

}  // namespace

Headers::Headers(const Config& config, const PolicyContext& context)
    : Policy(context.id), config_(config) {}

void Headers::check(const Config& config, const std::string& path, schema::Findings& findings) {
  Check check(findings);
  check.changes(config.request, path + ".request");
  check.changes(config.response, path + ".response");
  if (config.correlation_id)
    check.name(config.correlation_id->header, path + ".correlationId.header");
}

Step Headers::on_request(Exchange& exchange) const {
  auto& fields = exchange.request.fields;
  if (config_.correlation_id) {
    const std::string_view name = config_.correlation_id->header.value;
    const auto* const sent = fields.only(name);
    if (!exchange.client.peer_trusted || sent == nullptr || !is_correlation(sent->value)) {
      fields.remove(name);
      fields.add(name, exchange.request_id);
    }
  }
  apply(config_.request, fields);
  return proceed();
}

void Headers::on_response(Exchange& exchange) const {
  auto& fields = exchange.response.fields;
  if (config_.correlation_id) {
    const std::string_view name = config_.correlation_id->header.value;
    if (const auto* const id = exchange.request.fields.only(name)) {
      fields.remove(name);
      fields.add(name, id->value);
    }
  }
  apply(config_.response, fields);
}

}  // namespace penstock
