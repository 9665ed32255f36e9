#pragma once

#include <CLI/App.hpp>

namespace penstock {

// `penstock explain -c FILE METHOD URL`: what the gateway would do with a request and why, without
// running it. `code` is set to the exit code once the verb has run.
void add_explain(CLI::App& app, int& code);

}  // namespace penstock
