#pragma once

#include <CLI/App.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace penstock {

// `penstock status`: what a running node says of itself. `code` is set to the exit code once the
// verb has run.
void add_status(CLI::App& app, int& code);

// The admin's status for people. What a stranger put into it cannot steer a terminal.
std::string status_text(const nlohmann::ordered_json& status);

}  // namespace penstock
