#include "cli/cli.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/version.h"
#include "cli/check.h"
#include "cli/exit_code.h"
#include "cli/explain.h"
#include "cli/reference.h"
#include "cli/run.h"
#include "cli/status.h"
#include "schema/findings.h"

namespace penstock {
namespace {

void add_version(CLI::App& app) {
  auto* const verb = app.add_subcommand("version", "Print the version.");
  const auto output = std::make_shared<std::string>("text");
  verb->add_option("-o,--output", *output, "text or json.")->check(CLI::IsMember({"text", "json"}));
  verb->callback([output] {
    if (*output == "json")
      fmt::print("{{\"version\": \"{}\"}}\n", kVersion);
    else
      fmt::print("penstock {}\n", kVersion);
  });
  app.set_version_flag("--version", fmt::format("penstock {}", kVersion));
}

// The first argument, where it is to be a verb and is none.
bool refuse_verb(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return false;
  std::vector<std::string> names;
  for (const auto* const verb : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(verb->get_name());
  if (std::ranges::find(names, argv[1]) != names.end()) return false;
  const std::vector<std::string_view> known(names.begin(), names.end());
  fmt::print(stderr, "penstock: found {}, expected one of {}{}\n", schema::in_quotes(argv[1]),
             fmt::join(known, ", "), schema::did_you_mean(argv[1], known));
  return true;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("Penstock, an API gateway.", "penstock");
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  int code = 0;
  add_run(app, code);
  add_check(app, code);
  add_status(app, code);
  add_explain(app, code);
  add_reference(app, code);
  add_version(app);
  if (refuse_verb(app, argc, argv)) return kUsage;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  return code;
}

}  // namespace penstock
