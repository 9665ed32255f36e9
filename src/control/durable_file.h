#pragma once

#include <sys/types.h>

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace penstock {

// Writes a file so that a crash at any moment leaves the old content or the new one, whole: beside
// it, synced, renamed over it, and the folder synced. The error is a sentence. Blocks on the disk.
std::expected<void, std::string> write_durably(const std::string& path, std::string_view content,
                                               mode_t mode);

// The file's content, unless it is longer than `most`. The error is a sentence.
std::expected<std::string, std::string> read_whole(const std::string& path, std::size_t most);

}  // namespace penstock
