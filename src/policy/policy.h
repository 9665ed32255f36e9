#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/reason.h"
#include "exchange/exchange.h"
#include "exchange/stage.h"
#include "policy/memory.h"
#include "policy/step.h"
#include "schema/findings.h"

namespace penstock {

// What a policy is made with, beside its own config.
struct PolicyContext {
  // Its policyId; `<routeId>/<kind>` of one that stands in a route.
  std::string_view id;
  Memory& memory;
  std::uint32_t workers = 1;
};

// One thing that is done to the requests of the routes that name it. Immutable and shared by all
// workers; what it remembers lives in Memory. Nothing here throws or blocks.
//
// With `exchange.dry_run` a hook decides as ever, and changes nothing but the exchange: no counts,
// no network. That is how `explain` runs the real code.
class Policy {
 public:
  // Why policies of this kind reject, and how many of them a route may have; a kind that has
  // reasons of its own, or of which only one makes sense, hides these.
  static constexpr std::array<const Reason*, 0> kReasons{};
  static constexpr std::size_t kMostUses = 8;

  explicit Policy(std::string_view id) : id_(id) {}
  virtual ~Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  // What the description of the fields cannot say, about a config that was read; `path` is where it
  // stands. A kind that has something to say hides this one.
  template <class Config>
  static void check(const Config&, const std::string& /*path*/, schema::Findings&) {}

  const std::string& id() const { return id_; }
  virtual std::string_view kind() const = 0;
  // Where it stands; the same for the object's whole life.
  virtual Stage stage() const = 0;
  // It answers CORS preflights, so that they are matched by the method that they ask about.
  virtual bool answers_preflights() const { return false; }

  // The request has come this far. May change it; may wrap exchange.request_body in an adapter
  // (http::BodyAdapter, kept by exchange.keep).
  virtual Step on_request(Exchange&) const { return proceed(); }
  // A response is about to be sent, whoever made it: its head is in exchange.response, and its body
  // may be wrapped. Told to those that were asked, last to first.
  virtual void on_response(Exchange&) const {}
  // The exchange is over, whatever became of it: once for each that was asked, last to first.
  virtual void on_done(Exchange&) const {}

 private:
  const std::string id_;
};

// A T for each worker that touches only its own, made when the worker first asks: counters'
// handles, most of all. T is constructed with the worker's MetricStore.
template <class T>
class PerWorker {
 public:
  explicit PerWorker(std::uint32_t workers) : held_(workers) {}

  template <class... More>
  T& of(const Exchange& exchange, const More&... more) const {
    auto& held = held_[exchange.worker->index];
    if (!held) held = std::make_unique<T>(*exchange.worker->store, more...);
    return *held;
  }

 private:
  mutable std::vector<std::unique_ptr<T>> held_;
};

}  // namespace penstock
