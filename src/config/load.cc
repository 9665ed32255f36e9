#include "config/load.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "config/check.h"
#include "config/not_served.h"
#include "schema/decode.h"

namespace penstock {
namespace {

Loaded unreadable(const std::string& path, std::string_view why) {
  Loaded loaded;
  loaded.unreadable = true;
  loaded.findings.push_back({.severity = schema::Severity::error,
                             .file = path,
                             .at = {},
                             .path = {},
                             .text = fmt::format("cannot be read: {}", why)});
  return loaded;
}

}  // namespace

Loaded load_text(std::string_view name, std::string_view text,
                 const schema::Environment& environment) {
  Loaded loaded;
  schema::Findings findings({std::string(name)});
  loaded.config.sources = findings.sources();
  auto root = schema::parse(text, schema::syntax_of(name, text), 0, findings);
  if (root) {
    schema::expand(*root, environment, findings);
    schema::decode(*root, loaded.config, kNotServed, findings);
    check(loaded.config, findings);
  }
  loaded.ok = !findings.failed();
  loaded.findings = findings.take();
  return loaded;
}

Loaded load_file(const std::string& path, const schema::Environment& environment) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return unreadable(path, std::strerror(errno));
  if (S_ISDIR(status.st_mode)) return unreadable(path, "it is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable(path, std::strerror(errno));
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
  if (file.bad()) return unreadable(path, "reading failed");
  return load_text(path, text, environment);
}

}  // namespace penstock
