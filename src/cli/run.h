#pragma once

#include <CLI/App.hpp>

namespace penstock {

// `penstock run`: serves. `code` is set to the exit code once the verb has run.
void add_run(CLI::App& app, int& code);

}  // namespace penstock
