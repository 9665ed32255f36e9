#include "config/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ascii.h"
#include "config/check_reach.h"
#include "config/check_select.h"
#include "config/check_tls.h"
#include "config/names.h"
#include "config/policies.h"
#include "net/address.h"
#include "route/condition.h"
#include "route/pattern.h"
#include "route/regex.h"

namespace penstock {
namespace {

using schema::Findings;
using schema::in_quotes;
using Text = schema::Located<std::string>;

void check_method(const Text& method, const std::string& path, Findings& findings) {
  if (is_missing(method)) return;
  static constexpr std::string_view kKnown[] = {"GET",   "HEAD",   "OPTIONS", "PUT",
                                                "PATCH", "DELETE", "POST"};
  if (method.value == "TRACE" || method.value == "CONNECT")
    return findings.error(method.at, path,
                          fmt::format("found {}, expected another method: the gateway refuses it",
                                      in_quotes(method.value)));
  const bool mistaken = std::any_of(std::begin(kKnown), std::end(kKnown), [&](auto known) {
    return known != method.value && equals_ignoring_case(known, method.value);
  });
  if (is_method(method.value) && !mistaken) return;
  findings.error(method.at, path,
                 fmt::format("found {}, expected a method such as GET{}", in_quotes(method.value),
                             schema::did_you_mean(method.value, kKnown)));
}

// What the gateway binds: no two of them may be the same.
class Addresses {
 public:
  explicit Addresses(Findings& findings) : findings_(findings) {}

  void add(const Text& text, const std::string& path) {
    if (is_missing(text)) return;
    if (text.value.starts_with("unix:"))
      return findings_.error(text.at, path,
                             fmt::format("found {}, expected an IP address and a port: this "
                                         "release does not serve unix sockets",
                                         in_quotes(text.value)));
    const auto address = Address::parse(text.value);
    if (!address)
      return findings_.error(text.at, path,
                             fmt::format("found {}, expected an IP address and a port: {}",
                                         in_quotes(text.value), address.error()));
    if (address->port() == 0)
      return findings_.error(
          text.at, path,
          fmt::format("found {}, expected a port from 1 to 65535", in_quotes(text.value)));
    const auto [first, added] = first_.try_emplace(*address, path);
    if (!added)
      findings_.error(text.at, path,
                      fmt::format("found {}, expected an address of its own: {} has it already",
                                  in_quotes(text.value), first->second));
  }

 private:
  Findings& findings_;
  std::unordered_map<Address, std::string> first_;
};

void check_node(const NodeSettings& node, Findings& findings) {
  Names names("name", findings);
  Addresses addresses(findings);
  for (std::size_t i = 0; i < node.listeners.size(); ++i) {
    const auto& listener = node.listeners[i];
    const auto path = fmt::format("listeners[{}]", i);
    names.add(listener.name, path + ".name");
    addresses.add(listener.address, path + ".address");
    if (listener.tls) check_listener_tls(*listener.tls, path + ".tls", findings);
    for (std::size_t j = 0; j < listener.trusted_proxies.size(); ++j) {
      const auto& proxy = listener.trusted_proxies[j];
      if (is_missing(proxy)) continue;
      if (const auto cidr = Cidr::parse(proxy.value); !cidr)
        findings.error(proxy.at, fmt::format("{}.trustedProxies[{}]", path, j),
                       fmt::format("found {}, expected an IP address or a prefix: {}",
                                   in_quotes(proxy.value), cidr.error()));
    }
  }
  addresses.add(node.admin.address, "admin.address");
  if (node.health) addresses.add(node.health->address, "health.address");
  if (const auto& log = node.observability.access_log.path; log.value.empty())
    findings.error(log.at, "observability.accessLog.path",
                   "found nothing, expected stdout, off or the path of a file");
}

void check_instances(const ServiceConfig& service, const std::string& path, Findings& findings) {
  bool usable = false;
  for (std::size_t i = 0; i < service.instances.size(); ++i) {
    const auto& instance = service.instances[i];
    usable = usable || (instance.healthy && instance.weight > 0);
    const auto& host = instance.host;
    if (is_missing(host) || is_host(host.value)) continue;
    findings.error(host.at, fmt::format("{}.instances[{}].host", path, i),
                   fmt::format("found {}, expected a host name or an IP address, without port and "
                               "brackets",
                               in_quotes(host.value)));
  }
  if (!usable && !is_missing(service.service_name))
    findings.warning(
        service.service_name.at, path + ".instances",
        "found none that is healthy and has a weight, so every request for the service "
        "is answered 503 no_healthy_endpoint");
}

void check_services(const Document& document, Names& names, Findings& findings) {
  for (std::size_t i = 0; i < document.services.size(); ++i) {
    const auto& service = document.services[i];
    const auto path = fmt::format("services[{}]", i);
    names.add(service.service_name, path + ".serviceName");
    check_instances(service, path, findings);
    if (service.tls) check_service_tls(*service.tls, path + ".tls", findings);
    for (std::size_t j = 0; j < service.retry.methods.size(); ++j)
      check_method(service.retry.methods[j], fmt::format("{}.retry.methods[{}]", path, j),
                   findings);
  }
}

class RouteCheck {
 public:
  RouteCheck(const Document& document, const Names& services, Findings& findings)
      : routes_(document.routes),
        select_(document, services, findings),
        findings_(findings),
        ids_("routeId", findings) {}

  void all() {
    for (std::size_t i = 0; i < routes_.size(); ++i) one(i, routes_[i]);
  }

 private:
  void one(std::size_t index, const RouteConfig& route) {
    const auto path = fmt::format("routes[{}]", index);
    ids_.add(route.route_id, path + ".routeId");
    for (std::size_t i = 0; i < route.methods.size(); ++i)
      check_method(route.methods[i], listed(path, "method", route.methods[i], i), findings_);
    for (std::size_t i = 0; i < route.hosts.size(); ++i)
      host(route.hosts[i], listed(path, "host", route.hosts[i], i));
    pattern(route, path);
    for (std::size_t i = 0; i < route.headers.size(); ++i)
      condition(route.headers[i], Condition::Subject::header,
                fmt::format("{}.headers[{}]", path, i));
    for (std::size_t i = 0; i < route.query.size(); ++i)
      condition(route.query[i], Condition::Subject::query, fmt::format("{}.query[{}]", path, i));
    select_.one(route.select, path);
    if (route.auth_required && !is_missing(route.route_id))
      findings_.warning(route.route_id.at, path,
                        fmt::format("found route {} protected, which is the default, and no way to "
                                    "authenticate: every request for it is answered 401 "
                                    "no_auth_policy; expected authRequired: false if it is public",
                                    in_quotes(route.route_id.value)));
  }

  // `hosts[1]`, or `host` where that was written.
  static std::string listed(const std::string& path, std::string_view key, const Text& text,
                            std::size_t index) {
    if (text.at.alone) return fmt::format("{}.{}", path, key);
    return fmt::format("{}.{}s[{}]", path, key, index);
  }

  void host(const Text& text, const std::string& path) {
    if (is_missing(text)) return;
    const auto host = parse_route_host(text.value);
    if (!host)
      findings_.error(text.at, path,
                      fmt::format("found {}, expected a host name without port: {}",
                                  in_quotes(text.value), host.error()));
  }

  void pattern(const RouteConfig& route, const std::string& path) {
    if (is_missing(route.path)) return;
    const auto pattern = Pattern::parse(route.path.value, regexes_);
    if (!pattern)
      return findings_.error(route.path.at, path + ".path",
                             fmt::format("found {}, expected a path: {}",
                                         in_quotes(route.path.value), pattern.error()));
    for (const auto& remark : pattern->remarks)
      findings_.warning(route.path.at, path + ".path",
                        fmt::format("found {}, expected {}", in_quotes(route.path.value), remark));
  }

  void condition(const ConditionConfig& config, Condition::Subject subject,
                 const std::string& path) {
    const auto& name = config.name;
    if (is_missing(name)) return;
    if (const auto fault = fault_of_name(subject, name.value); !fault.empty())
      findings_.error(
          name.at, path + ".name",
          fmt::format("found {}, expected another name: {}", in_quotes(name.value), fault));
    const auto only_true = [&](const std::optional<schema::Located<bool>>& op, std::string_view key,
                               std::string_view other) {
      if (op && !op->value)
        findings_.error(op->at, fmt::format("{}.{}", path, key),
                        fmt::format("found false, expected true; the contrary is {}: true", other));
    };
    only_true(config.present, "present", "absent");
    only_true(config.absent, "absent", "present");
    if (!config.regex) return;
    if (const auto regex = regexes_.add(config.regex->value); !regex)
      findings_.error(config.regex->at, path + ".regex",
                      fmt::format("found {}, expected an RE2 expression: {}",
                                  in_quotes(config.regex->value), regex.error()));
  }

  const std::vector<PolicedRoute>& routes_;
  SelectCheck select_;
  Findings& findings_;
  Names ids_;
  RegexSet regexes_;  // The router will have the same, within the same limits.
};

}  // namespace

void check(const Config& config, Findings& findings) {
  check_node(config.node, findings);
  Names services("serviceName", findings);
  check_services(config.document, services, findings);
  RouteCheck(config.document, services, findings).all();
  check_policies(config.document, findings);
  if (config.document.routes.empty() && !findings.failed())
    findings.warning({}, "routes",
                     "found none, expected at least one: every request is answered 404 no_route");
  if (!findings.failed()) check_reach(config.document, findings);
}

}  // namespace penstock
