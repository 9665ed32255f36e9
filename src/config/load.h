#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "schema/findings.h"
#include "schema/node.h"

namespace penstock {

// A document at hand; `name` stands for its file in findings and tells its syntax.
struct DocumentText {
  std::string name;
  std::string text;
};

// Files, read together and checked. The config may be served when `ok`; warnings may stand in
// findings.
struct Loaded {
  Config config;
  std::vector<schema::Finding> findings;  // Bounded; the counts are those of all.
  std::size_t errors = 0;
  std::size_t warnings = 0;
  bool ok = false;
  bool unreadable = false;          // A file could not be read at all.
  std::vector<DocumentText> texts;  // As load_files() found them.
};

// Reads `paths`, YAML or JSON, lays each on those before it (overlay.h), expands `${...}` from
// `environment`, and checks the whole. Never throws. Reads files: not for a worker's thread.
Loaded load_files(std::span<const std::string> paths,
                  const schema::Environment& environment = schema::process_environment());
Loaded load_file(const std::string& path,
                 const schema::Environment& environment = schema::process_environment());

// The same for texts that are at hand.
Loaded load_texts(std::span<const DocumentText> texts, const schema::Environment& environment);
Loaded load_text(std::string_view name, std::string_view text,
                 const schema::Environment& environment);

}  // namespace penstock
