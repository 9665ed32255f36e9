#include "cli/check.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/exit_code.h"
#include "cli/findings.h"
#include "config/load.h"
#include "config/snapshot.h"

namespace penstock {
namespace {

using Json = nlohmann::ordered_json;

struct CheckOptions {
  std::vector<std::string> files;
  bool strict = false;
  std::string output = "text";
};

// A list of the configuration whose objects have ids, and how many it has.
struct Section {
  std::string_view name;
  std::size_t count;
};

// The filled ones of all such lists that stand at the top of `value`.
void count_sections(const schema::ObjectInfo& object, const void* value,
                    std::vector<Section>& sections) {
  for (const auto& field : object.fields) {
    const auto* const member = field.read(value);
    if (field.flat) count_sections(*field.type->object, member, sections);
    if (field.type->kind != schema::Kind::list || field.type->inner->object == nullptr) continue;
    if (const auto count = field.type->count(member); count > 0)
      sections.push_back({field.name, count});
  }
}

std::vector<Section> sections_of(const Config& config) {
  std::vector<Section> sections;
  count_sections(*schema::kType<Config>.object, &config, sections);
  return sections;
}

// What only compiling finds is an error of the whole.
void compile_too(Loaded& loaded) {
  if (!loaded.ok) return;
  const auto snapshot = compile(loaded.config.document, 1);
  if (snapshot) return;
  loaded.ok = false;
  ++loaded.errors;
  loaded.findings.push_back({.severity = schema::Severity::error,
                             .file = loaded.config.sources.front(),
                             .at = {},
                             .path = {},
                             .text = snapshot.error()});
}

void print_text(const CheckOptions& options, const Loaded& loaded, bool good) {
  print_findings(stdout, loaded.findings);
  const auto warnings = counted(loaded.warnings, "warning");
  if (!loaded.ok) {
    fmt::print("{}, {}\n", counted(loaded.errors, "error"), warnings);
    return;
  }
  if (!good) {
    fmt::print("{}, which --strict refuses\n", warnings);
    return;
  }
  std::string counts;
  for (const auto& [name, count] : sections_of(loaded.config))
    counts += fmt::format("{}{}: {}", counts.empty() ? "" : ", ", name, count);
  fmt::print("{}: ok{} ({})\n", fmt::join(options.files, " + "),
             loaded.warnings > 0 ? ", with " + warnings : "", counts);
}

void print_json(const CheckOptions& options, const Loaded& loaded, bool good) {
  Json counts = Json::object();
  if (loaded.ok)
    for (const auto& [name, count] : sections_of(loaded.config)) counts[std::string(name)] = count;
  Json findings = Json::array();
  for (const auto& finding : loaded.findings) findings.push_back(json_of(finding));
  const Json report{{"ok", good},
                    {"files", options.files},
                    {"errors", loaded.errors},
                    {"warnings", loaded.warnings},
                    {"counts", std::move(counts)},
                    {"findings", std::move(findings)}};
  // The name of a file need not be UTF-8.
  fmt::print("{}\n", report.dump(2, ' ', false, Json::error_handler_t::replace));
}

int check_files(const CheckOptions& options) {
  auto loaded = load_files(options.files);
  compile_too(loaded);
  const bool good = loaded.ok && !(options.strict && loaded.warnings > 0);
  if (options.output == "json")
    print_json(options, loaded, good);
  else
    print_text(options, loaded, good);
  if (loaded.unreadable) return kFailure;
  return good ? 0 : kConfig;
}

}  // namespace

void add_check(CLI::App& app, int& code) {
  auto* const verb =
      app.add_subcommand("check",
                         "Say all that is wrong with a configuration: 0 if it would be "
                         "served, 78 if not.");
  const auto options = std::make_shared<CheckOptions>();
  verb->add_option("-c,--config,file", options->files,
                   "YAML or JSON; of several each is laid on those before it.")
      ->required()
      ->envname("PENSTOCK_CONFIG");
  verb->add_flag("--strict", options->strict, "Warnings are errors.");
  verb->add_option("-o,--output", options->output, "text or json.")
      ->check(CLI::IsMember({"text", "json"}));
  verb->callback([&code, options] { code = check_files(*options); });
}

}  // namespace penstock
