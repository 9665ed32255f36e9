#include "config/reference.h"

#include "config/config.h"
#include "schema/reference.h"

namespace penstock {

std::string config_reference() {
  std::string text =
      "# Configuration reference\n\n"
      "One file, YAML or JSON. Unknown and repeated keys are errors. Durations are written "
      "`250ms`, `10s`, `1m30s`; sizes `512B`, `16KiB`, `1MiB`; a bare number is neither. "
      "`${NAME}` stands for an environment variable, `${NAME:-default}` gives it a default, "
      "and `$${` stands for `${`. Within YAML's `{ }` and `[ ]` all of these need quotes.\n\n"
      "All keys are read when the process starts, and again at a reload (HUP). What a reload "
      "does not take in says that a change needs a restart.\n\n";
  return text + schema::reference(schema::kType<Config>, "Keys of the file", 2);
}

std::string config_json_schema() {
  return schema::json_schema(schema::kType<Config>, "Penstock configuration");
}

}  // namespace penstock
