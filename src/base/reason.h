#pragma once

#include <cstdint>
#include <string_view>

namespace penstock {

// Who failed when the gateway answers by itself.
enum class Side : std::uint8_t { client, gateway, upstream };

// Why the gateway itself answered, or closed. `code` is the stable word for it: the problem's
// `code`, the log field, the metric label. Reasons are constants with static storage, told apart by
// address; those of a policy are declared in its own folder.
struct Reason {
  std::string_view code;
  std::uint16_t status;
  Side side;
  std::string_view sentence;      // Public: what went wrong, in words that give nothing away.
  std::string_view proxy_status;  // RFC 9209 §2.3 error type; empty where none fits.
};

namespace reasons {

// What the client sent (guard, match).
inline constexpr Reason kMalformedRequest{"malformed_request", 400, Side::client,
                                          "The request is not well-formed HTTP.",
                                          "http_request_error"};
inline constexpr Reason kRequestLineTooLong{"request_line_too_long", 414, Side::client,
                                            "The request line is too long.", "http_request_error"};
inline constexpr Reason kHeaderTooLarge{"header_too_large", 431, Side::client,
                                        "The header fields are too large.", "http_request_error"};
inline constexpr Reason kTooManyHeaders{"too_many_headers", 431, Side::client,
                                        "There are too many header fields.", "http_request_error"};
inline constexpr Reason kBodyTooLarge{"body_too_large", 413, Side::client,
                                      "The request body is too large.", "http_request_error"};
inline constexpr Reason kRequestTimeout{"request_timeout", 408, Side::client,
                                        "The request did not arrive in time.",
                                        "http_request_error"};
inline constexpr Reason kVersionUnsupported{"version_unsupported", 505, Side::client,
                                            "This HTTP version is not served.",
                                            "http_request_error"};
inline constexpr Reason kTransferCodingUnsupported{"transfer_coding_unsupported", 501, Side::client,
                                                   "This transfer coding is not understood.",
                                                   "http_request_error"};
inline constexpr Reason kExpectationFailed{"expectation_failed", 417, Side::client,
                                           "The only expectation served is 100-continue.",
                                           "http_request_error"};
inline constexpr Reason kMethodRefused{"method_refused", 405, Side::client,
                                       "This method is not served by the gateway.",
                                       "http_request_denied"};
inline constexpr Reason kMisdirected{"misdirected", 421, Side::client,
                                     "This connection is not one for https.",
                                     "http_request_denied"};
inline constexpr Reason kTlsRequired{"tls_required", 400, Side::client,
                                     "This address speaks https only.", "http_request_error"};
inline constexpr Reason kNoRoute{"no_route", 404, Side::client, "Nothing is served here.",
                                 "destination_not_found"};
inline constexpr Reason kMethodNotAllowed{"method_not_allowed", 405, Side::client,
                                          "This method is not allowed here.",
                                          "http_request_denied"};
inline constexpr Reason kUnknownVersion{"unknown_version", 400, Side::client,
                                        "This version is not served.", "http_request_error"};
inline constexpr Reason kVersionMissing{"version_missing", 400, Side::client,
                                        "The request does not say which version it is for.",
                                        "http_request_error"};
inline constexpr Reason kClientClosed{"client_closed", 499, Side::client,
                                      "The client went away before the answer was complete.",
                                      "connection_terminated"};
inline constexpr Reason kLoop{"loop_detected", 508, Side::client,
                              "The request has been through this gateway before.",
                              "proxy_loop_detected"};

// What the gateway decided or could not do.
inline constexpr Reason kNoAuthPolicy{"no_auth_policy", 401, Side::gateway,
                                      "This route is protected and no way to authenticate is "
                                      "configured.",
                                      "http_request_denied"};
inline constexpr Reason kInternal{"internal_error", 500, Side::gateway, "The gateway failed.",
                                  "proxy_internal_error"};
inline constexpr Reason kDraining{"draining", 503, Side::gateway, "The gateway is shutting down.",
                                  "proxy_internal_response"};
inline constexpr Reason kOverloadMemory{"overload_memory", 503, Side::gateway,
                                        "The gateway is short of memory.",
                                        "proxy_internal_response"};
inline constexpr Reason kOverloadDescriptors{"overload_descriptors", 503, Side::gateway,
                                             "The gateway is short of connections.",
                                             "proxy_internal_response"};
inline constexpr Reason kOverloadLag{"overload_lag", 503, Side::gateway,
                                     "The gateway has more to do than it can.",
                                     "proxy_internal_response"};
inline constexpr Reason kConnectionLimit{"connection_limit", 503, Side::gateway,
                                         "The gateway has too many connections.",
                                         "connection_limit_reached"};

// What happened on the way to the service.
inline constexpr Reason kNoEndpoint{"no_healthy_endpoint", 503, Side::upstream,
                                    "The service has no healthy instance.",
                                    "destination_unavailable"};
inline constexpr Reason kPoolExhausted{"pool_exhausted", 503, Side::upstream,
                                       "Too many connections to the service.",
                                       "connection_limit_reached"};
inline constexpr Reason kCircuitOpen{"circuit_open", 503, Side::upstream,
                                     "The service fails and is left alone for a while.",
                                     "destination_unavailable"};
inline constexpr Reason kBulkheadFull{"bulkhead_full", 503, Side::upstream,
                                      "The service has all the requests it is given at a time.",
                                      "connection_limit_reached"};
inline constexpr Reason kPendingTimeout{"pending_timeout", 503, Side::upstream,
                                        "The service did not get to the request in time.",
                                        "connection_limit_reached"};
inline constexpr Reason kConnectRefused{"upstream_connect_refused", 502, Side::upstream,
                                        "The service refused the connection.",
                                        "connection_refused"};
inline constexpr Reason kConnectFailed{"upstream_connect_failed", 502, Side::upstream,
                                       "The service could not be reached.",
                                       "destination_ip_unroutable"};
inline constexpr Reason kConnectTimeout{"upstream_connect_timeout", 504, Side::upstream,
                                        "The service did not accept the connection in time.",
                                        "connection_timeout"};
inline constexpr Reason kUpstreamUntrusted{"upstream_certificate_untrusted", 502, Side::upstream,
                                           "The service's certificate is not to be trusted.",
                                           "tls_certificate_error"};
inline constexpr Reason kUpstreamName{"upstream_certificate_name", 502, Side::upstream,
                                      "The service's certificate is for another name.",
                                      "tls_certificate_error"};
inline constexpr Reason kUpstreamExpired{"upstream_certificate_expired", 502, Side::upstream,
                                         "The service's certificate has expired.",
                                         "tls_certificate_error"};
inline constexpr Reason kUpstreamTls{"upstream_tls_failed", 502, Side::upstream,
                                     "The service does not speak TLS as it should.",
                                     "tls_protocol_error"};
inline constexpr Reason kUpstreamAlert{"upstream_tls_refused", 502, Side::upstream,
                                       "The service refused the gateway over TLS.",
                                       "tls_alert_received"};
inline constexpr Reason kUpstreamClosed{"upstream_closed", 502, Side::upstream,
                                        "The service closed the connection before its answer was "
                                        "complete.",
                                        "connection_terminated"};
inline constexpr Reason kUpstreamIncomplete{"upstream_incomplete", 502, Side::upstream,
                                            "The service's answer was cut short.",
                                            "http_response_incomplete"};
inline constexpr Reason kUpstreamMalformed{"upstream_malformed", 502, Side::upstream,
                                           "The service's answer is not well-formed HTTP.",
                                           "http_protocol_error"};
inline constexpr Reason kUpstreamHeaderTooLarge{"upstream_header_too_large", 502, Side::upstream,
                                                "The service's answer has too large a header.",
                                                "http_response_header_section_size"};
inline constexpr Reason kUpstreamTransferCoding{"upstream_transfer_coding", 502, Side::upstream,
                                                "The service's answer has an unknown transfer "
                                                "coding.",
                                                "http_response_transfer_coding"};
inline constexpr Reason kUpgradeFailed{"upgrade_failed", 502, Side::upstream,
                                       "The service did not switch protocols as it was asked to.",
                                       "http_upgrade_failed"};
inline constexpr Reason kFirstByteTimeout{"upstream_first_byte_timeout", 504, Side::upstream,
                                          "The service did not begin its answer in time.",
                                          "http_response_timeout"};
inline constexpr Reason kTryTimeout{"upstream_try_timeout", 504, Side::upstream,
                                    "The service did not answer this try in time.",
                                    "http_response_timeout"};
inline constexpr Reason kIdleTimeout{"upstream_idle_timeout", 504, Side::upstream,
                                     "The service stalled within its answer.",
                                     "connection_read_timeout"};
inline constexpr Reason kWriteTimeout{"upstream_write_timeout", 504, Side::upstream,
                                      "The service did not take the request in time.",
                                      "connection_write_timeout"};
inline constexpr Reason kTotalTimeout{"upstream_timeout", 504, Side::upstream,
                                      "The service did not finish its answer in time.",
                                      "http_response_timeout"};
inline constexpr Reason kStreamAge{"stream_age", 504, Side::gateway,
                                   "The stream reached its longest age.", "http_response_timeout"};

// All of the above, for the reference.
inline constexpr const Reason* kAll[] = {&kMalformedRequest,
                                         &kRequestLineTooLong,
                                         &kHeaderTooLarge,
                                         &kTooManyHeaders,
                                         &kBodyTooLarge,
                                         &kRequestTimeout,
                                         &kVersionUnsupported,
                                         &kTransferCodingUnsupported,
                                         &kExpectationFailed,
                                         &kMethodRefused,
                                         &kMisdirected,
                                         &kTlsRequired,
                                         &kNoRoute,
                                         &kMethodNotAllowed,
                                         &kUnknownVersion,
                                         &kVersionMissing,
                                         &kClientClosed,
                                         &kLoop,
                                         &kNoAuthPolicy,
                                         &kInternal,
                                         &kDraining,
                                         &kOverloadMemory,
                                         &kOverloadDescriptors,
                                         &kOverloadLag,
                                         &kConnectionLimit,
                                         &kNoEndpoint,
                                         &kPoolExhausted,
                                         &kCircuitOpen,
                                         &kBulkheadFull,
                                         &kPendingTimeout,
                                         &kConnectRefused,
                                         &kConnectFailed,
                                         &kConnectTimeout,
                                         &kUpstreamClosed,
                                         &kUpstreamIncomplete,
                                         &kUpstreamUntrusted,
                                         &kUpstreamName,
                                         &kUpstreamExpired,
                                         &kUpstreamTls,
                                         &kUpstreamAlert,
                                         &kUpstreamMalformed,
                                         &kUpstreamHeaderTooLarge,
                                         &kUpstreamTransferCoding,
                                         &kUpgradeFailed,
                                         &kFirstByteTimeout,
                                         &kTryTimeout,
                                         &kIdleTimeout,
                                         &kWriteTimeout,
                                         &kTotalTimeout,
                                         &kStreamAge};

}  // namespace reasons
}  // namespace penstock
