#pragma once

#include <string>
#include <string_view>

#include "exchange/exchange.h"
#include "runtime/sim/sim_loop.h"
#include "schema/decode.h"
#include "schema/node.h"

namespace penstock {

// An exchange as a policy meets it, with nothing around it; for tests.
struct TestExchange {
  TestExchange() {
    exchange.worker = &place;
    exchange.request_id = "0199-request";
  }
  std::string sent(std::string_view name) const { return joined(exchange.request.fields, name); }
  std::string answered(std::string_view name) const {
    return joined(exchange.response.fields, name);
  }
  static std::string joined(const http::Fields& fields, std::string_view name) {
    std::string out;
    for (const auto& field : fields)
      if (http::Fields one; (one.add(field), one.find(name) != nullptr))
        out += (out.empty() ? "" : "|") + std::string(field.value);
    return out;
  }

  SimLoop loop{1};
  MetricStore store;
  WorkerPlace place{0, &store};
  Exchange exchange{loop};
};

// A policy's config from its YAML; what is wrong with it is in `findings`.
template <class P>
struct TestConfig {
  explicit TestConfig(std::string_view yaml) {
    schema::Findings found({"p"});
    if (auto root = schema::parse(yaml, schema::Syntax::yaml, 0, found))
      schema::decode(*root, value, {}, found);
    if (!found.failed()) P::check(value, "p", found);
    for (const auto& finding : found.take()) findings += to_text(finding) + '\n';
  }

  typename P::Config value;
  std::string findings;
};

}  // namespace penstock
