#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace penstock::bench {

// The processes of the gateway, by their ids, each with all its threads.
class Processes {
 public:
  explicit Processes(std::vector<std::string> ids) : ids_(std::move(ids)) {}

  double cpu_seconds() const;  // utime + stime, to 10 ms.
  // What they hold of the machine's memory; what is shared counts in parts.
  std::uint64_t pss_kib() const;

 private:
  std::vector<std::string> ids_;
};

double own_cpu_seconds();

}  // namespace penstock::bench
