#pragma once

#include <cstdint>
#include <filesystem>

namespace penstock {

// What the process has of memory, in bytes.
struct MemoryUse {
  std::int64_t resident = 0;
  std::int64_t address_space = 0;
};
MemoryUse memory_use();

// What it may have resident: the machine's memory, or less where its cgroup (of version 2) or one
// above that has a limit. `membership` names the cgroup, whose files lie below `root`.
std::int64_t memory_of_machine(const std::filesystem::path& membership = "/proc/self/cgroup",
                               const std::filesystem::path& root = "/sys/fs/cgroup");

// The same where the address space is limited (RLIMIT_AS): what may still come, and what is
// resident; INT64_MAX where it is not.
std::int64_t memory_of_address_space(const MemoryUse& use);

}  // namespace penstock
