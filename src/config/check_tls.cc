#include "config/check_tls.h"

#include <fmt/format.h>

#include <ctime>
#include <memory>
#include <utility>

#include "config/names.h"
#include "net/tls/client_tls.h"
#include "net/tls/server_tls.h"

namespace penstock {
namespace {

using schema::Findings;
using schema::in_quotes;
using File = FileFault::File;

std::string about(const schema::Located<std::string>& file, const std::string& text) {
  return fmt::format("found {}: {}", in_quotes(file.value), text);
}

// Where a file of a certificate is named.
struct Place {
  const schema::Located<std::string>& file;
  std::string path;
};
Place place_of(const CertificateConfig& config, const std::string& path, File file) {
  if (file == File::certificate) return {config.cert_file, path + ".certFile"};
  if (file == File::key) return {config.key_file, path + ".keyFile"};
  return {config.ocsp_file, path + ".ocspFile"};
}

// nullptr when it is in error, which has been said then.
std::shared_ptr<const Certificate> check_certificate(const CertificateConfig& config,
                                                     const std::string& path, Findings& findings) {
  if (is_missing(config.cert_file) || is_missing(config.key_file)) return nullptr;
  auto loaded = load_certificate(config.files(), {std::time(nullptr)});
  if (!loaded) {
    const auto place = place_of(config, path, loaded.error().file);
    findings.error(place.file.at, place.path, about(place.file, loaded.error().text));
    return nullptr;
  }
  for (const auto& warning : loaded->warnings) {
    const auto place = place_of(config, path, warning.file);
    findings.warning(place.file.at, place.path, about(place.file, warning.text));
  }
  return std::move(loaded->certificate);
}

}  // namespace

void check_listener_tls(const ListenerTlsConfig& tls, const std::string& path, Findings& findings) {
  Certificates certificates;
  for (std::size_t i = 0; i < tls.certificates.size(); ++i) {
    auto certificate = check_certificate(tls.certificates[i],
                                         fmt::format("{}.certificates[{}]", path, i), findings);
    if (certificate) certificates.push_back(std::move(certificate));
  }
  if (certificates.empty() || certificates.size() < tls.certificates.size()) return;
  // What only OpenSSL knows to be wrong.
  const TlsWorkers workers(1, Instant{});
  const auto made = ServerTls::make(std::move(certificates), tls.min_version, workers);
  if (!made)
    findings.error(tls.certificates.front().cert_file.at, path + ".certificates", made.error());
}

void check_service_tls(const ServiceTlsConfig& tls, const std::string& path, Findings& findings) {
  if (!is_missing(tls.ca_file)) {
    const auto trusted = load_trusted(tls.ca_file.value);
    if (!trusted)
      findings.error(tls.ca_file.at, path + ".caFile", about(tls.ca_file, trusted.error()));
  }
  if (is_missing(tls.ca_file) && tls.verify.value && Trust::system_file().empty())
    findings.error(tls.verify.at, path,
                   "found no caFile and no authorities that the system trusts, expected caFile");
  if (!is_missing(tls.server_name) && !is_host(tls.server_name.value))
    findings.error(tls.server_name.at, path + ".serverName",
                   fmt::format("found {}, expected a host name or an IP address",
                               in_quotes(tls.server_name.value)));
  if (!tls.verify.value)
    findings.warning(tls.verify.at, path + ".verify",
                     "found false, so that anybody on the way can pose as the service; expected "
                     "true, with caFile where the system does not trust its authority");
  const bool certificate = !is_missing(tls.cert_file);
  const bool key = !is_missing(tls.key_file);
  if (certificate && !key)
    findings.error(tls.cert_file.at, path + ".certFile",
                   "found a certificate without its key, expected keyFile beside it");
  if (key && !certificate)
    findings.error(tls.key_file.at, path + ".keyFile",
                   "found a key without its certificate, expected certFile beside it");
  if (certificate && key) check_certificate({tls.cert_file, tls.key_file, {}}, path, findings);
}

}  // namespace penstock
