// Origin and load generator in one thread, with the gateway to be measured between them: with all
// of them on one core, what is measured is the gateway's cost at capacity.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "load.h"
#include "origin.h"
#include "processes.h"
#include "settings.h"

namespace penstock::bench {
namespace {

double seconds_since_boot() {
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

std::unique_ptr<Load> load_of(const Settings& s, const Poller& poller, SSL_CTX* tls) {
  auto requests = requests_of(s);
  if (s.kind == "closed") {
    return std::make_unique<ClosedLoop>(poller, s.gateway, requests, s.connections, tls);
  }
  if (s.kind == "new") {
    return std::make_unique<NewConnections>(poller, s.gateway, requests, s.connections, tls);
  }
  if (s.kind == "idle") {
    return std::make_unique<IdleConnections>(poller, s.gateway, requests, s.connections, tls);
  }
  if (s.kind == "rate") {
    return std::make_unique<FixedRate>(poller, s.gateway, requests, s.connections, tls, s.rate);
  }
  give_up("there is no such --kind");
}

// What was met within one part of the time.
struct Window {
  Histogram latencies;
  double seconds = 0;
  std::uint64_t failures = 0;
};

class Measurement {
 public:
  explicit Measurement(const Settings& settings)
      : settings_(settings),
        processes_(settings.processes),
        tls_(settings.tls ? make_tls_context() : nullptr),
        origin_(poller_, settings.origin),
        load_(load_of(settings, poller_, tls_.get())) {}

  void run() {
    pss_before_ = processes_.pss_kib();
    load_->start();
    if (settings_.requests > 0) return run_requests();
    if (settings_.kind == "idle") answer_all();
    turn_for(settings_.warmup);
    load_->take_latencies();
    begin();
    const double window = settings_.window > 0 ? settings_.window : settings_.seconds;
    const auto windows = std::max(std::lround(settings_.seconds / window), 1L);
    for (long i = 0; i < windows; ++i) {
      const auto failures = load_->failures();
      Window part;
      part.seconds = turn_for(window);
      part.latencies = load_->take_latencies();
      part.failures = load_->failures() - failures;
      total_.latencies.add(part.latencies);
      total_.seconds += part.seconds;
      windows_.push_back(part);
    }
    end();
  }

  void print() const;

 private:
  void run_requests() {
    begin();
    const auto started = Clock::now();
    while (load_->answers() < settings_.requests && load_->failures() == 0) turn();
    total_.seconds = std::chrono::duration<double>(Clock::now() - started).count();
    total_.latencies = load_->take_latencies();
    end();
  }
  void begin() {
    started_ = seconds_since_boot();
    cpu_ = processes_.cpu_seconds();
    own_cpu_ = own_cpu_seconds();
  }
  void end() {
    cpu_ = processes_.cpu_seconds() - cpu_;
    own_cpu_ = own_cpu_seconds() - own_cpu_;
    pss_after_ = processes_.pss_kib();
    load_->stop();
    turn_for(0.1);  // So that nobody is cut off who does nothing wrong.
    total_.failures = load_->failures();
  }
  void answer_all() {
    while (load_->answers() < settings_.connections && load_->failures() == 0) turn();
  }

  // A fixed rate never sleeps, so that its own waking up is not in what it measures.
  void turn() {
    poller_.turn(settings_.kind == "rate" ? 0 : 10);
    load_->tick();
  }
  // Says how long it was.
  double turn_for(double seconds) {
    const auto begun = Clock::now();
    const auto passed = [begun] {
      return std::chrono::duration<double>(Clock::now() - begun).count();
    };
    while (passed() < seconds) turn();
    return passed();
  }

  const Settings& settings_;
  Processes processes_;
  TlsContext tls_;
  Poller poller_;
  Origin origin_;
  std::unique_ptr<Load> load_;
  Window total_;
  std::vector<Window> windows_;
  double started_ = 0;
  double cpu_ = 0;
  double own_cpu_ = 0;
  std::uint64_t pss_before_ = 0;
  std::uint64_t pss_after_ = 0;
};

void print_window(const Window& window) {
  const auto us = [&window](double share) {
    return static_cast<double>(window.latencies.quantile(share)) / 1e3;
  };
  const auto requests = window.latencies.count();
  std::printf(
      "\"requests\": %llu, \"seconds\": %.3f, \"rate\": %.0f, \"p50_us\": %.0f, \"p99_us\": %.0f, "
      "\"failures\": %llu",
      static_cast<unsigned long long>(requests), window.seconds,
      static_cast<double>(requests) / window.seconds, us(0.50), us(0.99),
      static_cast<unsigned long long>(window.failures));
}

void Measurement::print() const {
  std::printf("{");
  print_window(total_);
  std::printf(
      ", \"started\": %.3f, \"cpu_seconds\": %.2f, \"load_cpu_seconds\": %.2f, "
      "\"pss_before_kib\": %llu, \"pss_kib\": %llu, \"windows\": [",
      started_, cpu_, own_cpu_, static_cast<unsigned long long>(pss_before_),
      static_cast<unsigned long long>(pss_after_));
  for (const auto& window : windows_) {
    std::printf("%s{", &window == &windows_.front() ? "" : ", ");
    print_window(window);
    std::printf("}");
  }
  std::printf("]}\n");
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that the gateway may have closed.
  const auto settings = penstock::bench::settings_from(argc, argv);
  penstock::bench::Measurement measurement(settings);
  measurement.run();
  measurement.print();
  return EXIT_SUCCESS;
}
