#include "cli/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "admin/admin.h"
#include "base/version.h"
#include "config/load.h"
#include "config/reference.h"
#include "control/node.h"
#include "control/signals.h"
#include "observe/families.h"

namespace penstock {
namespace {

constexpr int kFailure = 1;
constexpr int kUsage = 64;
constexpr int kConfig = 78;

int run(const std::string& path) {
  Signals::block();
  auto loaded = load_file(path);
  for (const auto& finding : loaded.findings)
    fmt::print(stderr, "{}{}\n", finding.severity == schema::Severity::warning ? "warning: " : "",
               to_text(finding));
  if (loaded.unreadable) return kFailure;
  if (!loaded.ok) return kConfig;
  auto node = Node::create(std::move(loaded.config));
  if (!node) {
    fmt::print(stderr, "penstock: {}\n", node.error());
    return kFailure;
  }
  Admin admin(**node);
  (*node)->answer_admin([&admin](Exchange& exchange) { return admin.serve(exchange); });
  return (*node)->run();
}

std::string reasons_reference() {
  std::string text =
      "| code | status | whose fault | Proxy-Status error | what it says "
      "|\n|---|---|---|---|---|\n";
  constexpr std::string_view sides[] = {"client", "gateway", "upstream"};
  for (const auto* const reason : reasons::kAll)
    text += fmt::format("| `{}` | {} | {} | `{}` | {} |\n", reason->code, reason->status,
                        sides[static_cast<std::size_t>(reason->side)], reason->proxy_status,
                        reason->sentence);
  return text;
}

int print_reference(const std::string& of) {
  if (of == "config")
    fmt::print("{}", config_reference());
  else if (of == "schema")
    fmt::print("{}", config_json_schema());
  else if (of == "metrics")
    fmt::print("{}", metrics_reference());
  else
    fmt::print("{}", reasons_reference());
  return 0;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("Penstock, an API gateway.", "penstock");
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  int code = 0;

  auto* const run_verb = app.add_subcommand("run", "Serve, until TERM or INT.");
  std::string path;
  run_verb->add_option("-c,--config", path, "The configuration: a YAML or JSON file.")
      ->required()
      ->envname("PENSTOCK_CONFIG");
  run_verb->callback([&] { code = run(path); });

  auto* const version_verb = app.add_subcommand("version", "Print the version.");
  version_verb->callback([] { fmt::print("penstock {}\n", kVersion); });

  // What docs/reference is made of; `./dev docs` calls it.
  auto* const reference_verb = app.add_subcommand("reference", "Print a part of the reference.");
  std::string of;
  reference_verb->add_option("part", of)
      ->required()
      ->check(CLI::IsMember({"config", "schema", "metrics", "reasons"}));
  reference_verb->group("");
  reference_verb->callback([&] { code = print_reference(of); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  return code;
}

}  // namespace penstock
