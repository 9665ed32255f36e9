#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/duration.h"
#include "control/tls_material.h"
#include "net/address.h"
#include "observe/metrics.h"
#include "upstream/endpoint.h"
#include "upstream/service_config.h"

namespace penstock {

// What a host stands for now; empty with a word on why, when it does not resolve.
struct Resolved {
  std::vector<Address> addresses;
  std::string fault;
};
using ResolvedHosts = std::map<std::string, Resolved>;

// Resolves every host of the services' instances; literals cost nothing. Blocks: for the
// offload pool.
ResolvedHosts resolve_hosts(const std::vector<ServiceConfig>& services);

// Makes the directory of all endpoints, again whenever names were resolved anew. Endpoints keep
// their state as long as their service and address are known. Any thread, one at a time.
class DirectoryBuilder {
 public:
  // A host that does not resolve any more keeps the addresses it had: the last known serve.
  std::unique_ptr<const Directory> build(const std::vector<ServiceConfig>& services,
                                         const ResolvedHosts& hosts, const TlsMaterial& tls = {});
  // The same with the hosts that are known.
  std::unique_ptr<const Directory> build(const std::vector<ServiceConfig>& services,
                                         const TlsMaterial& tls);
  // Whether that would change anything; says in the operational log what did.
  bool changed(const ResolvedHosts& hosts);

 private:
  struct Known {
    std::shared_ptr<EndpointState> state;
    bool present = false;
  };
  std::vector<Endpoint> endpoints_of(const ServiceConfig& service);

  ResolvedHosts hosts_;
  std::map<std::pair<std::string, std::string>, Known> states_;  // By service and address.
  std::map<std::string, std::shared_ptr<ServiceState>> services_;
};

// What the process knows of services and their endpoints, for a scrape.
MetricCopy copy_services(const std::vector<ServiceConfig>& services, const Directory& directory,
                         Instant now);

}  // namespace penstock
