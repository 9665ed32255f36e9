#pragma once

namespace penstock {

// The `penstock` command: its verbs and their options. Gives the exit code: 0 ok, 1 failure,
// 64 usage, 78 invalid configuration.
int run_command_line(int argc, char** argv);

}  // namespace penstock
