#pragma once

#include <CLI/App.hpp>

namespace penstock {

// `penstock check FILE...`: says all that is wrong with a configuration, and whether it would be
// served. `code` is set to the exit code once the verb has run.
void add_check(CLI::App& app, int& code);

}  // namespace penstock
