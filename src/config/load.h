#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "schema/findings.h"
#include "schema/node.h"

namespace penstock {

// A file, read and checked. The config may be served when `ok`; warnings may stand in findings.
struct Loaded {
  Config config;
  std::vector<schema::Finding> findings;
  bool ok = false;
  bool unreadable = false;  // The file could not be read at all.
};

// Reads `path`, YAML or JSON, expands `${...}` from `environment`, and checks the whole. Never
// throws. Reads a file: not for a worker's thread.
Loaded load_file(const std::string& path,
                 const schema::Environment& environment = schema::process_environment());

// The same for a text that is at hand; `name` stands for the file in findings.
Loaded load_text(std::string_view name, std::string_view text,
                 const schema::Environment& environment);

}  // namespace penstock
