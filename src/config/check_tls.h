#pragma once

#include <string>

#include "net/tls/tls_config.h"
#include "schema/findings.h"

namespace penstock {

// Whether the files can be read and belong together. Blocks.
void check_listener_tls(const ListenerTlsConfig& tls, const std::string& path,
                        schema::Findings& findings);
void check_service_tls(const ServiceTlsConfig& tls, const std::string& path,
                       schema::Findings& findings);

}  // namespace penstock
