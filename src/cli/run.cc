#include "cli/run.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/admin.h"
#include "cli/exit_code.h"
#include "cli/findings.h"
#include "config/load.h"
#include "control/inheritance.h"
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

// What a line says of it: `stateDir: /x`, as in YAML or JSON; empty if nothing.
std::string state_dir_of(std::string_view line) {
  constexpr std::string_view kBefore = " \t{,\"'";
  constexpr std::string_view kAround = " \t\r,}\"'";
  constexpr std::string_view kKey = "stateDir";
  const auto begin = line.find_first_not_of(kBefore);
  if (begin == std::string_view::npos || !line.substr(begin).starts_with(kKey)) return {};
  const auto colon = line.find(':', begin + kKey.size());
  if (colon == std::string_view::npos) return {};
  auto value = line.substr(colon + 1);
  value = value.substr(0, value.find(" #"));
  const auto first = value.find_first_not_of(kAround);
  if (first == std::string_view::npos || value.find("${") != std::string_view::npos) return {};
  return std::string(value.substr(first, value.find_last_not_of(kAround) + 1 - first));
}

// A text that is no YAML any more may still say where the state is kept. The last one counts.
std::string state_dir_in(std::span<const DocumentText> texts) {
  std::string found;
  for (const auto& document : texts) {
    for (std::string_view rest = document.text; !rest.empty();) {
      const auto end = std::min(rest.find('\n'), rest.size());
      if (auto folder = state_dir_of(rest.substr(0, end)); !folder.empty()) found = folder;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return found;
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

int serve(Loaded loaded, Origin origin, Inheritance inheritance) {
  auto node = Node::create(std::move(loaded), std::move(origin), std::move(inheritance));
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
  auto inheritance = Inheritance::take();
  if (!inheritance) {
    fmt::print(stderr, "penstock: {}\n", inheritance.error());
    return kFailure;
  }
  auto loaded = in_state_dir(load_files(options.files), options);
  print_findings(stderr, loaded.findings);
  Origin origin{.load = [options] { return load_again(options); }, .fallback = {}};
  if (loaded.ok) return serve(std::move(loaded), std::move(origin), std::move(*inheritance));
  const int code = loaded.unreadable ? kFailure : kConfig;
  // In an upgrade the process that serves what was good still does so.
  if (options.fallback.empty() || !inheritance->empty()) return code;
  origin.fallback = errors_of(loaded);
  auto& folder = loaded.config.node.state_dir;
  if (folder.empty()) folder = state_dir_in(loaded.texts);
  auto last_good = load_last_good(folder);
  if (last_good) return serve(in_state_dir(std::move(*last_good), options), std::move(origin), {});
  fmt::print(stderr,
             "penstock: the last good configuration cannot be served: {}; where the files do not "
             "say where it is kept, --state-dir does\n",
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
