#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/siphash.h"
#include "policy/rate_limit/quota.h"

namespace penstock {

// The buckets of one policy, for all workers: any thread may take. In 256 shards, each under a lock
// that is held for one bucket, never across a wait or a system call.
//
// At most `max_keys` keys have a bucket of their own (32 to 48 bytes each). A bucket that is full
// again says no more than none does, so it makes room for a new key; no other ever does. While
// there is no room, new keys share one bucket. A key that leaves the shared bucket for its own
// starts with what the shared one held, so that it never gets more than its quota in all.
class Limiter {
 public:
  explicit Limiter(std::size_t max_keys) : max_keys_(max_keys) {}
  Limiter(const Limiter&) = delete;
  Limiter& operator=(const Limiter&) = delete;

  // `key` is a hash that strangers cannot choose: LimiterTable::hash().
  Taken take(std::uint64_t key, const Quota& quota, Instant now);
  // What take() would answer. Changes nothing.
  Taken peek(std::uint64_t key, const Quota& quota, Instant now);

  void set_max_keys(std::size_t max_keys) { max_keys_.store(max_keys, std::memory_order_relaxed); }
  // How many keys have a bucket: those of full ones too, until somebody needs the room.
  std::size_t keys() const { return keys_.load(std::memory_order_relaxed); }
  // Takes that the shared bucket answered.
  std::uint64_t shared_takes() const { return shared_takes_.load(std::memory_order_relaxed); }
  std::size_t bytes();

 private:
  static constexpr std::size_t kShards = 256;

  struct Cell {
    std::uint64_t key = 0;  // 0: unused.
    Bucket bucket;
  };

  // Open addressing, linear probing, at most three quarters full.
  struct alignas(64) Shard {
    std::mutex mutex;
    Instant latest = Instant::min();  // Workers read their clocks apart; here time never goes back.
    std::unique_ptr<Cell[]> cells;
    std::uint32_t capacity = 0;
    std::uint32_t used = 0;

    std::uint32_t home_of(std::uint64_t key) const;
    std::uint32_t after(std::uint32_t at) const { return at + 1 == capacity ? 0 : at + 1; }
    Cell* find(std::uint64_t key);
    void place(std::uint64_t key, const Bucket& bucket);
    void erase(std::uint32_t at);
    // Makes room for one more by leaving out what is full; how many were left out.
    std::uint32_t rebuild(Instant now);
    // Drops a full bucket, if there is one close to where the key belongs.
    bool evict(std::uint64_t key, Instant now);
  };

  struct Shared {
    std::mutex mutex;
    Instant latest = Instant::min();
    Bucket bucket;
    std::atomic<std::int64_t> full_from = std::numeric_limits<std::int64_t>::min();
  };

  Shard& shard_of(std::uint64_t key);
  bool take_first(Shard& shard, std::uint64_t key, const Quota& quota, Instant& now,
                  Bucket& bucket);
  bool take_shared(const Quota& quota, Instant& now, Bucket& bucket);
  Bucket shared_bucket(Instant& now);
  bool claim_room(Shard& shard, std::uint64_t key, Instant now);

  std::atomic<std::size_t> max_keys_;
  std::atomic<std::size_t> keys_ = 0;
  std::atomic<std::uint64_t> shared_takes_ = 0;
  Shared shared_;
  std::once_flag made_;
  std::unique_ptr<std::array<Shard, kShards>> shards_;  // Made by the first take.
};

// The limiters of all policies, by policyId, for the life of the process. A limiter lives as long
// as a policy of that name does: a new snapshot finds it while the old one still serves, and one
// that nobody names any more is dropped with its last snapshot.
class LimiterTable {
 public:
  LimiterTable();  // With a random key.
  explicit LimiterTable(const SipKey& key) : key_(key) {}

  // Finds or makes; from any thread. The bound on keys is the one given last.
  std::shared_ptr<Limiter> limiter(std::string_view policy_id, std::size_t max_keys);
  std::uint64_t hash(std::string_view text) const { return siphash(key_, text); }

  std::size_t size();

 private:
  const SipKey key_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<Limiter>, std::less<>> limiters_;
  std::size_t sweep_at_ = 64;
};

}  // namespace penstock
