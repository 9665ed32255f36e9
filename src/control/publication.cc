#include "control/publication.h"

#include <algorithm>
#include <map>
#include <utility>

#include "control/last_good.h"
#include "control/service_manager.h"
#include "observe/operational_log.h"
#include "runtime/scheduling.h"

namespace penstock {
namespace {

constexpr Duration kResolveEvery = std::chrono::seconds(30);
constexpr Duration kLookEvery = std::chrono::seconds(1);
// Enough of a hash to tell versions apart.
constexpr std::size_t kShortHash = 12;

}  // namespace

Publication::Publication(Loop& loop, OffloadPool& pool, MetricStore& store, std::string state_dir,
                         const TlsWorkers& tls_workers)
    : loop_(loop),
      pool_(pool),
      store_(store),
      state_dir_(std::move(state_dir)),
      tls_workers_(tls_workers),
      published_snapshot_(loop, &pool),
      published_directory_(loop, &pool),
      wanted_(loop) {}

void Publication::begin_with(Origin origin, PolicyHome home, OnSettings on_settings,
                             OnCertificates on_certificates) {
  origin_ = std::move(origin);
  home_ = std::move(home);
  on_settings_ = std::move(on_settings);
  on_certificates_ = std::move(on_certificates);
  published_snapshot_.add_worker(loop_, snapshot_);
  published_directory_.add_worker(loop_, directory_);
}

void Publication::add_worker(Loop& loop, Gateway& gateway) {
  published_snapshot_.add_worker(loop, gateway.snapshot());
  published_directory_.add_worker(loop, gateway.directory());
}

void Publication::end() {
  loop_.run_posted();
  snapshot_.reset();
  directory_.reset();
  loop_.run_posted();
}

// --- Into force

void Publication::publish_first(Candidate candidate) {
  const auto began = loop_.clock();
  penstock::resolve(candidate, builder_);
  publish(candidate);
  if (origin_.fallback.empty()) {
    to_save_ = std::move(candidate.texts);
    accepted(began);
  } else {
    refused(origin_.fallback, began);
  }
}

void Publication::publish(Candidate& candidate) {
  served_ = {.version = candidate.snapshot->version,
             .hash = candidate.hash,
             .sources = std::move(candidate.sources),
             .routes = candidate.snapshot->routes.size(),
             .services = candidate.snapshot->services.size(),
             .policies = candidate.snapshot->policies.set->all.size(),
             .since = loop_.wall()};
  tls_ = std::move(candidate.tls);
  certificate_faults_.clear();
  published_snapshot_.publish_with(std::move(candidate.snapshot), published_directory_,
                                   std::move(candidate.directory));
  loop_.post([this] { on_endpoints_(); });  // Behind the message that brings it here.
}

void Publication::publish(std::unique_ptr<const Directory> directory) {
  published_directory_.publish(std::move(directory));
  loop_.post([this] { on_endpoints_(); });
}

MetricCopy Publication::copy_version() const {
  MetricStore store;
  const auto version = std::to_string(served_.version);
  const auto hash = served_.hash.substr(0, kShortHash);
  store.set(store.gauge(Family::config_version_info, {version, hash}), 1);
  return store.copy();
}

void Publication::accepted(Instant began) {
  attempt_ = {.at = loop_.wall(), .took = loop_.clock() - began, .errors = {}};
  store_.set(store_.gauge(Family::config_last_apply_success), 1);
  store_.set(store_.gauge(Family::config_fallback), 0);
  store_.add(store_.counter(Family::config_applies, {"success"}));
  store_.observe(store_.histogram(Family::config_apply), attempt_.took);
}

void Publication::refused(Faults faults, Instant began) {
  attempt_ = {.at = loop_.wall(), .took = loop_.clock() - began, .errors = std::move(faults)};
  store_.set(store_.gauge(Family::config_last_apply_success), 0);
  store_.set(store_.gauge(Family::config_fallback), origin_.fallback.empty() ? 0 : 1);
  store_.add(store_.counter(Family::config_applies, {"failure"}));
}

// --- Changes

void Publication::reload() {
  reload_wanted_ = true;
  wanted_.notify_all();
}

Task<void> Publication::keep_current() {
  auto resolve_at = loop_.now() + kResolveEvery;
  for (;;) {
    if (!to_save_.empty() && loop_.now() >= keep_from_) co_await save();
    if (!reload_wanted_) {
      auto look_at = tls_.empty() ? resolve_at : loop_.now() + kLookEvery;
      if (!to_save_.empty()) look_at = std::min(look_at, keep_from_);
      const auto woken = co_await wanted_.wait({.until = std::min(resolve_at, look_at)});
      if (!woken && woken.error().kind == Error::Kind::cancelled) co_return;
    }
    if (std::exchange(reload_wanted_, false)) {
      co_await reload_once();
    } else if (loop_.now() < resolve_at) {
      co_await look_at_certificates();
    } else {
      co_await resolve_again();
      resolve_at = loop_.now() + kResolveEvery;
    }
  }
}

// On the pool: all that was read is freed there, too.
std::expected<Candidate, Faults> Publication::make(std::uint64_t version) {
  if (!origin_.load) return std::unexpected(Faults{"the configuration did not come from files"});
  auto candidate = [&] {
    const GivingWay giving_way;
    return make_candidate(origin_.load(), version, home_, tls_, tls_workers_);
  }();
  if (candidate) penstock::resolve(*candidate, builder_);
  return candidate;
}

Task<void> Publication::reload_once() {
  const auto began = loop_.clock();
  log_info("reload");
  tell_service_manager(reloading(loop_.clock()));
  auto made =
      co_await offload(pool_, loop_, [this, next = served_.version + 1] { return make(next); });
  if (!made) {
    for (const auto& fault : made.error()) log_error("configuration in error", {{"error", fault}});
    refused(std::move(made.error()), began);
    log_error("reload failed; what was served is still served",
              {{"version", served_.version}, {"hash", served_.hash.substr(0, kShortHash)}});
    tell_service_manager(kServiceReady);
    co_return;
  }
  auto& candidate = *made;
  for (const auto& warning : candidate.warnings) log_warn("configuration", {{"warning", warning}});
  publish(candidate);
  origin_.fallback.clear();
  on_settings_(candidate.node);
  accepted(began);
  log_info("reloaded", {{"version", served_.version},
                        {"hash", served_.hash.substr(0, kShortHash)},
                        {"routes", served_.routes},
                        {"services", served_.services},
                        {"took", attempt_.took}});
  tell_service_manager(kServiceReady);
  to_save_ = std::move(candidate.texts);
}

Task<void> Publication::save() {
  auto fault = co_await offload(pool_, loop_, [this, texts = std::exchange(to_save_, {})] {
    const auto saved = save_last_good(state_dir_, texts);
    return saved ? std::string() : saved.error();
  });
  if (!fault.empty()) log_warn("the last good configuration is not kept", {{"error", fault}});
  unsaved_ = std::move(fault);
}

// A change reaches the workers as a new directory.
Task<void> Publication::resolve_again() {
  const auto snapshot = snapshot_.pin();
  auto directory = co_await offload(pool_, loop_, [this, services = &snapshot->services] {
    const auto hosts = resolve_hosts(*services);
    return builder_.changed(hosts) ? builder_.build(*services, hosts, tls_) : nullptr;
  });
  if (!directory) co_return;
  publish(std::move(directory));
  log_info("endpoints changed");
}

// --- Certificates

Task<void> Publication::look_at_certificates() {
  const bool changed = co_await offload(pool_, loop_, [this] { return tls_look_.changed(tls_); });
  if (!changed) co_return;
  auto loaded = co_await offload(pool_, loop_, [this] { return load_again(tls_, tls_workers_); });
  const auto result = loaded.faults.empty() ? "success" : "failure";
  store_.add(store_.counter(Family::tls_certificate_reloads, {result}));
  co_await take_certificates(std::move(loaded.tls));
  certificate_faults_ = std::move(loaded.faults);
  if (!certificate_faults_.empty()) tls_look_.refuse();
  for (const auto& fault : certificate_faults_)
    log_error("changed certificate files are in error; what was served is still served",
              {{"error", fault}});
}

Task<void> Publication::take_certificates(TlsMaterial tls) {
  const auto before = std::exchange(tls_, std::move(tls));
  for (const auto& [name, entry] : tls_.listeners) {
    if (entry.tls == before.of_listener(name)) continue;
    on_certificates_(name);
    log_info("certificates reloaded", {{"listener", name}});
  }
  if (!tls_.services_differ(before)) co_return;
  const auto snapshot = snapshot_.pin();
  publish(co_await offload(pool_, loop_, [this, services = &snapshot->services] {
    return builder_.build(*services, tls_);
  }));
  log_info("certificates of services reloaded");
}

MetricCopy Publication::copy_certificates() const {
  MetricStore store;
  std::map<std::pair<std::string, std::string>, std::int64_t> expiries;
  for (const auto& [name, entry] : tls_.listeners)
    for (const auto& certificate : entry.tls->certificates()) {
      const auto expiry = certificate->not_after.seconds;
      const auto [known, added] = expiries.try_emplace({name, certificate->common_name}, expiry);
      if (!added) known->second = std::min(known->second, expiry);
    }
  for (const auto& [labels, expiry] : expiries)
    store.set(store.gauge(Family::tls_certificate_expiry, {labels.first, labels.second}), expiry);
  return store.copy();
}

}  // namespace penstock
