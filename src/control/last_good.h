#pragma once

#include <expected>
#include <span>
#include <string>
#include <vector>

#include "config/load.h"

namespace penstock {

// The configuration that was served last, kept in the state folder as it was written: variables are
// not expanded and secrets not resolved. A node whose files are gone or wrong can start from it.
//
// One file, readable by people: a line with a checksum of the rest, then for each document a line
// with its length and its name, and its text.
std::string last_good_path(const std::string& state_dir);

// Atomically: a crash leaves the one before. Blocks on the disk. The error is a sentence.
std::expected<void, std::string> save_last_good(const std::string& state_dir,
                                                std::span<const DocumentText> texts);
// The error is a sentence: there is none, or it is not as it was written.
std::expected<std::vector<DocumentText>, std::string> read_last_good(const std::string& state_dir);

}  // namespace penstock
