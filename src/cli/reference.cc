#include "cli/reference.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/reason.h"
#include "config/policies.h"
#include "config/reference.h"
#include "observe/families.h"

namespace penstock {
namespace {

std::string reasons_reference() {
  std::string text =
      "| code | status | whose fault | Proxy-Status error | what it says "
      "|\n|---|---|---|---|---|\n";
  constexpr std::string_view sides[] = {"client", "gateway", "upstream"};
  std::vector<const Reason*> all(std::begin(reasons::kAll), std::end(reasons::kAll));
  for (const auto* const reason : policy_reasons()) all.push_back(reason);
  for (const auto* const reason : all)
    text += fmt::format("| `{}` | {} | {} | `{}` | {} |\n", reason->code, reason->status,
                        sides[static_cast<std::size_t>(reason->side)], reason->proxy_status,
                        reason->sentence);
  return text;
}

void print_reference(const std::string& of) {
  if (of == "config")
    fmt::print("{}", config_reference());
  else if (of == "schema")
    fmt::print("{}", config_json_schema());
  else if (of == "metrics")
    fmt::print("{}", metrics_reference());
  else
    fmt::print("{}", reasons_reference());
}

}  // namespace

void add_reference(CLI::App& app, int& code) {
  auto* const schema =
      app.add_subcommand("schema", "Print the configuration's JSON Schema, for editors.");
  schema->callback([&code] {
    fmt::print("{}", config_json_schema());
    code = 0;
  });

  auto* const verb = app.add_subcommand("reference", "Print a part of the reference.");
  const auto of = std::make_shared<std::string>();
  verb->add_option("part", *of)
      ->required()
      ->check(CLI::IsMember({"config", "schema", "metrics", "reasons"}));
  verb->group("");
  verb->callback([&code, of] {
    print_reference(*of);
    code = 0;
  });
}

}  // namespace penstock
