#include "cli/run.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <expected>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "admin/admin.h"
#include "cli/exit_code.h"
#include "cli/findings.h"
#include "config/load.h"
#include "control/last_good.h"
#include "control/node.h"
#include "control/signals.h"
#include "control/state_dir.h"

namespace penstock {
namespace {

struct RunOptions {
  std::vector<std::string> files;
  std::string fallback;
  std::string state_dir;  // Instead of the configuration's.
};

Loaded in_state_dir(Loaded loaded, const RunOptions& options) {
  if (!options.state_dir.empty()) loaded.config.node.state_dir = options.state_dir;
  return loaded;
}

bool is_pipe(const std::string& path) {
  struct stat about{};
  return stat(path.c_str(), &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode);
}

// A pipe has told what it had to tell: to read it again would wait for ever.
Loaded load_again(const RunOptions& options) {
  Loaded refused;
  refused.unreadable = true;
  for (const auto& file : options.files)
    if (is_pipe(file))
      refused.findings.push_back({.severity = schema::Severity::error,
                                  .file = file,
                                  .at = {},
                                  .path = {},
                                  .text = "is no file, and cannot be read again"});
  if (!refused.findings.empty()) return refused;
  return in_state_dir(load_files(options.files), options);
}

// Where the state folder is may be known even of a configuration that is in error.
std::expected<Loaded, std::string> load_last_good(const std::string& configured) {
  std::string fault;
  for (const auto& folder : StateDir::folders(configured)) {
    auto texts = read_last_good(folder);
    if (!texts) {
      fault = texts.error();
      continue;
    }
    auto loaded = load_texts(*texts, schema::process_environment());
    if (!loaded.ok) {
      print_findings(stderr, loaded.findings);
      return std::unexpected(last_good_path(folder) + " is in error, too");
    }
    loaded.texts = std::move(*texts);
    if (loaded.config.node.state_dir.empty()) loaded.config.node.state_dir = configured;
    return loaded;
  }
  return std::unexpected(fault);
}

int serve(Loaded loaded, Origin origin) {
  auto node = Node::create(std::move(loaded), std::move(origin));
  if (!node) {
    fmt::print(stderr, "penstock: {}\n", node.error());
    return kFailure;
  }
  Admin admin(**node);
  (*node)->answer_admin([&admin](Exchange& exchange) { return admin.serve(exchange); });
  return (*node)->run();
}

int run(const RunOptions& options) {
  Signals::block();
  auto loaded = in_state_dir(load_files(options.files), options);
  print_findings(stderr, loaded.findings);
  Origin origin{.load = [options] { return load_again(options); }, .fallback = {}};
  if (loaded.ok) return serve(std::move(loaded), std::move(origin));
  const int code = loaded.unreadable ? kFailure : kConfig;
  if (options.fallback.empty()) return code;
  origin.fallback = errors_of(loaded);
  auto last_good = load_last_good(loaded.config.node.state_dir);
  if (last_good) return serve(in_state_dir(std::move(*last_good), options), std::move(origin));
  fmt::print(stderr, "penstock: the last good configuration cannot be served: {}\n",
             last_good.error());
  return code;
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
  verb->add_option("--fallback", options->fallback,
                   "What to serve when the configuration is in error at the start: last-good, what "
                   "was served last. Nothing by default.")
      ->check(CLI::IsMember({"last-good"}));
  verb->add_option("--state-dir", options->state_dir,
                   "The state folder, whatever the configuration says.")
      ->envname("PENSTOCK_STATE_DIR");
  verb->callback([&code, options] { code = run(*options); });
}

}  // namespace penstock
