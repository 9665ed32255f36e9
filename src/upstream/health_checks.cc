#include "upstream/health_checks.h"

#include <fmt/format.h>

#include <cstring>

#include "http/h1/client_connection.h"
#include "http/h1/server_connection.h"
#include "net/tls/tls_stream.h"
#include "observe/operational_log.h"

namespace penstock {
namespace {

// Interim answers to one check; a service that sends more is broken.
constexpr int kInterims = 32;

std::optional<std::string> verdict_of(const Error& error) {
  using Kind = Error::Kind;
  if (error.reason != nullptr) return std::string(error.reason->code);
  switch (error.kind) {
    case Kind::cancelled:
    case Kind::exhausted:  // Our own want of descriptors.
      return std::nullopt;
    case Kind::refused:
      return "connection refused";
    case Kind::timed_out:
      return "no answer in time";
    case Kind::closed:
    case Kind::reset:
      return "connection closed";
    default:
      return "not reachable";
  }
}

SocketAddress socket_address(const Address& address) {
  SocketAddress socket;
  std::memcpy(&socket.storage, address.raw(), address.raw_size());
  socket.length = address.raw_size();
  return socket;
}

}  // namespace

void HealthChecks::follow(const std::vector<ServiceConfig>& services, const Directory& directory) {
  auto before = std::exchange(checks_, {});
  for (std::size_t i = 0; i < services.size(); ++i) {
    if (!services[i].health_check) continue;
    const auto& set = directory.services[i];
    for (std::uint32_t e = 0; e < set->endpoints.size(); ++e) {
      if (set->endpoints[e].weight == 0) continue;
      const std::pair key(set->service, set->endpoints[e].text);
      if (checks_.contains(key)) continue;  // Two instances at one address have one state.
      auto& known = before[key];
      if (known && known->config == *services[i].health_check) {
        known->set = set;
        known->endpoint = e;
        checks_[key] = std::exchange(known, nullptr);
      } else {
        checks_[key] = check_for(*services[i].health_check, set, e);
      }
    }
  }
  for (const auto& [key, gone] : before) {
    if (!gone) continue;
    gone->over = true;
    if (!checks_.contains(key)) gone->target().state->set_unwell(false);
  }
  changed_.notify_all();
}

// Not all at once: each begins somewhere within its interval.
HealthChecks::CheckPointer HealthChecks::check_for(const HealthCheckConfig& config,
                                                   std::shared_ptr<const EndpointSet> set,
                                                   std::uint32_t endpoint) {
  auto check =
      std::make_shared<Check>(Check{.config = config, .set = std::move(set), .endpoint = endpoint});
  const auto within = static_cast<std::uint64_t>(config.interval.count());
  const Duration first(static_cast<std::int64_t>(loop_.random().below(within)));
  turns_.push({loop_.now() + first, check});
  return check;
}

Task<void> HealthChecks::run() {
  Scope asking(loop_);
  for (;;) {
    while (!turns_.empty() && turns_.top().due <= loop_.now() && asking.size() < kMost) {
      auto check = turns_.top().check;
      turns_.pop();
      if (!check->over) asking.spawn(take_turn(std::move(check)));
    }
    const bool waits = turns_.empty() || asking.size() >= kMost;
    const auto woken = co_await changed_.wait({.until = waits ? kNever : turns_.top().due});
    if (!woken && woken.error().kind == Error::Kind::cancelled) break;
  }
  co_await asking.close();
}

Task<void> HealthChecks::take_turn(CheckPointer check) {
  const auto verdict = co_await ask(*check);
  if (!check->over) {
    if (verdict) note(*check, *verdict);
    turns_.push({loop_.now() + pause(*check), std::move(check)});
  }
  changed_.notify_all();
}

Duration HealthChecks::pause(const Check& check) {
  const auto tenth = static_cast<std::uint64_t>(check.config.interval.count()) / 10;
  const Duration more(static_cast<std::int64_t>(loop_.random().below(2 * tenth + 1)));
  return check.config.interval - Duration(static_cast<std::int64_t>(tenth)) + more;
}

Task<HealthChecks::Verdict> HealthChecks::ask(const Check& check) {
  const auto set = check.set;  // It may be given another meanwhile.
  const auto& target = set->endpoints[check.endpoint];
  const Timeout timeout{.until = loop_.now() + check.config.timeout};
  auto stream = co_await loop_.connect(socket_address(target.address), timeout);
  if (!stream) co_return verdict_of(stream.error());
  if (set->tls) {
    auto ssl = set->tls->connect(tls_worker_, target.host, nullptr);
    auto tls = std::make_unique<TlsStream>(loop_, std::move(*stream), std::move(ssl));
    const auto done = co_await tls->handshake(timeout);
    if (!done && done.error().kind == HandshakeFailure::Kind::cancelled) co_return std::nullopt;
    if (!done) co_return fmt::format("TLS: {}", text_of(done.error().kind));
    *stream = std::move(tls);
  }
  if (!check.config.path) co_return std::string();
  co_return co_await ask_http(check, std::move(*stream), timeout);
}

Task<HealthChecks::Verdict> HealthChecks::ask_http(const Check& check,
                                                   std::unique_ptr<Stream> stream,
                                                   Timeout timeout) {
  const auto authority = check.target().authority;
  const auto path = check.config.path->text;
  http::RequestHead request;
  request.method = http::Method::get;
  request.method_text = "GET";
  request.target = path;
  request.keep_alive = false;
  request.fields.add(http::Name::host, authority);
  request.fields.add(http::Name::user_agent, "penstock-health-check");
  http::h1::Workspace workspace;
  http::h1::ClientConnection connection(loop_, std::move(stream));
  const auto sent = co_await connection.send(request, workspace.out, timeout);
  if (!sent && sent.error().kind != Error::Kind::reset) co_return verdict_of(sent.error());
  http::ResponseHead head;
  for (int i = 0; i < kInterims; ++i) {
    head.clear();
    const auto read = co_await connection.read_head(head, request.method, workspace.arena, timeout);
    if (!read) co_return verdict_of(read.error());
    if (head.status < 200) continue;
    if (head.status < 400) co_return std::string();
    co_return fmt::format("status {}", head.status);
  }
  co_return "too many interim answers";
}

void HealthChecks::note(Check& check, const std::string& fault) {
  const auto& target = check.target();
  auto& state = *target.state;
  const bool good = fault.empty();
  store_.add(
      store_.counter(Family::health_checks, {check.set->service, good ? "passed" : "failed"}));
  check.passed = good ? check.passed + 1 : 0;
  check.failed = good ? 0 : check.failed + 1;
  if (good && state.unwell() && check.passed >= check.config.healthy_after) {
    state.set_unwell(false);
    log_info("endpoint healthy", {{"service", check.set->service}, {"endpoint", target.text}});
  } else if (!good && !state.unwell() && check.failed >= check.config.unhealthy_after) {
    state.set_unwell(true);
    log_warn("endpoint unhealthy",
             {{"service", check.set->service}, {"endpoint", target.text}, {"error", fault}});
  }
}

}  // namespace penstock
