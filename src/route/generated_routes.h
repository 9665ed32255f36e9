#pragma once

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "route/router.h"

namespace penstock {

// A route table shaped like those of real APIs, the same for the same seed and count: hosts of
// which the first has a third of all routes, collections within collections, functions and verbs
// with parameters inside a segment, literals beside parameters, now and then two routes of one
// shape. For tests, benchmarks and tools/routes.
class GeneratedRoutes {
 public:
  GeneratedRoutes(std::uint64_t seed, std::size_t count) : random_(seed), count_(count) {
    for (std::size_t host = 0; !full(); ++host) add_api(fmt::format("api{}.example.com", host));
  }

  // They view this object's ids.
  const std::vector<RouteEntry>& entries() const { return entries_; }

 private:
  bool full() const { return entries_.size() == count_; }

  void add(const std::string& method, const std::string& path) {
    if (full()) return;
    // Ids whose order has nothing to do with that of the routes.
    ids_.push_back(fmt::format("r{:04x}-{}", random_.below(0x10000), entries_.size()));
    entries_.push_back(
        {.route_id = ids_.back(), .hosts = {host_}, .methods = {method}, .path = path});
  }

  void add_api(const std::string& host) {
    host_ = host;
    const auto end =
        entries_.size() + (entries_.empty() ? count_ / 3 + 1 : 20 + random_.below(200));
    const auto base =
        random_.below(4) == 0 ? std::string() : fmt::format("/v{}", 1 + random_.below(3));
    for (std::size_t i = 0; entries_.size() < end && !full(); ++i)
      add_collection(base, fmt::format("{}{}", noun(), i), 0);
  }

  void add_collection(const std::string& under, const std::string& name, int depth) {
    const auto all = under + '/' + name;
    const auto one = fmt::format("{}/{{{}-id}}", all, name);
    for (const auto* method : {"GET", "POST"}) add(method, all);
    for (const auto* method : {"GET", "PATCH", "DELETE"}) add(method, one);
    if (random_.below(2) == 0) add("GET", all + "/$count");
    if (random_.below(3) == 0) add("GET", all + "/me");
    if (random_.below(3) == 0) add("POST", fmt::format("{}:{}", one, noun()));
    if (random_.below(4) == 0) add("GET", one + ".json");
    if (random_.below(4) == 0)
      for (auto n = random_.below(8); n > 0; --n)
        add("GET", fmt::format("{}/get{}{}(period='{{period}}')", all, noun(), n));
    if (random_.below(8) == 0) add("GET", all + "/between(from={from},to={to})");
    if (random_.below(8) == 0) add("GET", one + "/compare/{base}...{head}");
    if (random_.below(16) == 0) add("GET", one + "/proxy/*");
    if (random_.below(64) == 0) add("GET", all + "/{another}");
    if (depth < 4)
      for (auto n = random_.below(3); n > 0; --n)
        add_collection(one, fmt::format("{}-{}{}", noun(), depth, n), depth + 1);
  }

  std::string_view noun() {
    static constexpr auto kNouns = std::to_array<std::string_view>(
        {"orders",  "users",   "groups",   "messages", "events",  "drives",  "items",
         "teams",   "devices", "policies", "reports",  "sites",   "lists",   "columns",
         "members", "owners",  "projects", "builds",   "jobs",    "disks",   "images",
         "zones",   "routes",  "keys",     "tokens",   "charges", "refunds", "plans",
         "coupons", "tickets", "boards",   "sprints"});
    return kNouns[random_.below(kNouns.size())];
  }

  Random random_;
  std::size_t count_;
  std::string host_;
  std::deque<std::string> ids_;
  std::vector<RouteEntry> entries_;
};

}  // namespace penstock
