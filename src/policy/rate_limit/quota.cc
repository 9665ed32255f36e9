#include "policy/rate_limit/quota.h"

#include <algorithm>

#include "base/ensure.h"

namespace penstock {
namespace {

__extension__ using Wide = unsigned __int128;

std::int64_t ns_of(Instant now) {
  return now.time_since_epoch().count();
}

Wide product(std::uint32_t a, Duration b) {
  return static_cast<Wide>(a) * static_cast<std::uint64_t>(b.count());
}

}  // namespace

bool Quota::refills_in_time(std::uint32_t limit, Duration window, std::uint32_t burst) {
  return product(burst, window) <= product(limit, kLongestRefill);
}

Quota::Quota(std::uint32_t limit, Duration window, std::uint32_t burst)
    : limit_(limit), burst_(burst), window_(window.count()) {
  ensure(limit > 0 && burst > 0 && window_ > 0 && refills_in_time(limit, window, burst));
  const auto length_of = [limit](Wide parts) {
    return Length{.ns = static_cast<std::int64_t>(parts / limit),
                  .part = static_cast<std::uint32_t>(parts % limit)};
  };
  interval_ = length_of(product(1, window));
  capacity_ = length_of(product(burst, window));
}

Quota::Length Quota::plus(Length a, Length b) const {
  const auto part = std::uint64_t{a.part} + b.part;
  const bool carry = part >= limit_;
  return {.ns = a.ns + b.ns + (carry ? 1 : 0),
          .part = static_cast<std::uint32_t>(carry ? part - limit_ : part)};
}

Quota::Length Quota::owed(const Bucket& bucket, std::int64_t now) const {
  const bool ours = bucket.parts == limit_;
  const auto full_at = ours ? bucket.full_at : bucket.full_from();
  if (full_at < now) return {.ns = 0, .part = 0};
  return std::min({.ns = full_at - now, .part = ours ? bucket.part : 0}, capacity_);
}

bool Quota::take(Bucket& bucket, Instant now) const {
  const auto owes = owed(bucket, ns_of(now));
  const auto after = plus(owes, interval_);
  const bool allowed = after <= capacity_;
  const auto& left = allowed ? after : owes;
  bucket = {.full_at = ns_of(now) + left.ns, .part = left.part, .parts = limit_};
  return allowed;
}

Taken Quota::taken(Bucket bucket, bool allowed, Instant now) const {
  const auto owes = owed(bucket, ns_of(now));
  const auto parts = static_cast<Wide>(static_cast<std::uint64_t>(owes.ns)) * limit_ + owes.part;
  const auto whole = product(burst_, window());
  Taken taken{.allowed = allowed,
              .remaining = static_cast<std::uint32_t>((whole - parts) / product(1, window())),
              .reset = Duration(owes.ns + (owes.part > 0 ? 1 : 0))};
  const auto next = plus(owes, interval_);
  if (next > capacity_)
    taken.wait = Duration(next.ns - capacity_.ns + (next.part > capacity_.part ? 1 : 0));
  return taken;
}

}  // namespace penstock
