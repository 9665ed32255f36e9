#pragma once

#include <string>

namespace penstock {

// Every key of the config, in Markdown: for docs/reference.
std::string config_reference();
// The config's JSON Schema (draft 2020-12), for editors.
std::string config_json_schema();

}  // namespace penstock
