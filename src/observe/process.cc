#include "observe/process.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

namespace penstock {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// The whole of a small file under /proc; empty when it cannot be read.
std::string read_small(const char* path) {
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path, "re"), close);
  if (!file) return {};
  std::array<char, 8192> buffer;
  return {buffer.data(), std::fread(buffer.data(), 1, buffer.size(), file.get())};
}

// The n-th word after the program's name in /proc/self/stat, whose own number is 2 (proc(5)).
std::int64_t stat_field(std::string_view stat, int number) {
  const auto name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return 0;
  auto rest = stat.substr(name_end + 1);
  for (int at = 2; at < number; ++at) {
    const auto space = rest.find(' ');
    if (space == std::string_view::npos) return 0;
    rest.remove_prefix(space + 1);
  }
  std::int64_t value = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), value);
  return value;
}

// When the process started, as nanoseconds since 1970: its start is given in ticks since boot.
std::int64_t start_time(std::int64_t ticks) {
  timespec now{};
  timespec since_boot{};
  clock_gettime(CLOCK_REALTIME, &now);
  clock_gettime(CLOCK_BOOTTIME, &since_boot);
  const auto booted =
      (now.tv_sec - since_boot.tv_sec) * kSecond + (now.tv_nsec - since_boot.tv_nsec);
  return booted + ticks * (kSecond / sysconf(_SC_CLK_TCK));
}

std::int64_t nanoseconds(const timeval& time) {
  return time.tv_sec * kSecond + time.tv_usec * std::int64_t{1000};
}

}  // namespace

// Linux 6.2 and newer give the count as the folder's size; before, the names are counted.
std::int64_t open_descriptors() {
  struct stat folder{};
  if (stat("/proc/self/fd", &folder) == 0 && folder.st_size > 0) return folder.st_size;
  std::error_code error;
  std::int64_t count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
       at.increment(error))
    ++count;
  return count - 1;  // Without the one that reads the folder.
}

ProcessSeries::ProcessSeries(MetricStore& store, std::string_view version)
    : store_(store),
      cpu_(store.counter(Family::process_cpu)),
      resident_memory_(store.gauge(Family::process_resident_memory)),
      virtual_memory_(store.gauge(Family::process_virtual_memory)),
      open_fds_(store.gauge(Family::process_open_fds)),
      max_fds_(store.gauge(Family::process_max_fds)),
      start_time_(store.gauge(Family::process_start_time)) {
  constexpr int start_ticks = 22;
  store.set(store.gauge(Family::build_info, {version}), 1);
  store.set(start_time_, start_time(stat_field(read_small("/proc/self/stat"), start_ticks)));
}

void ProcessSeries::sample() {
  constexpr int virtual_bytes = 23;
  constexpr int resident_pages = 24;
  const auto stat = read_small("/proc/self/stat");
  store_.set(virtual_memory_, stat_field(stat, virtual_bytes));
  store_.set(resident_memory_, stat_field(stat, resident_pages) * sysconf(_SC_PAGESIZE));
  store_.set(open_fds_, open_descriptors());

  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto cpu = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
  store_.set(cpu_, static_cast<std::uint64_t>(cpu));
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  store_.set(max_fds_, static_cast<std::int64_t>(limit.rlim_cur));
}

}  // namespace penstock
