#include "config/load.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <expected>
#include <fstream>
#include <optional>
#include <utility>

#include "config/check.h"
#include "config/not_served.h"
#include "config/overlay.h"
#include "config/secrets.h"
#include "schema/decode.h"

namespace penstock {
namespace {

// The text, or why there is none.
std::expected<std::string, std::string> read(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return std::unexpected(std::strerror(errno));
  if (S_ISDIR(status.st_mode)) return std::unexpected("it is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected(std::strerror(errno));
  // One byte more than is allowed, so that parse() can say that it is too much. A pipe has no size.
  std::string text;
  text.reserve(static_cast<std::size_t>(std::max<off_t>(
      0, std::min<off_t>(status.st_size, static_cast<off_t>(schema::kMaxDocumentBytes)))));
  char block[16 * 1024];
  while (text.size() <= schema::kMaxDocumentBytes) {
    file.read(block, sizeof block);
    if (file.gcount() == 0) break;
    text.append(block, static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) return std::unexpected("reading failed");
  return text;
}

// One document of those in `texts`, laid on one another; none if one of them is none.
std::optional<schema::Node> merged(std::span<const DocumentText> texts,
                                   schema::Findings& findings) {
  std::optional<schema::Node> whole;
  bool good = true;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto& [name, text] = texts[i];
    auto root =
        schema::parse(text, schema::syntax_of(name, text), static_cast<std::uint32_t>(i), findings);
    good = good && root;
    if (!good) continue;  // Those that follow may have something to say, too.
    if (whole)
      overlay(*whole, *std::move(root), schema::kType<Config>, findings);
    else
      whole = std::move(root);
  }
  return good ? std::move(whole) : std::nullopt;
}

// Read ahead of the rest, which may name secrets; what is wrong in it is said when the rest is
// read.
SecretsConfig secrets_config(const schema::Node& root) {
  SecretsConfig config;
  schema::Findings ignored({});
  for (const auto& section : root.items)
    if (section.key == "secrets") schema::decode(section, config, {}, ignored);
  return config;
}

std::vector<std::string> names_of(std::span<const DocumentText> texts) {
  std::vector<std::string> names;
  for (const auto& document : texts) names.push_back(document.name);
  return names;
}

}  // namespace

Loaded load_texts(std::span<const DocumentText> texts, const schema::Environment& environment) {
  Loaded loaded;
  schema::Findings findings(names_of(texts));
  loaded.config.sources = findings.sources();
  if (auto root = merged(texts, findings)) {
    schema::expand(*root, environment, findings);
    const auto secrets = secret_source(secrets_config(*root), environment);
    schema::decode(*root, loaded.config, kNotServed, secrets, findings);
    root.reset();
    check(loaded.config, findings);
  }
  loaded.ok = !findings.failed();
  loaded.errors = findings.errors();
  loaded.warnings = findings.warnings();
  loaded.findings = findings.take();
  return loaded;
}

Loaded load_text(std::string_view name, std::string_view text,
                 const schema::Environment& environment) {
  const DocumentText document{std::string(name), std::string(text)};
  return load_texts({&document, 1}, environment);
}

Loaded load_files(std::span<const std::string> paths, const schema::Environment& environment) {
  Loaded loaded;
  std::vector<DocumentText> texts;
  for (const auto& path : paths) {
    auto text = read(path);
    if (text) {
      texts.push_back({path, *std::move(text)});
      continue;
    }
    loaded.unreadable = true;
    ++loaded.errors;
    loaded.findings.push_back({.severity = schema::Severity::error,
                               .file = path,
                               .at = {},
                               .path = {},
                               .text = fmt::format("cannot be read: {}", text.error())});
  }
  if (loaded.unreadable) return loaded;
  loaded = load_texts(texts, environment);
  loaded.texts = std::move(texts);
  return loaded;
}

Loaded load_file(const std::string& path, const schema::Environment& environment) {
  return load_files({&path, 1}, environment);
}

}  // namespace penstock
