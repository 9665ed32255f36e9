#pragma once

#include <string_view>

#include "exchange/exchange.h"

namespace penstock {

// Measures what it lives through as the work of a stage, if the exchange is one that is measured.
class Stopwatch {
 public:
  // What the gateway itself does at a stage, in the place of a policy's kind.
  static constexpr std::string_view kGateway = "gateway";

  Stopwatch(Exchange& exchange, Stage stage, std::string_view kind = kGateway)
      : exchange_(exchange), stage_(stage), kind_(kind) {
    if (exchange.times.measured) began_ = exchange.loop().clock();
  }
  ~Stopwatch() {
    if (began_ == Instant{}) return;
    const Duration spent = exchange_.loop().clock() - began_;
    exchange_.times.spent[static_cast<std::size_t>(stage_)] += spent;
    auto& store = *exchange_.worker->store;
    store.observe(store.histogram(Family::policy_duration, {text_of(stage_), kind_}), spent);
  }
  // The work goes on elsewhere, and is measured there.
  void forget() { began_ = {}; }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  Exchange& exchange_;
  const Stage stage_;
  const std::string_view kind_;
  Instant began_{};
};

}  // namespace penstock
