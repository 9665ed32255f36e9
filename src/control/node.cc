#include "control/node.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <thread>
#include <utility>

#include "base/version.h"
#include "control/signals.h"
#include "observe/operational_log.h"

namespace penstock {
namespace {

constexpr Duration kResolveEvery = std::chrono::seconds(30);
constexpr Duration kScrapePatience = std::chrono::seconds(1);
constexpr Duration kDrainLook = std::chrono::milliseconds(20);
// Descriptors kept for what is no connection: sockets, logs, epoll, files.
constexpr std::uint64_t kReserved = 100;
constexpr std::uint64_t kReservedLeast = 40;
constexpr std::size_t kOffloadThreads = 4;

// Raises the limit on open files as far as it goes, and says how far that is.
std::uint64_t raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

std::uint32_t worker_count(const RuntimeConfig& config) {
  return config.workers.value_or(std::max(1U, std::thread::hardware_concurrency()));
}

Result<std::unique_ptr<EpollLoop>> make_loop() {
  return EpollLoop::create(
      static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()));
}

}  // namespace

std::expected<std::unique_ptr<Node>, std::string> Node::create(Config config) {
  auto state_dir = StateDir::open(config.node.state_dir);
  if (!state_dir) return std::unexpected(state_dir.error());
  auto loop = make_loop();
  if (!loop) return std::unexpected("out of descriptors at start");
  std::unique_ptr<Node> node(new Node(std::move(config), std::move(*state_dir), std::move(*loop)));
  const auto prepared = node->prepare();
  if (!prepared) return std::unexpected(prepared.error());
  return node;
}

Node::Node(Config config, StateDir state_dir, std::unique_ptr<EpollLoop> loop)
    : config_(std::move(config)),
      state_dir_(std::move(state_dir)),
      loop_(std::move(loop)),
      series_(store_),
      process_(store_, kVersion),
      lost_lines_(store_.counter(Family::log_lines_dropped, {"write_failed"})),
      published_snapshot_(*loop_),
      published_directory_(*loop_),
      scope_(*loop_),
      stop_scope_(*loop_),
      hurry_(*loop_) {}

Node::~Node() = default;

std::expected<void, std::string> Node::prepare() {
  auto snapshot = compile(config_.document, 1);
  if (!snapshot) return std::unexpected(snapshot.error());
  first_snapshot_ = std::move(*snapshot);
  lower_connections();
  auto done = open_log();
  if (done) done = make_seats();
  if (done) done = open_doors();
  return done;
}

// Each client's connection may need a second descriptor, for the service's.
void Node::lower_connections() {
  const auto files = raise_file_limit();
  const auto reserved = std::min(kReserved, std::max(kReservedLeast, files / 4));
  const auto bearable = files > reserved ? (files - reserved + 1) / 2 : 1;
  std::uint64_t wanted = 0;
  for (const auto& listener : config_.node.listeners) wanted += listener.limits.connections;
  if (wanted <= bearable) return;
  for (auto& listener : config_.node.listeners) {
    auto& most = listener.limits.connections;
    const auto lowered = std::max<std::uint64_t>(1, most * bearable / wanted);
    log_warn("connections lowered to what the limit on open files bears",
             {{"listener", listener.name.value},
              {"configured", most},
              {"connections", lowered},
              {"open_files_limit", files}});
    most = static_cast<std::uint32_t>(lowered);
  }
}

std::expected<void, std::string> Node::open_log() {
  const auto& path = config_.node.observability.access_log.path.value;
  if (path == "off") return {};
  auto sink = LogSink::open(path);
  if (!sink)
    return std::unexpected("cannot open the access log " + path + ": " +
                           std::string(std::strerror(sink.error().os)));
  log_ = std::make_unique<LogThread>(std::move(*sink));
  return {};
}

std::expected<void, std::string> Node::make_seats() {
  const auto workers = worker_count(config_.node.runtime);
  for (std::uint32_t i = 0; i < workers; ++i) {
    auto seat = Seat::create(i, workers, log_ != nullptr);
    if (!seat) return std::unexpected("out of descriptors at start");
    if (log_) log_->add(*(*seat)->ring());
    published_snapshot_.add_worker((*seat)->loop(), (*seat)->gateway().snapshot());
    published_directory_.add_worker((*seat)->loop(), (*seat)->gateway().directory());
    seats_.push_back(std::move(*seat));
  }
  return {};
}

std::expected<void, std::string> Node::open_doors() {
  for (const auto& listener : config_.node.listeners) {
    const auto address = Address::parse(listener.address.value);
    if (!address) return std::unexpected(address.error());
    auto sockets = ListeningSockets::open(*address, seats_.size());
    if (!sockets) return std::unexpected(sockets.error());
    std::vector<std::string> texts;
    for (const auto& text : listener.trusted_proxies) texts.push_back(text.value);
    auto trusted = CidrSet::parse(texts);
    if (!trusted) return std::unexpected(trusted.error());
    auto shared = std::make_unique<ListenerShared>(
        listener, sockets->address(), std::move(*trusted), listener.limits.connections);
    for (std::size_t i = 0; i < seats_.size(); ++i)
      seats_[i]->add_listener(*shared, sockets->descriptor(i));
    doors_.push_back({std::move(shared), std::move(*sockets)});
  }
  auto done = open_control_door("admin", config_.node.admin.address.value);
  if (done && config_.node.health)
    done = open_control_door("health", config_.node.health->address.value);
  return done;
}

std::expected<void, std::string> Node::open_control_door(const std::string& name,
                                                         const std::string& text) {
  const auto address = Address::parse(text);
  if (!address) return std::unexpected(address.error());
  auto sockets = ListeningSockets::open(*address, 1);
  if (!sockets) return std::unexpected(sockets.error());
  ListenerConfig config;
  config.name.value = name;
  config.limits.connections = 256;
  config.limits.body_bytes = ByteSize{0};
  auto shared = std::make_unique<ListenerShared>(config, sockets->address(), CidrSet{},
                                                 config.limits.connections);
  control_doors_.push_back({std::move(shared), std::move(*sockets)});
  return {};
}

// --- Life

int Node::run() {
  offload_.emplace(kOffloadThreads);
  auto hosts = resolve_hosts(config_.document.services);
  directory_.changed(hosts);
  auto directory = directory_.build(config_.document.services, hosts);
  published_snapshot_.publish(std::move(first_snapshot_));
  published_directory_.publish(std::move(directory));
  store_.set(store_.gauge(Family::config_last_apply_success), 1);
  store_.add(store_.counter(Family::config_applies, {"success"}));
  if (log_) log_->start();
  start_workers();
  for (auto& door : control_doors_) {
    control_listeners_.push_back(std::make_unique<Listener>(
        *loop_, *door.shared, door.sockets.descriptor(0), store_, series_, admin_serve_));
    control_listeners_.back()->start(scope_);
  }
  scope_.spawn(resolve_now_and_then());
  state_ = State::serving;
  announce();
  {
    const Signals signals(
        [this](int number) { loop_->post([this, number] { on_signal(number); }); });
    loop_->run();
  }
  for (auto& seat : seats_) seat->worker().join();
  if (log_) log_->stop();
  offload_.reset();
  log_info("stopped");
  return 0;
}

void Node::start_workers() {
  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  const bool pin = config_.node.runtime.pin_workers && seats_.size() <= cores;
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    seats_[i]->start_listening();
    seats_[i]->worker().start(pin ? static_cast<int>(i) : -1);
  }
}

void Node::announce() const {
  for (const auto& door : doors_)
    log_info("listening", {{"listener", door.shared->name},
                           {"address", door.sockets.address().to_text()},
                           {"connections", door.shared->connections.most()}});
  for (const auto& door : control_doors_)
    log_info("listening",
             {{"listener", door.shared->name}, {"address", door.sockets.address().to_text()}});
  log_info("serving", {{"version", kVersion},
                       {"workers", seats_.size()},
                       {"io", loop_->name()},
                       {"routes", config_.document.routes.size()},
                       {"services", config_.document.services.size()},
                       {"state_dir", state_dir_.path()}});
}

void Node::on_signal(int number) {
  switch (number) {
    case SIGUSR1:
      if (log_) log_->reopen();
      return;
    case SIGHUP:
      return log_warn("HUP: reload is not served yet; nothing was changed");
    case SIGUSR2:
      return log_warn("USR2: upgrade is not served yet; nothing was changed");
    default:
      break;
  }
  if (state_ != State::draining) {
    state_ = State::draining;
    stop_scope_.spawn(stop());
    return;
  }
  hurried_ = true;
  hurry_.notify_all();
}

Task<void> Node::stop() {
  const auto& config = config_.node.runtime;
  log_info("draining", {{"delay", config.drain_delay}, {"timeout", config.drain_timeout}});
  if (config.drain_delay > Duration{}) co_await hurry_.wait({.idle = config.drain_delay});
  for (auto& seat : seats_) seat->drain();
  const auto until = loop_->now() + config.drain_timeout;
  const auto open = [this] {
    std::uint64_t count = 0;
    for (const auto& door : doors_) count += door.shared->connections.open();
    return count;
  };
  // One look at the least, after every worker has had its turn to accept what was queued.
  do {
    co_await hurry_.wait({.idle = kDrainLook});
    for (auto& door : doors_)
      if (door.shared->accepting.load(std::memory_order_acquire) == 0) door.sockets.close();
  } while (!hurried_ && open() > 0 && loop_->now() < until);
  if (open() > 0) log_warn("connections cut at the end of the drain", {{"connections", open()}});
  for (auto& seat : seats_) seat->close();
  co_await scope_.close();
  loop_->stop();
}

// Names are asked for again now and then, off the loop; a change reaches the workers as a new
// directory.
Task<void> Node::resolve_now_and_then() {
  for (;;) {
    const auto rested = co_await sleep_for(*loop_, kResolveEvery);
    if (!rested) co_return;
    auto hosts = co_await offload(*offload_, *loop_,
                                  [this] { return resolve_hosts(config_.document.services); });
    if (!directory_.changed(hosts)) continue;
    published_directory_.publish(directory_.build(config_.document.services, hosts));
    log_info("endpoints changed");
  }
}

// --- Metrics

// What the workers' answers are gathered in. Shared, since a late answer must find it alive.
struct Node::Scrape {
  explicit Scrape(Loop& loop) : arrived(loop) {}
  std::vector<MetricCopy> copies;
  Signal arrived;
};

Task<MergedMetrics> Node::collect_metrics() {
  auto scrape = std::make_shared<Scrape>(*loop_);
  for (auto& seat : seats_) {
    seat->loop().post([this, scrape, store = &seat->store()]() mutable {
      loop_->post([scrape = std::move(scrape), copy = store->copy()]() mutable {
        scrape->copies.push_back(std::move(copy));
        scrape->arrived.notify_all();
      });
    });
  }
  const auto until = loop_->now() + kScrapePatience;
  while (scrape->copies.size() < seats_.size()) {
    const auto arrived = co_await scrape->arrived.wait({.until = until});
    if (!arrived) break;
  }
  process_.sample();
  directory_.sample(store_, loop_->now());
  if (log_) store_.set(lost_lines_, log_->lost_lines());
  auto copies = scrape->copies;
  copies.push_back(store_.copy());
  co_return merge(copies);
}

}  // namespace penstock
