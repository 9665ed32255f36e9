#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/duration.h"

// What systemd is told of a service's life (sd_notify(3)): a datagram of `NAME=value` lines to the
// socket that it names in $NOTIFY_SOCKET. The protocol is one send; a library for it would be one
// more package on every machine.
namespace penstock {

inline constexpr std::string_view kServiceReady = "READY=1";
inline constexpr std::string_view kServiceStopping = "STOPPING=1";
// `READY=1` ends it, whatever came of the reload.
std::string reloading(Instant now);
// Which process is the service's main one from now on.
std::string main_process(pid_t pid);

// Nothing where nobody wants to know. A failure is logged.
void tell_service_manager(std::string_view message);

}  // namespace penstock
