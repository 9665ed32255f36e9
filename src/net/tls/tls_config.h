#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "net/tls/certificate.h"
#include "schema/describe.h"

namespace penstock {

enum class TlsVersion : std::uint8_t { tls12, tls13 };
constexpr auto schema_choices(TlsVersion) {
  return std::array{schema::choice("1.2", TlsVersion::tls12),
                    schema::choice("1.3", TlsVersion::tls13)};
}

struct CertificateConfig {
  schema::Located<std::string> cert_file;
  schema::Located<std::string> key_file;
  schema::Located<std::string> ocsp_file;

  CertificateFiles files() const { return {cert_file.value, key_file.value, ocsp_file.value}; }

  static constexpr auto describe() {
    using C = CertificateConfig;
    return schema::object(
        schema::field("certFile", &C::cert_file,
                      "The certificate in PEM, followed by those that lead to its authority.")
            .required(),
        schema::field("keyFile", &C::key_file,
                      "Its private key in PEM, without a passphrase: RSA of 2048 bits or more, "
                      "ECDSA or Ed25519.")
            .required(),
        schema::field("ocspFile", &C::ocsp_file,
                      "An OCSP response for it in DER, sent to clients that ask (stapling)."));
  }
};

// Without their places: where something stands in a document changes nothing.
inline bool operator==(const CertificateConfig& a, const CertificateConfig& b) {
  return a.files() == b.files();
}

// A listener that speaks TLS.
struct ListenerTlsConfig {
  TlsVersion min_version = TlsVersion::tls12;
  std::vector<CertificateConfig> certificates;

  static constexpr auto describe() {
    using C = ListenerTlsConfig;
    return schema::object(
        schema::field("minVersion", &C::min_version, "The oldest version that is spoken."),
        schema::field("certificates", &C::certificates,
                      "Chosen by the name that a client asks for, exact before wildcard, and by "
                      "the kinds of key it accepts; the first for all others. Files that change "
                      "are taken in within seconds.")
            .required()
            .elements(1, 1'000));
  }
  friend bool operator==(const ListenerTlsConfig&, const ListenerTlsConfig&) = default;
};

// TLS towards a service.
struct ServiceTlsConfig {
  schema::Located<std::string> ca_file;
  schema::Located<std::string> server_name;
  schema::Located<std::string> cert_file;
  schema::Located<std::string> key_file;
  schema::Located<bool> verify{true, {}};

  friend bool operator==(const ServiceTlsConfig& a, const ServiceTlsConfig& b) {
    return a.ca_file.value == b.ca_file.value && a.server_name.value == b.server_name.value &&
           a.cert_file.value == b.cert_file.value && a.key_file.value == b.key_file.value &&
           a.verify.value == b.verify.value;
  }

  static constexpr auto describe() {
    using C = ServiceTlsConfig;
    return schema::object(
        schema::field("caFile", &C::ca_file,
                      "Certificates in PEM of the authorities that are trusted; the system's by "
                      "default."),
        schema::field("serverName", &C::server_name,
                      "The name that is asked for and that the certificate must be for; by "
                      "default the instance's host."),
        schema::field("certFile", &C::cert_file,
                      "The certificate in PEM that is shown to a service that asks for one."),
        schema::field("keyFile", &C::key_file, "Its private key in PEM, without a passphrase."),
        schema::field("verify", &C::verify,
                      "Whether the service's certificate is verified; `false` lets anybody on the "
                      "way pose as the service."));
  }
};

}  // namespace penstock
