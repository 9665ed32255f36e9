#pragma once

#include <CLI/App.hpp>

namespace penstock {

// `penstock schema`, and the hidden `penstock reference`, of which docs/reference is made. `code`
// is set to the exit code once one of them has run.
void add_reference(CLI::App& app, int& code);

}  // namespace penstock
