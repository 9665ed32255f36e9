// Origin and load generator in one thread, with the gateway to be measured between them.
//
//   penstock_load ORIGIN_PORT GATEWAY_PORT CONNECTIONS WARMUP_SECONDS SECONDS PID ...
//
// Prints one line of JSON: requests answered within SECONDS, their rate, p50 and p99 in
// microseconds, failures, and the CPU time that the processes PID (with all their threads) took
// meanwhile. With everything on one core that is the gateway's cost at capacity.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "load.h"
#include "origin.h"
#include "sockets.h"

namespace penstock::bench {
namespace {

struct Settings {
  std::uint16_t origin_port = 0;
  std::uint16_t gateway_port = 0;
  std::size_t connections = 0;
  double warmup = 0;    // seconds
  double measured = 0;  // seconds
  std::vector<std::string> processes;
};

// utime + stime of one process, in seconds (proc(5), fields 14 and 15 of stat).
double cpu_seconds(const std::string& process) {
  std::ifstream file("/proc/" + process + "/stat");
  std::string text;
  if (!std::getline(file, text)) give_up("a process to be measured has ended");
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double cpu_seconds(const std::vector<std::string>& processes) {
  double sum = 0;
  for (const auto& process : processes) sum += cpu_seconds(process);
  return sum;
}

// Turns the loop for that long; says how long it was.
double turn_for(const Poller& poller, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const auto passed = [begin] {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  while (passed() < seconds) poller.turn();
  return passed();
}

int measure(const Settings& settings) {
  Poller poller;
  Origin origin(poller, settings.origin_port);
  Load load(poller, settings.gateway_port, settings.connections);
  load.start();
  turn_for(poller, settings.warmup);
  load.begin_measuring();
  const auto cpu_before = cpu_seconds(settings.processes);
  const auto seconds = turn_for(poller, settings.measured);
  const auto cpu = cpu_seconds(settings.processes) - cpu_before;
  const auto requests = load.latencies().count();
  const auto p50 = static_cast<double>(load.latencies().quantile(0.50)) / 1e3;
  const auto p99 = static_cast<double>(load.latencies().quantile(0.99)) / 1e3;
  load.stop();
  turn_for(poller, 0.2);
  std::printf(
      "{\"requests\": %llu, \"rate\": %.0f, \"p50_us\": %.0f, \"p99_us\": %.0f, "
      "\"failures\": %llu, \"cpu_seconds\": %.2f}\n",
      static_cast<unsigned long long>(requests), static_cast<double>(requests) / seconds, p50, p99,
      static_cast<unsigned long long>(load.failures()), cpu);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) {
  if (argc < 7) {
    std::fprintf(stderr,
                 "Usage: penstock_load ORIGIN_PORT GATEWAY_PORT CONNECTIONS WARMUP_SECONDS SECONDS "
                 "PID ...\n");
    return 64;
  }
  penstock::bench::Settings settings;
  settings.origin_port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  settings.gateway_port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  settings.connections = static_cast<std::size_t>(std::atoi(argv[3]));
  settings.warmup = std::atof(argv[4]);
  settings.measured = std::atof(argv[5]);
  settings.processes.assign(argv + 6, argv + argc);
  return penstock::bench::measure(settings);
}
