#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/secrets.h"
#include "listener/listener_config.h"
#include "observe/observability_config.h"
#include "overload/overload_config.h"
#include "policy/stages.h"
#include "route/route_config.h"
#include "runtime/runtime_config.h"
#include "schema/describe.h"
#include "upstream/service_config.h"

namespace penstock {

struct AdminConfig {
  schema::Located<std::string> address{"127.0.0.1:9901", {}};

  static constexpr auto describe() {
    using C = AdminConfig;
    return schema::object(
        schema::field("address", &C::address,
                      "Where metrics, health and status are served: `host:port`, the host an IP "
                      "address."));
  }
};

struct HealthConfig {
  schema::Located<std::string> address;

  static constexpr auto describe() {
    using C = HealthConfig;
    return schema::object(
        schema::field("address", &C::address,
                      "Where `/livez`, `/readyz` and `/metrics` are served for probes.")
            .required());
  }
};

// What belongs to the node and stays in its own file.
struct NodeSettings {
  std::vector<ListenerConfig> listeners;
  AdminConfig admin;
  std::optional<HealthConfig> health;
  SecretsConfig secrets;
  std::string state_dir;  // Empty: $STATE_DIRECTORY, /var/lib/penstock, ./.penstock.
  RuntimeConfig runtime;
  OverloadConfig overload;
  ObservabilityConfig observability;

  static constexpr auto describe() {
    using C = NodeSettings;
    return schema::object(
        schema::field("listeners", &C::listeners, "Addresses on which clients are served.")
            .required()
            .elements(1, 64),
        schema::field("admin", &C::admin, "The operator's own address.").restart(),
        schema::field("health", &C::health, "An address for probes; none by default.").restart(),
        schema::field("secrets", &C::secrets, "Where secrets are kept."),
        schema::field("stateDir", &C::state_dir,
                      "Folder for what outlives the process. By default `$STATE_DIRECTORY`, else "
                      "`/var/lib/penstock`, else `./.penstock`.")
            .restart(),
        schema::field("runtime", &C::runtime, "Threads, and how they stop."),
        schema::field("overload", &C::overload,
                      "What the process may use before it turns work away."),
        schema::field("observability", &C::observability, "What is reported, and where to."));
  }
};

// A route with its policies.
struct PolicedRoute : RouteConfig {
  RoutePolicies policies;

  static constexpr auto describe() {
    return schema::extend(RouteConfig::describe(), schema::flat(&PolicedRoute::policies));
  }
};

// What is versioned and published as a whole.
struct Document {
  std::vector<ServiceConfig> services;
  PolicySections policies;
  RoutePolicies defaults;
  std::vector<PolicedRoute> routes;

  static constexpr auto describe() {
    using C = Document;
    return schema::object(
        schema::field("services", &C::services, "What routes forward to."),
        schema::flat(&C::policies),
        schema::field("defaults", &C::defaults,
                      "Policies of every route that names none of the same kind."),
        schema::field("routes", &C::routes, "Which requests go where."));
  }
};

struct Config {
  NodeSettings node;
  Document document;
  std::vector<std::string> sources;  // The names that a Position's `source` counts.

  static constexpr auto describe() {
    return schema::object(schema::flat(&Config::node), schema::flat(&Config::document));
  }
};

}  // namespace penstock
