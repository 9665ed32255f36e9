#include "processes.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "sockets.h"

namespace penstock::bench {
namespace {

// proc(5), fields 14 and 15 of stat.
double cpu_seconds_of(const std::string& id) {
  std::ifstream file("/proc/" + id + "/stat");
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

std::uint64_t pss_kib_of(const std::string& id) {
  std::ifstream file("/proc/" + id + "/smaps_rollup");
  for (std::string word; file >> word;) {
    std::uint64_t kib = 0;
    if (word == "Pss:" && file >> kib) return kib;
  }
  return 0;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

double Processes::cpu_seconds() const {
  double sum = 0;
  for (const auto& id : ids_) sum += cpu_seconds_of(id);
  return sum;
}

std::uint64_t Processes::pss_kib() const {
  std::uint64_t sum = 0;
  for (const auto& id : ids_) sum += pss_kib_of(id);
  return sum;
}

double own_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace penstock::bench
