#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "gateway/gateway.h"
#include "gateway/stopwatch.h"
#include "policy/policy.h"

namespace penstock {

// Goes on to the stage, by way of the gateway's own part of each up to it.
void Gateway::enter(Exchange& exchange, Stage stage) {
  while (exchange.stage < stage && !exchange.answered()) {
    exchange.stage = static_cast<Stage>(static_cast<int>(exchange.stage) + 1);
    const Stopwatch watch(exchange, exchange.stage);
    if (exchange.stage == Stage::authenticate) authenticate(exchange);
    if (exchange.stage == Stage::select) select(exchange);
  }
}

// Passes the stages up to the route's next policy, and asks it: what it says. Nothing when the
// exchange has been answered, or is to be forwarded since no policy is left.
std::optional<Step> Gateway::ask_next(Exchange& exchange) {
  const bool last = exchange.asked == exchange.policies.size();
  const auto* const policy = last ? nullptr : exchange.policies[exchange.asked];
  enter(exchange, last ? Stage::select : policy->stage());
  if (last || exchange.answered()) return std::nullopt;
  ++exchange.asked;
  Stopwatch watch(exchange, policy->stage(), policy->kind());
  auto step = policy->on_request(exchange);
  if (step.kind() == Step::Kind::later) watch.forget();
  if (step.kind() == Step::Kind::reject) exchange.reject(step.reason(), step.detail());
  return step;
}

// Asks one policy after another until something answers or the request is to be forwarded. Gives
// the task of a policy that must wait first.
std::optional<Task<Step>> Gateway::ask_policies(Exchange& exchange) {
  while (!exchange.answered()) {
    auto step = ask_next(exchange);
    if (!step) break;
    if (step->kind() == Step::Kind::later) return step->take_task();
  }
  return std::nullopt;
}

// Awaits the policy that was asked last, then those behind it.
Task<void> Gateway::await_policies(Exchange& exchange, Task<Step> waiting) {
  for (std::optional<Task<Step>> next(std::move(waiting)); next;) {
    const auto& policy = *exchange.policies[exchange.asked - 1];
    {
      const Stopwatch watch(exchange, policy.stage(), policy.kind());
      const auto step = co_await std::move(*next);
      if (step.kind() == Step::Kind::reject) exchange.reject(step.reason(), step.detail());
    }
    next.reset();
    if (exchange.answered()) co_return;
    if (auto more = ask_policies(exchange)) next.emplace(*std::move(more));
  }
}

// The response is about to be sent: those that were asked are told, last to first.
void Gateway::tell_policies(Exchange& exchange) {
  if (std::exchange(exchange.told, true)) return;
  tell_selection(exchange);
  for (const auto& field : exchange.own_fields) exchange.response.fields.add(field);
  for (auto i = exchange.asked; i-- > 0;) exchange.policies[i]->on_response(exchange);
  write_times(exchange);
}

void Gateway::end_policies(Exchange& exchange) {
  for (auto i = exchange.asked; i-- > 0;) exchange.policies[i]->on_done(exchange);
}

// --- How long each stage takes

// A trusted sender that has a `Server-Timing` field in its request is told.
void Gateway::ask_for_times(Exchange& exchange) {
  const bool asked = exchange.request.fields.remove("Server-Timing") > 0;
  exchange.times.wanted = asked && exchange.client.peer_trusted;
  exchange.times.measured = exchange.times.measured || exchange.times.wanted;
}

// `Server-Timing: match;dur=0.004, forward;dur=12.300`, in milliseconds; forward until now, when
// the head of the service's answer is there.
void Gateway::write_times(Exchange& exchange) {
  if (!exchange.times.wanted) return;
  fmt::memory_buffer out;
  auto times = exchange.times.spent;
  if (exchange.stage == Stage::forward)
    times.back() = exchange.loop().clock() - exchange.times.forwarded;
  for (std::size_t i = 0; i < kStages; ++i) {
    const auto spent = times[i];
    if (spent > Duration{})
      fmt::format_to(std::back_inserter(out), "{};dur={:.3f}, ", text_of(static_cast<Stage>(i)),
                     static_cast<double>(spent.count()) / 1e6);
  }
  const Duration total = exchange.loop().clock() - exchange.began;
  fmt::format_to(std::back_inserter(out), "total;dur={:.3f}",
                 static_cast<double>(total.count()) / 1e6);
  exchange.response.fields.add("Server-Timing", exchange.arena().copy({out.data(), out.size()}));
}

}  // namespace penstock
