#include "overload/memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace penstock {
namespace {

constexpr auto kUnlimited = std::numeric_limits<std::int64_t>::max();

// Where a cgroup lies below the root; of version 2 the line begins with `0::`.
std::string cgroup_path(const std::filesystem::path& membership) {
  std::ifstream file(membership);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("0::")) return line.substr(3);
  return {};
}

std::int64_t number_in(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::int64_t number = 0;
  return file >> number ? number : kUnlimited;  // `max`, or no such file.
}

}  // namespace

MemoryUse memory_use() {
  std::ifstream file("/proc/self/statm");
  std::int64_t all = 0;
  std::int64_t resident = 0;
  if (!(file >> all >> resident)) return {};
  const auto page = sysconf(_SC_PAGESIZE);
  return {.resident = resident * page, .address_space = all * page};
}

std::int64_t memory_of_machine(const std::filesystem::path& membership,
                               const std::filesystem::path& root) {
  auto least = std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  auto path = std::filesystem::path(cgroup_path(membership)).relative_path();
  // A container sees its own cgroup as the root.
  for (;; path = path.parent_path()) {
    least = std::min(least, number_in(root / path / "memory.max"));
    if (path.empty()) return least;
  }
}

std::int64_t memory_of_address_space(const MemoryUse& use) {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kUnlimited;
  return use.resident +
         std::max<std::int64_t>(static_cast<std::int64_t>(limit.rlim_cur) - use.address_space, 0);
}

}  // namespace penstock
