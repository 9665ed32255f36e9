#include "gateway/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "http/h1/parser.h"
#include "http/h1/rebase.h"
#include "policy/policy.h"

namespace penstock {
namespace {

// A client that is not there.
class NoClient final : public http::Responder {
 public:
  void close_after() override {}
  Stream& client() override { std::abort(); }
  Task<Result<void>> interim(const http::ResponseHead&) override { co_return Result<void>{}; }
  Task<http::Sent> respond(http::ResponseHead&, http::Body*) override { co_return http::Sent{}; }
  Task<Result<http::h1::Input*>> switch_protocols(const http::ResponseHead&) override {
    co_return fail(Error{});
  }
};

// Reads the head into the exchange, as a listener does.
void read_head(Exchange& exchange, std::string_view bytes) {
  auto& head = exchange.request;
  const auto size = http::h1::parse_request(bytes, {}, head);
  if (!size)
    exchange.fault = size.error();
  else if (*size == 0)
    exchange.fault = Error{.kind = Error::Kind::malformed, .reason = &reasons::kMalformedRequest};
  else
    http::h1::move_to_arena(head, bytes.substr(0, *size), exchange.arena());
  if (exchange.fault) head.clear();
}

using FieldList = std::vector<std::pair<std::string, std::string>>;
FieldList copy_of(const http::Fields& fields) {
  FieldList list;
  for (const auto& field : fields) list.emplace_back(field.name, field.value);
  return list;
}

// `sets X-Env, removes X-Debug`: what a policy changed of the fields, by their names.
std::string changes_between(const FieldList& before, const FieldList& after) {
  std::string out;
  const auto note = [&out](std::string_view verb, const std::string& name) {
    const auto text = fmt::format("{} {}", verb, name);
    if (out.find(text) == std::string::npos) out += (out.empty() ? "" : ", ") + text;
  };
  for (const auto& field : after)
    if (std::ranges::find(before, field) == before.end()) note("sets", field.first);
  for (const auto& field : before) {
    const auto same_name = [&](const auto& other) { return other.first == field.first; };
    if (std::ranges::none_of(after, same_name)) note("removes", field.first);
  }
  return out;
}

std::string answer_of(const Exchange& exchange) {
  if (exchange.reason == nullptr) return fmt::format("answers {} itself", exchange.response.status);
  return fmt::format("{} {}: {}{}{}", exchange.reason->status, exchange.reason->code,
                     exchange.reason->sentence, exchange.detail.empty() ? "" : " ",
                     exchange.detail);
}

}  // namespace

// Runs an exchange through the stages, and writes down what each says.
class Explainer {
 public:
  Explainer(Gateway& gateway, Exchange& exchange) : gateway_(gateway), exchange_(exchange) {}

  Explanation explain() {
    const auto snapshot = gateway_.snapshot_.pin();
    snapshot_ = &*snapshot;
    exchange_.worker = &gateway_.place_;
    exchange_.snapshot = snapshot_;
    exchange_.dry_run = true;
    walk();
    finish();
    return std::move(out_);
  }

 private:
  void walk() {
    if (!gateway_.guard(exchange_)) return say(Stage::guard, "gateway", answer_of(exchange_));
    say(Stage::guard, "gateway", fmt::format("passes, client {}", exchange_.client.client_text));
    const auto& target = exchange_.target;
    out_.candidates = snapshot_->router.explain(Gateway::route_request(exchange_, *snapshot_));
    out_.request =
        fmt::format("{} {} {}", exchange_.request.method_text, target.authority.text, target.text);
    if (!gateway_.match(exchange_, *snapshot_))
      return say(Stage::match, "gateway", answer_of(exchange_));
    out_.route_id = exchange_.route->route_id;
    say(Stage::match, "gateway", "route " + out_.route_id);
    while (ask_next()) continue;
  }

  // False when nothing is left to ask.
  bool ask_next() {
    const auto before = copy_of(exchange_.request.fields);
    const auto from = exchange_.stage;
    auto step = gateway_.ask_next(exchange_);
    say_stages_after(from);
    if (!step) return false;
    const auto& policy = *exchange_.policies[exchange_.asked - 1];
    say(policy.stage(), fmt::format("{} {}", policy.kind(), policy.id()),
        words_of(*step, changes_between(before, copy_of(exchange_.request.fields))));
    return !exchange_.answered() && step->kind() != Step::Kind::later;
  }

  // The gateway's own part of the stages that were passed; those where it has none are left out.
  void say_stages_after(Stage from) {
    for (auto stage = from; stage < exchange_.stage;) {
      stage = static_cast<Stage>(static_cast<int>(stage) + 1);
      const bool last = stage == exchange_.stage && exchange_.answered();
      if (last) return say(stage, "gateway", answer_of(exchange_));
      if (stage == Stage::authenticate) say(stage, "gateway", "passes: authRequired is false");
      if (stage == Stage::select) say(stage, "gateway", "service " + service_name());
    }
  }

  std::string words_of(const Step& step, const std::string& changes) const {
    switch (step.kind()) {
      case Step::Kind::proceed:
        return changes.empty() ? "passes" : "passes, " + changes;
      case Step::Kind::later:
        return "has to wait for something before it can say";
      default:
        return answer_of(exchange_);
    }
  }

  void finish() {
    if (!exchange_.answered()) {
      out_.service = snapshot_->services[exchange_.service].service_name.value;
      out_.version = std::string(exchange_.version);
      return;
    }
    out_.status = exchange_.response.status;
    if (exchange_.reason == nullptr) return;
    out_.code = exchange_.reason->code;
    out_.detail = exchange_.reason->sentence;
    if (!exchange_.detail.empty()) out_.detail += ' ' + std::string(exchange_.detail);
  }

  void say(Stage stage, std::string who, std::string says) {
    out_.verdicts.push_back({stage, std::move(who), std::move(says)});
  }

  std::string service_name() const {
    const auto& service = snapshot_->services[exchange_.service].service_name.value;
    if (exchange_.version.empty()) return service;
    return fmt::format("{}, version {}", service, exchange_.version);
  }

  Gateway& gateway_;
  Exchange& exchange_;
  const Snapshot* snapshot_ = nullptr;
  Explanation out_;
};

Explanation explain(Gateway& gateway, const Entrance& entrance, const Address& peer,
                    std::string_view bytes) {
  NoClient client;
  Exchange exchange(gateway.loop());
  exchange.entrance = &entrance;
  exchange.peer = &peer;
  exchange.responder = &client;
  exchange.began = gateway.loop().now();
  exchange.began_wall = gateway.loop().wall();
  read_head(exchange, bytes);
  return Explainer(gateway, exchange).explain();
}

}  // namespace penstock
