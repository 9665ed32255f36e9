#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/tls/certificate.h"
#include "net/tls/tls_config.h"
#include "net/tls/tls_stream.h"
#include "net/tls/tls_worker.h"

namespace penstock {

// Certificates in the order in which they were configured.
using Certificates = std::vector<std::shared_ptr<const Certificate>>;

// Reads the files of all; the error is a sentence. Blocks.
std::expected<Certificates, std::string> load_certificates(
    const std::vector<CertificateConfig>& configs, CivilTime now);

// Which certificates serve which name. The first configured is what a client gets that names
// none of them. Immutable.
class CertificateNames {
 public:
  static constexpr std::size_t kNone = SIZE_MAX;
  // For each type of key a certificate's index, or kNone: a client chooses by what it offers.
  using Group = std::array<std::size_t, Certificate::kKeyTypes>;

  explicit CertificateNames(const Certificates& certificates);

  const std::vector<Group>& groups() const { return groups_; }
  // The index of the group that serves the name; 0, the default's, where none does. A wildcard
  // stands for one label (RFC 6125 §6.4.3).
  std::size_t find(std::string_view name) const;

 private:
  void add(const Certificates& certificates, const std::string& name);
  std::size_t index_of(const Group& group);

  std::vector<Group> groups_;
  std::unordered_map<std::string, std::size_t> by_name_;
};

// The server's side of TLS with one set of certificates: a context for every worker, which shares
// nothing with another's. Immutable.
class ServerTls {
 public:
  // The error is a sentence. The workers outlive it. Takes milliseconds: not for a loop.
  static std::expected<std::shared_ptr<const ServerTls>, std::string> make(
      Certificates certificates, TlsVersion least, const TlsWorkers& workers);
  ServerTls(const ServerTls&) = delete;
  ServerTls& operator=(const ServerTls&) = delete;
  ~ServerTls();

  // For a connection that `worker` accepted.
  SslPointer accept(std::size_t worker) const;
  const Certificates& certificates() const { return certificates_; }

 private:
  struct Place;

  explicit ServerTls(Certificates certificates);

  const Certificates certificates_;
  const CertificateNames names_;
  std::vector<std::unique_ptr<Place>> places_;  // By worker.
};

}  // namespace penstock
