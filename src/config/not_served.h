#pragma once

#include <array>
#include <string_view>

namespace penstock {

// Keys that belong to the product and that this release does not serve: they are refused in words
// and not as misspellings; so are words of a choice (`key=word`). One leaves the list when the code
// that obeys it arrives.
inline constexpr auto kNotServed = std::to_array<std::string_view>({
    "store",
    "node",
    "redis",
    "*Policies",
    "consumers",
    "defaults.*Policy",
    "defaults.*Policies",
    "admin.tls",
    "health.tls",
    "listeners[].protocols",
    "listeners[].tls.clientAuth",
    "listeners[].proxyProtocol",
    "observability.tracing",
    "observability.metrics",
    "observability.accessLog.format=combined",
    "services[].protocol",
    "services[].discovery",
    "services[].healthCheck",
    "services[].circuitBreaker",
    "services[].bulkhead",
    "services[].fallback",
    "services[].loadBalancing.strategy=consistentHash",
    "services[].instances[].zone",
    "services[].instances[].region",
    "rateLimitPolicies[].algorithm",
    "rateLimitPolicies[].cost",
    "rateLimitPolicies[].mode",
    "rateLimitPolicies[].overrides",
    "rateLimitPolicies[].shadow",
    "rateLimitPolicies[].scope=apiKey",
    "rateLimitPolicies[].scope=region",
    "rateLimitPolicies[].scope=tenantId",
    "rateLimitPolicies[].scope.claim",
    "rateLimitPolicies[].scope[]=apiKey",
    "rateLimitPolicies[].scope[]=region",
    "rateLimitPolicies[].scope[]=tenantId",
    "rateLimitPolicies[].scope[].claim",
    "routes[].critical",
    "routes[].*Policy",
    "routes[].*Policies",
});

}  // namespace penstock
