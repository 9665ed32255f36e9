#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/reason.h"
#include "runtime/task.h"

namespace penstock {

// What a policy says to a request: proceed(), reject(...), answer() or later(...).
class Step {
 public:
  enum class Kind : std::uint8_t { proceed, reject, answer, later };

  Kind kind() const { return kind_; }
  bool proceeds() const { return kind_ == Kind::proceed; }
  const Reason& reason() const { return *reason_; }     // With Kind::reject.
  std::string_view detail() const { return detail_; }   // With Kind::reject.
  Task<Step> take_task() { return *std::move(task_); }  // With Kind::later.

 private:
  friend Step proceed();
  friend Step reject(const Reason& reason, std::string_view detail);
  friend Step answer();
  friend Step later(Task<Step> task);
  explicit Step(Kind kind) : kind_(kind) {}

  Kind kind_;
  const Reason* reason_ = nullptr;
  std::string_view detail_;
  std::optional<Task<Step>> task_;
};

inline Step proceed() {
  return Step(Step::Kind::proceed);
}

// The gateway answers with a problem. `detail` is one more public sentence, with static storage or
// in the exchange's arena; fields for the answer may be added to `exchange.own_fields`.
inline Step reject(const Reason& reason, std::string_view detail = {}) {
  Step step(Step::Kind::reject);
  step.reason_ = &reason;
  step.detail_ = detail;
  return step;
}

// The policy has written the answer itself, into exchange.response and response_body.
inline Step answer() {
  return Step(Step::Kind::answer);
}

// The policy must wait: its task says the step. The task belongs to the exchange, which outlives
// it; a cancelled task ends as a rejection.
inline Step later(Task<Step> task) {
  Step step(Step::Kind::later);
  step.task_.emplace(std::move(task));
  return step;
}

}  // namespace penstock
