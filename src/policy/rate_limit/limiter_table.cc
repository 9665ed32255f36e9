#include "policy/rate_limit/limiter_table.h"

#include <algorithm>
#include <random>
#include <utility>

namespace penstock {
namespace {

// Cells that an eviction looks at.
constexpr std::uint32_t kLook = 16;
constexpr std::uint32_t kFewestCells = 8;

SipKey random_key() {
  std::random_device device;
  const auto word = [&device] { return (std::uint64_t{device()} << 32) | device(); };
  return {.low = word(), .high = word()};
}

// Never 0, which marks an unused cell.
std::uint64_t mark_of(std::uint64_t key) {
  return key == 0 ? 1 : key;
}

}  // namespace

// --- One shard; its lock is held.

// From the key's upper half; the lower one chose the shard.
std::uint32_t Limiter::Shard::home_of(std::uint64_t key) const {
  return static_cast<std::uint32_t>(((key >> 32) * capacity) >> 32);
}

Limiter::Cell* Limiter::Shard::find(std::uint64_t key) {
  if (capacity == 0) return nullptr;
  for (auto at = home_of(key); cells[at].key != 0; at = after(at)) {
    if (cells[at].key == key) return &cells[at];
  }
  return nullptr;
}

void Limiter::Shard::place(std::uint64_t key, const Bucket& bucket) {
  auto at = home_of(key);
  while (cells[at].key != 0) at = after(at);
  cells[at] = {.key = key, .bucket = bucket};
  ++used;
}

// Closes the gap, so that a search still ends at the first unused cell.
void Limiter::Shard::erase(std::uint32_t gap) {
  for (auto at = after(gap); cells[at].key != 0; at = after(at)) {
    const auto home = home_of(cells[at].key);
    const bool reaches_past_gap =
        gap <= at ? (home <= gap || home > at) : (home <= gap && home > at);
    if (reaches_past_gap) cells[std::exchange(gap, at)] = cells[at];
  }
  cells[gap] = {};
  --used;
}

std::uint32_t Limiter::Shard::rebuild(Instant now) {
  const auto is_live = [now](const Cell& cell) { return cell.key != 0 && !cell.bucket.full(now); };
  const auto old = std::move(cells);
  const auto old_capacity = std::exchange(capacity, 0);
  const auto old_used = std::exchange(used, 0);
  const auto live =
      static_cast<std::uint32_t>(std::count_if(old.get(), old.get() + old_capacity, is_live));
  capacity = std::max(kFewestCells, 2 * live);
  cells = std::make_unique<Cell[]>(capacity);
  for (std::uint32_t i = 0; i < old_capacity; ++i) {
    if (is_live(old[i])) place(old[i].key, old[i].bucket);
  }
  return old_used - live;
}

bool Limiter::Shard::evict(std::uint64_t key, Instant now) {
  if (capacity == 0) return false;
  auto at = home_of(key);
  for (std::uint32_t i = 0; i < std::min(kLook, capacity); ++i, at = after(at)) {
    if (cells[at].key == 0 || !cells[at].bucket.full(now)) continue;
    erase(at);
    return true;
  }
  return false;
}

// --- The limiter

Limiter::Shard& Limiter::shard_of(std::uint64_t key) {
  std::call_once(made_, [this] { shards_ = std::make_unique<std::array<Shard, kShards>>(); });
  return (*shards_)[key % kShards];
}

Taken Limiter::take(std::uint64_t hash, const Quota& quota, Instant now) {
  const auto key = mark_of(hash);
  Bucket bucket;
  bool allowed = false;
  bool shared = false;
  {
    auto& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    now = shard.latest = std::max(shard.latest, now);
    if (auto* const cell = shard.find(key)) {
      allowed = quota.take(cell->bucket, now);
      bucket = cell->bucket;
    } else if (claim_room(shard, key, now)) {
      allowed = take_first(shard, key, quota, now, bucket);
    } else {
      shared = true;
      allowed = take_shared(quota, now, bucket);
    }
    shard.latest = now;
  }
  auto taken = quota.taken(bucket, allowed, now);
  taken.shared = shared;
  return taken;
}

Taken Limiter::peek(std::uint64_t hash, const Quota& quota, Instant now) {
  const auto key = mark_of(hash);
  Bucket bucket;
  {
    auto& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    now = std::max(shard.latest, now);
    auto* const cell = shard.find(key);
    bucket = cell != nullptr ? cell->bucket : shared_bucket(now);
  }
  const bool allowed = quota.take(bucket, now);
  return quota.taken(bucket, allowed, now);
}

// The key's first bucket of its own, for which room was claimed. One that begins empty is not kept:
// the shared bucket says the same.
bool Limiter::take_first(Shard& shard, std::uint64_t key, const Quota& quota, Instant& now,
                         Bucket& bucket) {
  bucket = shared_bucket(now);
  if (!quota.take(bucket, now)) {
    keys_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  if (4 * (shard.used + 1) > 3 * shard.capacity)
    keys_.fetch_sub(shard.rebuild(now), std::memory_order_relaxed);
  shard.place(key, bucket);
  return true;
}

bool Limiter::take_shared(const Quota& quota, Instant& now, Bucket& bucket) {
  shared_takes_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock(shared_.mutex);
  now = shared_.latest = std::max(shared_.latest, now);
  const bool allowed = quota.take(shared_.bucket, now);
  bucket = shared_.bucket;
  shared_.full_from.store(bucket.full_from(), std::memory_order_relaxed);
  return allowed;
}

// What a key used of the shared bucket it used under its own shard's lock, and so sees here.
Bucket Limiter::shared_bucket(Instant& now) {
  const auto full_from = shared_.full_from.load(std::memory_order_relaxed);
  if (full_from <= now.time_since_epoch().count()) return {};
  const std::lock_guard lock(shared_.mutex);
  now = std::max(shared_.latest, now);
  return shared_.bucket;
}

bool Limiter::claim_room(Shard& shard, std::uint64_t key, Instant now) {
  const auto most = max_keys_.load(std::memory_order_relaxed);
  if (keys_.fetch_add(1, std::memory_order_relaxed) < most) return true;
  if (shard.evict(key, now)) {
    keys_.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }
  keys_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

std::size_t Limiter::bytes() {
  std::size_t bytes = sizeof(Limiter) + sizeof(*shards_);
  for (std::uint64_t i = 0; i < kShards; ++i) {
    auto& shard = shard_of(i);
    const std::lock_guard lock(shard.mutex);
    bytes += shard.capacity * sizeof(Cell);
  }
  return bytes;
}

// --- The table

LimiterTable::LimiterTable() : LimiterTable(random_key()) {}

std::shared_ptr<Limiter> LimiterTable::limiter(std::string_view policy_id, std::size_t max_keys) {
  const std::lock_guard lock(mutex_);
  if (limiters_.size() >= sweep_at_) {
    std::erase_if(limiters_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max<std::size_t>(64, 2 * limiters_.size());
  }
  auto& known = limiters_[std::string(policy_id)];
  auto limiter = known.lock();
  if (limiter == nullptr) known = limiter = std::make_shared<Limiter>(max_keys);
  limiter->set_max_keys(max_keys);
  return limiter;
}

std::size_t LimiterTable::size() {
  const std::lock_guard lock(mutex_);
  return limiters_.size();
}

}  // namespace penstock
