#include "control/directory.h"

#include <algorithm>

#include "net/resolve.h"
#include "observe/operational_log.h"

namespace penstock {
namespace {

// The port does not matter here; it is put in by endpoints_of().
Resolved resolve_host(const std::string& host) {
  auto addresses = resolve(host, 0);
  if (!addresses) return {{}, addresses.error()};
  // The resolver's order may turn with every answer; ours must not, or nothing would ever be equal.
  std::sort(addresses->begin(), addresses->end());
  return {std::move(*addresses), {}};
}

}  // namespace

ResolvedHosts resolve_hosts(const std::vector<ServiceConfig>& services) {
  ResolvedHosts hosts;
  for (const auto& service : services)
    for (const auto& instance : service.instances)
      if (!hosts.contains(instance.host.value))
        hosts[instance.host.value] = resolve_host(instance.host.value);
  return hosts;
}

bool DirectoryBuilder::changed(const ResolvedHosts& hosts) {
  bool changed = false;
  for (const auto& [host, resolved] : hosts) {
    const auto before = hosts_.find(host);
    if (!resolved.fault.empty()) {
      if (before == hosts_.end() || before->second.fault.empty())
        log_warn("host does not resolve", {{"host", host}, {"error", resolved.fault}});
      if (before == hosts_.end())
        changed = true;
      else
        before->second.fault = resolved.fault;
      continue;
    }
    if (before != hosts_.end() && before->second.fault.empty() &&
        before->second.addresses == resolved.addresses)
      continue;
    changed = true;
  }
  return changed;
}

std::unique_ptr<const Directory> DirectoryBuilder::build(const std::vector<ServiceConfig>& services,
                                                         const ResolvedHosts& hosts,
                                                         const TlsMaterial& tls) {
  for (const auto& [host, resolved] : hosts) {
    auto& known = hosts_[host];
    if (resolved.fault.empty()) known.addresses = resolved.addresses;
    known.fault = resolved.fault;
  }
  std::erase_if(hosts_, [&](const auto& entry) { return !hosts.contains(entry.first); });
  return build(services, tls);
}

std::unique_ptr<const Directory> DirectoryBuilder::build(const std::vector<ServiceConfig>& services,
                                                         const TlsMaterial& tls) {
  for (auto& [key, known] : states_) known.present = false;
  auto before = std::exchange(services_, {});
  auto directory = std::make_unique<Directory>();
  for (const auto& service : services) {
    auto set = std::make_shared<EndpointSet>();
    set->service = service.service_name.value;
    auto& state = before[set->service];
    if (!state) state = std::make_shared<ServiceState>(set->service);
    set->state = services_[set->service] = std::move(state);
    set->endpoints = endpoints_of(service);
    set->tls = tls.of_service(set->service);
    set->plan_rounds();
    directory->services.push_back(std::move(set));
  }
  std::erase_if(states_, [](const auto& entry) { return !entry.second.present; });
  return directory;
}

std::vector<Endpoint> DirectoryBuilder::endpoints_of(const ServiceConfig& service) {
  std::vector<Endpoint> endpoints;
  std::uint32_t index = 0;
  for (const auto& instance : service.instances) {
    ++index;
    for (const auto& host : hosts_[instance.host.value].addresses) {
      const Address address = host.ip() ? Address(*host.ip(), instance.port)
                                        : Address::from(host.raw(), host.raw_size());
      Endpoint endpoint;
      endpoint.address = address;
      endpoint.text = address.to_text();
      endpoint.instance = index;
      endpoint.host = instance.host.value;
      const bool v6 = instance.host.value.find(':') != std::string::npos;
      endpoint.authority = v6 && instance.host.value.front() != '['
                               ? "[" + instance.host.value + "]"
                               : instance.host.value;
      endpoint.authority += ":" + std::to_string(instance.port);
      endpoint.weight = instance.healthy ? instance.weight : 0;
      endpoint.taken_out = !instance.healthy;
      auto& known = states_[{service.service_name.value, endpoint.text}];
      if (!known.state) known.state = std::make_shared<EndpointState>();
      known.present = true;
      endpoint.state = known.state;
      endpoints.push_back(std::move(endpoint));
    }
  }
  return endpoints;
}

namespace {

void copy_state(MetricStore& store, const ServiceConfig& config, const ServiceState& state,
                Instant now) {
  const auto& name = config.service_name.value;
  if (config.circuit_breaker) {
    const auto current = state.breaker.state(now);
    store.set(store.gauge(Family::circuit_state, {name}), static_cast<std::int64_t>(current));
    for (const auto to : {Breaker::State::closed, Breaker::State::half_open, Breaker::State::open})
      store.add(store.counter(Family::circuit_transitions, {name, text_of(to)}),
                state.breaker.transitions_to(to));
  }
  if (config.bulkhead) {
    const auto load = state.bulkhead.load();
    store.set(store.gauge(Family::bulkhead_requests, {name, "active"}), load.inside);
    store.set(store.gauge(Family::bulkhead_requests, {name, "pending"}), load.pending);
  }
}

}  // namespace

MetricCopy copy_services(const std::vector<ServiceConfig>& services, const Directory& directory,
                         Instant now) {
  MetricStore store;
  for (std::size_t i = 0; i < services.size(); ++i) {
    const auto& set = *directory.services[i];
    copy_state(store, services[i], *set.state, now);
    for (const auto& endpoint : set.endpoints)
      store.set(store.gauge(Family::endpoint_healthy, {set.service, endpoint.text}),
                endpoint.healthy(now) ? 1 : 0);
  }
  return store.copy();
}

}  // namespace penstock
