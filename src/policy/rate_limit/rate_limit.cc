#include "policy/rate_limit/rate_limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>

#include "base/ascii.h"
#include "http/h1/syntax.h"
#include "observe/series.h"

namespace penstock {
namespace {

using std::chrono::seconds;

constexpr std::size_t kMostParts = 8;

Stage stage_of(const LimitScopeConfig& scope) {
  if (scope.value.word == LimitScope::service) return Stage::select;
  if (scope.value.word == LimitScope::user_id) return Stage::limit_known;
  return Stage::limit_anonymous;
}

Stage stage_of(const std::vector<LimitScopeConfig>& scopes) {
  auto stage = Stage::limit_anonymous;
  for (const auto& scope : scopes) stage = std::max(stage, stage_of(scope));
  return stage;
}

// RFC 9651 §3.3.3: visible ASCII and blanks, with quotes and backslashes escaped.
std::string structured_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c >= 0x20 && c < 0x7f ? c : '?';
  }
  return out + '"';
}

// A window that is no whole number of seconds cannot be said.
std::string policy_line(std::string_view name, const Quota& quota) {
  auto line = fmt::format("{};q={}", name, quota.limit());
  if (quota.window() % seconds(1) == Duration{})
    line += fmt::format(";w={}", quota.window() / seconds(1));
  return line;
}

// What one client is known by. An IPv6 client has at least a /64 to choose addresses from, so that
// is what counts. A peer on a unix socket has no address.
std::uint64_t address_part(const Forwarded& client) {
  if (!client.client) return 0;
  return client.client->is_v4() ? client.client->low() : client.client->high();
}

std::string_view bytes_of(const std::uint64_t* words, std::size_t count) {
  return {reinterpret_cast<const char*>(words), count * sizeof(*words)};
}

std::string_view text_of(const LimitScopeConfig& scope) {
  if (scope.value.map) return scope.value.map->header;
  for (const auto& choice : schema_choices(LimitScope{}))
    if (choice.value == static_cast<std::int64_t>(*scope.value.word)) return choice.name;
  return {};
}

void check_scope(const std::vector<LimitScopeConfig>& scopes, std::size_t index,
                 const std::string& path, schema::Findings& findings) {
  const auto& scope = scopes[index];
  if (scope.at.line == 0) return;  // It could not be read, and the decoder has said so.
  const auto text = text_of(scope);
  const auto here = scopes.size() == 1 ? path : fmt::format("{}[{}]", path, index);
  if (scope.value.map && !http::h1::is_token(text))
    findings.error(scope.at, here + ".header",
                   fmt::format("found {}, expected the name of a field", schema::in_quotes(text)));
  const auto same = [&](const LimitScopeConfig& other) {
    return other.value.word == scope.value.word && text_of(other) == text;
  };
  if (std::any_of(scopes.begin(), scopes.begin() + static_cast<std::ptrdiff_t>(index), same))
    findings.error(
        scope.at, here,
        fmt::format("found {} a second time, expected each once", schema::in_quotes(text)));
}

}  // namespace

// --- Configuration

Quota RateLimitConfig::quota() const {
  return {limit, window, burst ? burst->value : limit};
}

void RateLimit::check(const Config& config, const std::string& path, schema::Findings& findings) {
  if (config.burst && config.limit > 0 &&
      !Quota::refills_in_time(config.limit, config.window, config.burst->value))
    findings.error(config.burst->at, path + ".burst",
                   fmt::format("found {}, expected fewer: at {} in {} so many take more than {} to "
                               "be there again",
                               config.burst->value, config.limit, to_text(config.window),
                               to_text(Quota::kLongestRefill)));
  for (std::size_t i = 0; i < config.scope.size(); ++i)
    check_scope(config.scope, i, path + ".scope", findings);
}

RateLimit::RateLimit(const Config& config, const PolicyContext& context)
    : Policy(context.id),
      config_(config),
      quota_(config.quota()),
      stage_(stage_of(config.scope)),
      name_(structured_string(context.id)),
      policy_line_(policy_line(name_, quota_)),
      table_(context.memory.of<LimiterTable>()),
      limiter_(table_.limiter(context.id, config.max_keys)),
      decisions_(context.workers) {}

// --- The key

std::uint64_t RateLimit::key_of(const Exchange& exchange) const {
  std::array<std::uint64_t, kMostParts> parts;
  std::size_t count = 0;
  for (const auto& scope : config_.scope) parts[count++] = part_of(exchange, scope);
  return table_.hash(bytes_of(parts.data(), count));
}

std::uint64_t RateLimit::part_of(const Exchange& exchange, const LimitScopeConfig& scope) const {
  if (scope.value.map) return header_part(exchange, scope.value.map->header);
  switch (*scope.value.word) {
    case LimitScope::route:
      return table_.hash(exchange.route_id);
    case LimitScope::service:
      return table_.hash(exchange.service_name);
    case LimitScope::user_id:  // Who is not known counts by address, and never goes uncounted.
    case LimitScope::ip:
      break;
  }
  return address_part(exchange.client);
}

// All lines of that name, in their order.
std::uint64_t RateLimit::header_part(const Exchange& exchange, std::string_view name) const {
  std::array<std::uint64_t, 2> seen{};
  for (const auto& field : exchange.request.fields) {
    if (!equals_ignoring_case(field.name, name)) continue;
    seen[1] = table_.hash(field.value);
    seen[0] = table_.hash(bytes_of(seen.data(), seen.size()));
  }
  return seen[0];
}

// --- The request

Step RateLimit::on_request(Exchange& exchange) const {
  const auto now = exchange.loop().now();
  const auto key = key_of(exchange);
  const auto taken =
      exchange.dry_run ? limiter_->peek(key, quota_, now) : limiter_->take(key, quota_, now);
  if (!exchange.dry_run) count(exchange, taken);
  report(exchange, taken);
  if (taken.allowed) return proceed();
  const auto wait = seconds_up(taken.wait);
  return reject(reasons::kRateLimited,
                exchange.arena().copy(fmt::format("The next is allowed in {} second{}.", wait,
                                                  wait == 1 ? "" : "s")));
}

RateLimit::Decisions::Decisions(MetricStore& store, std::string_view policy)
    : allowed(store.counter(Family::ratelimit_decisions, {policy, "allowed"})),
      limited(store.counter(Family::ratelimit_decisions, {policy, "limited"})),
      shared(store.counter(Family::limit_hits, {text_of(Limit::rate_limit_keys)})) {}

void RateLimit::count(const Exchange& exchange, const Taken& taken) const {
  const auto& decisions = decisions_.of(exchange, id());
  auto& store = *exchange.worker->store;
  store.add(taken.allowed ? decisions.allowed : decisions.limited);
  if (taken.shared) store.add(decisions.shared);
}

void RateLimit::report(Exchange& exchange, const Taken& taken) const {
  auto& limit = exchange.limit;
  limit.shown = limit.shown || config_.headers;
  if (taken.allowed && !limit.policy.empty() && limit.remaining <= taken.remaining) return;
  limit.policy = id();
  limit.remaining = taken.remaining;
  limit.until = taken.remaining > 0 ? taken.reset : taken.wait;
  limit.refused = !taken.allowed;
}

// --- The answer

// Every policy that was asked names itself; how much is left says the one closest to its end.
void RateLimit::on_response(Exchange& exchange) const {
  const auto& limit = exchange.limit;
  if (!limit.shown && !limit.refused) return;
  auto& fields = exchange.response.fields;
  auto& arena = exchange.arena();
  fields.add("RateLimit-Policy", policy_line_);
  if (limit.policy.data() != id().data()) return;
  const auto left = std::to_string(limit.remaining);
  const auto until = arena.copy(std::to_string(seconds_up(limit.until)));
  fields.add("RateLimit", arena.join(name_, ";r=", left, ";t=", until));
  if (limit.refused) fields.add("Retry-After", until);
  if (!config_.legacy) return;
  for (const std::string_view name :
       {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"})
    fields.remove(name);
  fields.add("X-RateLimit-Limit", arena.copy(std::to_string(config_.limit)));
  fields.add("X-RateLimit-Remaining", arena.copy(left));
  fields.add("X-RateLimit-Reset", until);
}

}  // namespace penstock
