#include "cli/run.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "admin/admin.h"
#include "cli/exit_code.h"
#include "cli/findings.h"
#include "config/load.h"
#include "control/node.h"
#include "control/signals.h"

namespace penstock {
namespace {

struct RunOptions {
  std::vector<std::string> files;
};

int run(const RunOptions& options) {
  Signals::block();
  auto loaded = load_files(options.files);
  print_findings(stderr, loaded.findings);
  if (loaded.unreadable) return kFailure;
  if (!loaded.ok) return kConfig;
  auto node =
      Node::create(std::move(loaded),
                   {.load = [files = options.files] { return load_files(files); }, .fallback = {}});
  if (!node) {
    fmt::print(stderr, "penstock: {}\n", node.error());
    return kFailure;
  }
  Admin admin(**node);
  (*node)->answer_admin([&admin](Exchange& exchange) { return admin.serve(exchange); });
  return (*node)->run();
}

}  // namespace

void add_run(CLI::App& app, int& code) {
  auto* const verb = app.add_subcommand("run", "Serve, until TERM or INT.");
  const auto options = std::make_shared<RunOptions>();
  verb->add_option("-c,--config", options->files,
                   "The configuration: a YAML or JSON file. Repeated: each is laid on those before "
                   "it.")
      ->required()
      ->expected(1)
      ->take_all()
      ->envname("PENSTOCK_CONFIG");
  verb->callback([&code, options] { code = run(*options); });
}

}  // namespace penstock
