#include "control/node.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include "base/version.h"
#include "observe/operational_log.h"
#include "runtime/open_loop.h"
#include "runtime/scheduling.h"

namespace penstock {
namespace {

constexpr Duration kScrapePatience = std::chrono::seconds(1);
constexpr std::size_t kOffloadThreads = 4;

std::uint32_t worker_count(const RuntimeConfig& config) {
  return config.workers.value_or(std::max(1U, std::thread::hardware_concurrency()));
}

Result<std::unique_ptr<Loop>> make_loop(IoChoice io) {
  return open_loop(
      io, static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()));
}

std::string no_loop(IoChoice io, const Error& error) {
  if (io != IoChoice::io_uring) return "out of descriptors at start";
  return fmt::format(
      "runtime.io: found io_uring, which is not to be had here ({}), expected auto or epoll",
      std::strerror(error.os));
}

}  // namespace

std::expected<std::unique_ptr<Node>, std::string> Node::create(Loaded loaded, Origin origin,
                                                               Inheritance inheritance) {
  // From that size on the allocator asks the system, and gives back to it at once.
  mallopt(M_MMAP_THRESHOLD, BufferPool::kAllocated);
  const auto bears = inheritance.check_workers(worker_count(loaded.config.node.runtime));
  if (!bears) return std::unexpected(bears.error());
  auto state_dir = StateDir::open(loaded.config.node.state_dir, inheritance.lock());
  if (!state_dir) return std::unexpected(state_dir.error());
  auto token = AdminToken::open(state_dir->path());
  if (!token) return std::unexpected(token.error());
  const auto io = loaded.config.node.runtime.io;
  auto loop = make_loop(io);
  if (!loop) return std::unexpected(no_loop(io, loop.error()));
  std::unique_ptr<Node> node(new Node(loaded.config.node, std::move(*state_dir), std::move(*token),
                                      std::move(*loop), std::move(inheritance)));
  const auto prepared = node->prepare(std::move(loaded), std::move(origin));
  if (!prepared) return std::unexpected(prepared.error());
  return node;
}

Node::Node(NodeSettings settings, StateDir state_dir, AdminToken token, std::unique_ptr<Loop> loop,
           Inheritance inheritance)
    : tls_workers_(worker_count(settings.runtime) + 1, loop->now()),
      first_settings_(std::move(settings)),
      settings_(first_settings_),
      state_dir_(std::move(state_dir)),
      token_(std::move(token)),
      loop_(std::move(loop)),
      pool_(kOffloadThreads),
      started_(loop_->wall()),
      series_(store_),
      process_(store_, kVersion),
      lost_lines_(store_.counter(Family::log_lines_dropped, {"write_failed"})),
      load_watch_(*loop_, pool_, budgets_, store_),
      publication_(*loop_, pool_, store_, state_dir_.path(), tls_workers_),
      health_checks_(*loop_, store_, tls_workers_.size() - 1),
      scope_(*loop_),
      stop_scope_(*loop_),
      hurry_(*loop_),
      inheritance_(std::move(inheritance)),
      predecessor_(inheritance_.empty() ? std::nullopt : std::optional(getppid())) {}

// What was published comes back to control's loop when the last worker has gone, and is freed while
// everything is still there.
Node::~Node() {
  seats_.clear();
  publication_.end();
}

std::expected<void, std::string> Node::prepare(Loaded loaded, Origin origin) {
  PolicyHome home;
  home.workers = worker_count(settings_.runtime);
  auto candidate = make_candidate(std::move(loaded), 1, home, {}, tls_workers_);
  if (!candidate) return std::unexpected(fmt::format("{}", fmt::join(candidate.error(), "; ")));
  first_ = std::move(*candidate);
  publication_.begin_with(
      std::move(origin), std::move(home), [this](const NodeSettings& wanted) { apply(wanted); },
      [this](const std::string& listener) { apply_certificates(listener); });
  lower_connections(settings_.listeners, lowered_);
  budgets_.add(loop_->usage());
  auto done = open_log();
  if (done) done = make_seats();
  if (done) done = open_doors();
  inheritance_.close_rest();
  return done;
}

std::expected<void, std::string> Node::open_log() {
  const auto& path = settings_.observability.access_log.path.value;
  if (path == "off") return {};
  auto sink = LogSink::open(path);
  if (!sink)
    return std::unexpected("cannot open the access log " + path + ": " +
                           std::string(std::strerror(sink.error().os)));
  log_ = std::make_unique<LogThread>(std::move(*sink));
  return {};
}

std::expected<void, std::string> Node::make_seats() {
  const auto workers = worker_count(settings_.runtime);
  // What serves control serves them.
  const auto io = loop_->name() == "io_uring" ? IoChoice::io_uring : IoChoice::epoll;
  for (std::uint32_t i = 0; i < workers; ++i) {
    auto seat = Seat::create(i, workers, io, log_ != nullptr, budgets_);
    if (!seat) return std::unexpected("out of descriptors at start");
    if (log_) log_->add(*(*seat)->ring());
    budgets_.add((*seat)->loop().usage());
    publication_.add_worker((*seat)->loop(), (*seat)->gateway());
    seats_.push_back(std::move(*seat));
  }
  return {};
}

std::expected<void, std::string> Node::open_doors() {
  for (const auto& listener : settings_.listeners) {
    auto door = Door::open(listener, seats_.size(), *loop_, inheritance_,
                           first_.tls.of_listener(listener.name.value));
    if (!door) return std::unexpected(door.error());
    for (std::size_t i = 0; i < seats_.size(); ++i)
      (*door)->add(seats_[i]->loop(),
                   seats_[i]->add_listener((*door)->shared(), (*door)->descriptor(i)));
    doors_.push_back(std::move(*door));
  }
  auto done = open_control_door("admin", settings_.admin.address.value);
  if (done && settings_.health) done = open_control_door("health", settings_.health->address.value);
  return done;
}

std::expected<void, std::string> Node::open_control_door(const std::string& name,
                                                         const std::string& address) {
  ListenerConfig config;
  config.name.value = name;
  config.address.value = address;
  config.limits.connections = 256;
  config.limits.body_bytes = ByteSize{0};
  auto door = Door::open(config, 1, *loop_, inheritance_);
  if (!door) return std::unexpected(door.error());
  control_doors_.push_back(std::move(*door));
  return {};
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
  if (log_) store_.set(lost_lines_, log_->lost_lines());
  auto copies = std::exchange(scrape->copies, {});
  copies.push_back(store_.copy());
  copies.push_back(publication_.copy_version());
  copies.push_back(publication_.copy_certificates());
  // Adding up thousands of series takes longer than control's loop may.
  const auto snapshot = publication_.snapshot().pin();
  const auto directory = publication_.directory().pin();
  auto merged = co_await offload(
      pool_, *loop_,
      [copies = std::move(copies), &snapshot, &directory, now = loop_->now()]() mutable {
        const GivingWay giving_way;
        if (snapshot) copies.push_back(copy_services(snapshot->services, *directory, now));
        return merge(copies);
      });
  co_return merged;
}

}  // namespace penstock
