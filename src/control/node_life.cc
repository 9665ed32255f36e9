#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/version.h"
#include "control/node.h"
#include "control/service_manager.h"
#include "control/signals.h"
#include "observe/operational_log.h"
#include "runtime/open_loop.h"
#include "schema/restart.h"

// A node's life: from its start by way of reloads to its end. Upgrades are in node_upgrade.cc.
namespace penstock {
namespace {

constexpr Duration kDrainLook = std::chrono::milliseconds(20);

}  // namespace

int Node::run() {
  // What a process serves that does not last is not kept.
  if (predecessor_) publication_.keep_from(loop_->now() + kFirstSeconds);
  publication_.publish_first(std::move(first_));
  if (log_) log_->start();
  load_watch_.change(settings_.overload);
  start_workers();
  start_admin();
  publication_.tell_of_endpoints([this] {
    if (!publication_.snapshot()) return;
    health_checks_.follow(publication_.snapshot()->services, *publication_.directory());
  });
  scope_.spawn(publication_.keep_current());
  scope_.spawn(health_checks_.run());
  scope_.spawn(load_watch_.run([this] {
    for (auto& seat : seats_) seat->relieve();
  }));
  {
    const Signals signals(
        [this](int number) { loop_->post([this, number] { on_signal(number); }); });
    loop_->run();
  }
  for (auto& seat : seats_) seat->worker().join();
  if (log_) log_->stop();
  log_info("stopped");
  return 0;
}

void Node::start_workers() {
  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  const bool pin = settings_.runtime.pin_workers && seats_.size() <= cores;
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    seats_[i]->start_listening([this] { loop_->post([this] { on_listening(); }); });
    seats_[i]->worker().start(pin ? static_cast<int>(i) : -1);
  }
}

// A worker accepts. With the last of them the node serves.
void Node::on_listening() {
  if (++listening_ < seats_.size() || state_ != State::starting) return;
  state_ = State::serving;
  announce();
  tell_service_manager(kServiceReady);
  if (!predecessor_) return;
  store_.add(store_.counter(Family::upgrades, {"success"}));
  const auto named = state_dir_.name_holder();
  if (!named) log_warn("the lock names another process", {{"error", named.error()}});
  inheritance_.tell_ready();
}

void Node::start_admin() {
  for (auto& door : control_doors_) {
    control_listeners_.push_back(std::make_unique<Listener>(
        *loop_, door->shared(), door->descriptor(0), store_, series_, admin_serve_));
    control_listeners_.back()->start(scope_);
  }
}

// Somebody who looks on is shown the token this once; a log that is kept is not.
void Node::announce_token() const {
  const auto path = AdminToken::path_in(state_dir_.path());
  log_info("admin token made", {{"kept_in", path}});
  if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "admin token: {}\n", token_.text());
}

void Node::announce() const {
  if (settings_.runtime.io == IoChoice::automatic && loop_->name() == "epoll") {
    const auto refused = open_loop(IoChoice::io_uring, 0);
    log_info("io_uring is not to be had here, epoll serves",
             {{"error", refused ? "" : std::strerror(refused.error().os)}});
  }
  for (const auto& door : doors_)
    log_info("listening", {{"listener", door->name()},
                           {"address", door->address().to_text()},
                           {"connections", door->connections().most()}});
  for (const auto& door : control_doors_)
    log_info("listening", {{"listener", door->name()}, {"address", door->address().to_text()}});
  if (token_.is_new()) announce_token();
  if (!publication_.fallback().empty())
    log_warn("the last good configuration is served: the files given are in error",
             {{"error", publication_.fallback().front()}});
  if (predecessor_) log_info("took over", {{"from_process", *predecessor_}});
  const auto& served = publication_.served();
  log_info("serving", {{"version", kVersion},
                       {"workers", seats_.size()},
                       {"io", loop_->name()},
                       {"routes", served.routes},
                       {"services", served.services},
                       {"state_dir", state_dir_.path()}});
}

void Node::on_signal(int number) {
  switch (number) {
    case SIGUSR1:
      if (log_) log_->reopen();
      return;
    case SIGHUP:
      return on_reload();
    case SIGUSR2:
      return on_upgrade();
    default:
      return on_stop();
  }
}

void Node::on_reload() {
  if (state_ != State::draining) {
    // A process that starts may have read the files before they changed.
    reload_successor_ = successor_ != nullptr;
    return publication_.reload();
  }
  if (successor_ == nullptr || settled_)
    return log_warn("HUP: this process is draining; nothing is reloaded");
  successor_->send(SIGHUP);
}

void Node::on_stop() {
  hurried_ = std::exchange(stopping_, true);
  hurry_.notify_all();
  if (hurried_) return;
  if (state_ == State::draining) {
    if (successor_) successor_->hurry();
    return;
  }
  if (successor_) successor_->send(SIGKILL);
  state_ = State::draining;
  tell_service_manager(kServiceStopping);
  stop_scope_.spawn(stop());
}

// A reload has given these settings. What needs a restart stays as it was at the start.
void Node::apply(const NodeSettings& wanted) {
  waiting_ = schema::waiting_for_restart(first_settings_, wanted);
  for (const auto& path : waiting_)
    log_warn("setting waits for a restart: what it was at the start is still in force",
             {{"setting", path}});
  store_.set(store_.gauge(Family::config_waiting_for_restart),
             static_cast<std::int64_t>(waiting_.size()));
  settings_ = wanted;
  lower_connections(settings_.listeners, lowered_);
  load_watch_.change(settings_.overload);
  for (const auto& listener : settings_.listeners)
    for (auto& door : doors_)
      if (door->name() == listener.name.value)
        door->change(listener, publication_.tls().of_listener(door->name()));
}

void Node::apply_certificates(const std::string& name) {
  for (const auto& listener : settings_.listeners)
    for (auto& door : doors_)
      if (listener.name.value == name && door->name() == name)
        door->change(listener, publication_.tls().of_listener(name));
}

// --- The end

Task<void> Node::stop() {
  const auto& config = settings_.runtime;
  log_info("draining", {{"delay", config.drain_delay}, {"timeout", config.drain_timeout}});
  if (config.drain_delay > Duration{}) co_await hurry_.wait({.idle = config.drain_delay});
  co_await drain();
}

// Requests in flight have `drainTimeout` to end.
Task<void> Node::drain() {
  for (auto& seat : seats_) seat->drain();
  co_await wait_until_empty(loop_->now() + settings_.runtime.drain_timeout, hurried_, kDrainLook);
  if (open_connections() > 0)
    log_warn("connections cut at the end of the drain", {{"connections", open_connections()}});
  for (auto& seat : seats_) seat->close();
  co_await scope_.close();
  successor_.reset();
  loop_->stop();
}

std::uint64_t Node::open_connections() const {
  std::uint64_t count = 0;
  for (const auto& door : doors_) count += door->connections().open();
  return count;
}

// Until no client's connection is open, or `until`, or `cut`. Looks now and then, at first often.
Task<void> Node::wait_until_empty(Instant until, const bool& cut, Duration longest_look) {
  auto look = kDrainLook;
  // One look at the least, after every worker has had its turn to accept what was queued.
  do {
    co_await hurry_.wait({.idle = look});
    for (auto& door : doors_) door->close_when_drained();
    if (successor_) successor_->has_ended();
    look = std::min(2 * look, longest_look);
  } while (!cut && open_connections() > 0 && loop_->now() < until);
}

}  // namespace penstock
