#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "control/node.h"
#include "control/service_manager.h"
#include "observe/operational_log.h"

// A node's upgrade: another process, of the program as it lies there now, takes its place. Until
// that has served for some seconds this one can take everything back, so it keeps its sockets.
namespace penstock {
namespace {

// Streams that last for hours are looked at no more often than this.
constexpr Duration kLongestLook = std::chrono::milliseconds(500);

}  // namespace

std::optional<pid_t> Node::successor() const {
  return successor_ ? std::optional(successor_->pid()) : std::nullopt;
}

void Node::on_upgrade() {
  if (state_ != State::serving)
    return log_warn("USR2: this process does not serve; nothing is upgraded");
  if (successor_)
    return log_warn("USR2: an upgrade is under way; nothing was changed",
                    {{"new_process", successor_->pid()}});
  if (getpid() == 1)
    return log_error(
        "USR2: this is the first process of its container, which would end with it; "
        "start another container instead");
  Handover given{.workers = static_cast<std::uint32_t>(seats_.size()),
                 .channel = -1,
                 .lock = state_dir_.lock(),
                 .sockets = {}};
  for (const auto* const doors : {&doors_, &control_doors_})
    for (const auto& door : *doors)
      given.sockets.insert(given.sockets.end(), door->descriptors().begin(),
                           door->descriptors().end());
  const auto program = own_program();
  last_upgrade_ = {.at = loop_->wall(), .error = {}};
  auto started = Successor::start(*loop_, std::move(given), program);
  if (!started) return upgrade_failed(started.error());
  successor_ = std::move(*started);
  log_info("upgrade", {{"program", program.path}, {"new_process", successor_->pid()}});
  scope_.spawn(upgrade());
}

Task<void> Node::upgrade() {
  auto sockets = co_await successor_->readiness(settings_.runtime.upgrade_timeout);
  if (stopping_) sockets = std::unexpected("this process was told to stop");
  if (!sockets) co_return upgrade_failed(sockets.error());
  yield_to(*sockets);
  const auto fate = co_await successor_->fate(kFirstSeconds);
  if (fate == Successor::Fate::died && !stopping_) co_return take_back();
  settled_ = true;
  // Not before: systemd would take the end of the service's main process for that of the service.
  if (fate == Successor::Fate::lives) tell_service_manager(main_process(successor_->pid()));
  stop_scope_.spawn(leave());
}

// The other process accepts what comes. What it does not listen on any more is accepted here for a
// little longer.
void Node::yield_to(const std::vector<int>& sockets) {
  const auto serves = [&](const Door& door) {
    return std::ranges::find(sockets, door.descriptors().front()) != sockets.end();
  };
  state_ = State::draining;
  log_info("upgraded: the new process serves, this one drains",
           {{"new_process", successor_->pid()}});
  for (std::size_t i = 0; i < doors_.size(); ++i) {
    if (!serves(*doors_[i])) continue;
    yielded_.push_back(i);
    for (auto& seat : seats_) seat->drain(i, Listener::Waiting::kept);
  }
  for (std::size_t i = 0; i < control_doors_.size(); ++i) {
    if (!serves(*control_doors_[i])) continue;
    yielded_control_.push_back(i);
    control_listeners_[i]->drain(Listener::Waiting::kept);
  }
  if (std::exchange(reload_successor_, false)) successor_->send(SIGHUP);
}

void Node::take_back() {
  for (const auto i : std::exchange(yielded_, {})) {
    doors_[i]->expect_accepting();
    for (auto& seat : seats_) seat->resume(i);
  }
  for (const auto i : std::exchange(yielded_control_, {})) {
    control_doors_[i]->expect_accepting();
    control_listeners_[i]->resume();
  }
  state_ = State::serving;
  const auto named = state_dir_.name_holder();
  if (!named) log_warn("the lock names another process", {{"error", named.error()}});
  upgrade_failed(successor_->ending() + " in its first seconds");
}

void Node::upgrade_failed(const std::string& error) {
  log_error("upgrade failed; this process serves on", {{"error", error}});
  store_.add(store_.counter(Family::upgrades, {"failure"}));
  last_upgrade_->error = error;
  successor_.reset();
  reload_successor_ = false;
}

// Nobody waits for this process but those whom it still serves, so they have all the time that
// their own limits leave them; `drainTimeout` only once it is told to stop.
Task<void> Node::leave() {
  for (auto& seat : seats_)
    for (std::size_t i = 0; i < doors_.size(); ++i) seat->drain(i, Listener::Waiting::kept);
  co_await wait_until_empty(kNever, stopping_, kLongestLook);
  co_await drain();
}

}  // namespace penstock
