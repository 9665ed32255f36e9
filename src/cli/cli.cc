#include "cli/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/version.h"
#include "cli/check.h"
#include "cli/exit_code.h"
#include "cli/explain.h"
#include "cli/reference.h"
#include "cli/run.h"
#include "cli/status.h"

namespace penstock {
namespace {

void add_version(CLI::App& app) {
  auto* const verb = app.add_subcommand("version", "Print the version.");
  verb->callback([] { fmt::print("penstock {}\n", kVersion); });
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
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  return code;
}

}  // namespace penstock
