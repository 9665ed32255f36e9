#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace penstock::bench {

struct Settings {
  std::uint16_t origin = 0;   // Port.
  std::uint16_t gateway = 0;  // Port.
  std::string kind = "closed";
  bool tls = false;
  std::string method = "GET";
  std::string targets = "/api/orders/7f3a?expand=items";  // Or `@FILE`.
  std::size_t body = 0;
  std::size_t connections = 64;
  double rate = 8000;
  double warmup = 0.5;  // Seconds.
  double seconds = 2;
  double window = 0;
  std::uint64_t requests = 0;
  std::vector<std::string> processes;
};

// Ends the program with the usage and status 64 where they cannot be understood.
Settings settings_from(int count, char** arguments);

// The text of each request: a target is a path, or a host and a path.
std::vector<std::string> requests_of(const Settings& settings);

}  // namespace penstock::bench
