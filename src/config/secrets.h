#pragma once

#include <string>

#include "schema/describe.h"
#include "schema/node.h"
#include "schema/secret.h"

namespace penstock {

// Where secrets are kept that the config names.
struct SecretsConfig {
  std::string dir;  // Empty: $CREDENTIALS_DIRECTORY, else none.

  static constexpr auto describe() {
    return schema::object(
        schema::field("dir", &SecretsConfig::dir,
                      "The folder below which the files of `${file:NAME}` lie. By default "
                      "`$CREDENTIALS_DIRECTORY`, which systemd sets."));
  }
};

// Bytes of a secret.
inline constexpr std::size_t kMaxSecret = std::size_t{64} * 1024;

// Looks secrets up in the files of `config` and the variables of `environment`. Only regular files
// below the folder are read, also where symbolic links lead; the newline at a file's end is no part
// of the secret. Reads files: not for a worker's thread.
schema::SecretSource secret_source(const SecretsConfig& config, schema::Environment environment);

}  // namespace penstock
