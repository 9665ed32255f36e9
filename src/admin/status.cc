#include "admin/status.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/version.h"
#include "runtime/offload.h"

namespace penstock {
namespace {

using Json = nlohmann::ordered_json;

std::string time_text(WallTime time) {
  return fmt::format(
      "{:%Y-%m-%dT%H:%M:%S}Z",
      fmt::gmtime(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count()));
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Json attempt_json(const Attempt& attempt) {
  return {{"at", time_text(attempt.at)},
          {"ok", attempt.errors.empty()},
          {"took_seconds", seconds(attempt.took)},
          {"errors", attempt.errors}};
}

Json config_json(const Node& node) {
  const auto& publication = node.publication();
  const auto& served = publication.served();
  Json json{{"version", served.version},
            {"hash", served.hash},
            {"sources", served.sources},
            {"loaded_at", time_text(served.since)},
            {"routes", served.routes},
            {"services", served.services},
            {"policies", served.policies},
            {"last_apply", attempt_json(publication.last_attempt())},
            {"fallback", !publication.fallback().empty()},
            {"waiting_for_restart", node.waiting_for_restart()}};
  if (!publication.certificate_faults().empty())
    json["certificate_errors"] = publication.certificate_faults();
  if (!publication.unsaved().empty()) json["last_good_error"] = publication.unsaved();
  return json;
}

// What a listener shows to its clients; neither files' contents nor keys.
Json certificates_json(const ServerTls& tls) {
  Json list = Json::array();
  for (const auto& certificate : tls.certificates())
    list.push_back({{"common_name", certificate->common_name},
                    {"names", certificate->names},
                    {"key", text_of(certificate->key_type)},
                    {"not_before", certificate->not_before.to_text()},
                    {"not_after", certificate->not_after.to_text()},
                    {"file", certificate->files.certificate},
                    {"ocsp", !certificate->ocsp.empty()}});
  return list;
}

Json doors_json(const std::vector<std::unique_ptr<Door>>& doors) {
  Json list = Json::array();
  for (const auto& door : doors)
    list.push_back({{"name", door->name()},
                    {"address", door->address().to_text()},
                    {"connections", door->connections().open()},
                    {"connections_limit", door->connections().most()}});
  return list;
}

Json listeners_json(const Node& node) {
  auto list = doors_json(node.doors());
  for (auto& listener : list) {
    const auto tls = node.publication().tls().of_listener(listener["name"].get<std::string>());
    if (tls) listener["certificates"] = certificates_json(*tls);
  }
  return list;
}

Json upgrade_json(const Node& node) {
  Json json = Json::object();
  if (node.predecessor()) json["took_over_from"] = *node.predecessor();
  if (node.successor()) json["new_process"] = *node.successor();
  if (const auto& last = node.last_upgrade()) {
    json["last_at"] = time_text(last->at);
    if (!last->error.empty()) json["last_error"] = last->error;
  }
  return json;
}

Json overload_json(const Budgets& budgets) {
  return {{"memory_bytes", budgets.memory_used()},
          {"memory_limit_bytes", budgets.memory_limit()},
          {"descriptors", budgets.descriptors_used()},
          {"descriptors_limit", budgets.descriptor_limit()}};
}

Json node_json(Node& node) {
  const auto& runtime = node.settings().runtime;
  return {{"version", kVersion},
          {"pid", getpid()},
          {"state", name_of(node.state())},
          {"started_at", time_text(node.started())},
          {"uptime_seconds", seconds(node.loop().wall() - node.started())},
          {"workers", node.workers()},
          {"io", node.loop().name()},
          {"state_dir", node.state_dir()},
          {"drain",
           {{"delay_seconds", seconds(runtime.drain_delay)},
            {"timeout_seconds", seconds(runtime.drain_timeout)}}},
          {"overload", overload_json(node.budgets())},
          {"upgrade", upgrade_json(node)},
          {"config", config_json(node)},
          {"listeners", listeners_json(node)},
          {"admin_listeners", doors_json(node.control_doors())}};
}

Json endpoint_json(const Endpoint& endpoint, Instant now) {
  return {{"address", endpoint.text},
          {"healthy", endpoint.healthy(now)},
          {"taken_out", endpoint.taken_out},
          {"in_flight", endpoint.state->in_flight()},
          {"weight", endpoint.weight}};
}

Json service_json(const ServiceConfig& config, const ServiceState& state, Instant now) {
  Json json{{"name", config.service_name.value}};
  if (config.circuit_breaker) json["circuit"] = text_of(state.breaker.state(now));
  if (!config.bulkhead) return json;
  const auto load = state.bulkhead.load();
  json["bulkhead"] = {{"active", load.inside},
                      {"pending", load.pending},
                      {"max_requests", config.bulkhead->max_requests},
                      {"max_pending", config.bulkhead->max_pending}};
  return json;
}

Json services_json(const Snapshot& snapshot, const Directory& directory, Instant now) {
  Json list = Json::array();
  for (std::size_t i = 0; i < snapshot.services.size(); ++i) {
    Json endpoints = Json::array();
    for (const auto& endpoint : directory.services[i]->endpoints)
      endpoints.push_back(endpoint_json(endpoint, now));
    auto json = service_json(snapshot.services[i], *directory.services[i]->state, now);
    json["endpoints"] = std::move(endpoints);
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace

std::string_view name_of(Node::State state) {
  switch (state) {
    case Node::State::starting:
      return "starting";
    case Node::State::serving:
      return "serving";
    case Node::State::draining:
      break;
  }
  return "draining";
}

Task<std::string> status_of(Node& node) {
  const auto snapshot = node.publication().snapshot().pin();
  const auto directory = node.publication().directory().pin();
  auto text = co_await offload(
      node.pool(), node.loop(),
      [json = node_json(node), &snapshot, &directory, now = node.loop().now()]() mutable {
        if (snapshot) json["services"] = services_json(*snapshot, *directory, now);
        return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
      });
  co_return text;
}

}  // namespace penstock
