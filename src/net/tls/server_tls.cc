#include "net/tls/server_tls.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/rand.h>

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "net/tls/openssl.h"
#include "net/tls/terms.h"

namespace penstock {
namespace {

// `*.example.com` for `www.example.com`; empty for a name of one label.
std::string wildcard_of(std::string_view name) {
  const auto dot = name.find('.');
  return dot == std::string_view::npos ? std::string() : "*" + std::string(name.substr(dot));
}

std::string lower_of(std::string_view name) {
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(), to_lower);
  return out;
}

}  // namespace

std::expected<Certificates, std::string> load_certificates(
    const std::vector<CertificateConfig>& configs, CivilTime now) {
  Certificates certificates;
  for (const auto& config : configs) {
    auto loaded = load_certificate(config.files(), now);
    if (!loaded) return std::unexpected(to_text(loaded.error(), config.files()));
    certificates.push_back(std::move(loaded->certificate));
  }
  return certificates;
}

// --- Names

CertificateNames::CertificateNames(const Certificates& certificates) {
  const auto& first = *certificates.front();
  Group fallback;
  fallback.fill(kNone);
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    // One of another key type serves beside the first where it has a name in common with it.
    const auto& names = certificates[i]->names;
    const bool shares = std::any_of(names.begin(), names.end(), [&](const auto& name) {
      return std::find(first.names.begin(), first.names.end(), name) != first.names.end();
    });
    auto& place = fallback[static_cast<std::size_t>(certificates[i]->key_type)];
    if ((i == 0 || shares) && place == kNone) place = i;
  }
  groups_.push_back(fallback);
  for (const auto& certificate : certificates)
    for (const auto& name : certificate->names) add(certificates, name);
}

void CertificateNames::add(const Certificates& certificates, const std::string& name) {
  if (by_name_.contains(name)) return;
  Group group;
  group.fill(kNone);
  const auto wildcard = wildcard_of(name);
  for (const auto& wanted : {name, wildcard}) {
    for (std::size_t i = 0; i < certificates.size(); ++i) {
      const auto& names = certificates[i]->names;
      auto& place = group[static_cast<std::size_t>(certificates[i]->key_type)];
      if (place == kNone && std::find(names.begin(), names.end(), wanted) != names.end()) place = i;
    }
  }
  by_name_.emplace(name, index_of(group));
}

std::size_t CertificateNames::index_of(const Group& group) {
  const auto known = std::find(groups_.begin(), groups_.end(), group);
  if (known != groups_.end()) return static_cast<std::size_t>(known - groups_.begin());
  groups_.push_back(group);
  return groups_.size() - 1;
}

std::size_t CertificateNames::find(std::string_view name) const {
  const auto exact = by_name_.find(lower_of(name));
  if (exact != by_name_.end()) return exact->second;
  const auto wildcard = by_name_.find(wildcard_of(lower_of(name)));
  return wildcard != by_name_.end() ? wildcard->second : 0;
}

// --- Contexts

// What one worker has of it.
struct ServerTls::Place {
  Place(const ServerTls& of, TlsWorker& of_worker) : tls(of), worker(of_worker) {}

  const ServerTls& tls;
  TlsWorker& worker;
  std::vector<SslContextPointer> contexts;  // By group.
  // What is stapled to which certificate; the contexts keep the certificates.
  std::vector<std::pair<const X509*, std::string_view>> staples;

  std::expected<void, std::string> add(const CertificateNames::Group& group, TlsVersion least);

  static int on_name(SSL* ssl, int* alert, void* place);
  static int on_protocols(SSL* ssl, const unsigned char** out, unsigned char* size,
                          const unsigned char* offered, unsigned int offered_size, void*);
  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int seal);
  static int on_status(SSL* ssl, void* place);
};

std::expected<void, std::string> ServerTls::Place::add(const CertificateNames::Group& group,
                                                       TlsVersion least) {
  SslContextPointer context(SSL_CTX_new_ex(worker.library(), nullptr, TLS_server_method()));
  if (!context) return std::unexpected(openssl_words());
  auto* const raw = context.get();
  if (!set_terms(raw, least)) return std::unexpected(openssl_words());
  for (const auto index : group) {
    if (index == CertificateNames::kNone) continue;
    const auto& certificate = *tls.certificates_[index];
    const auto used = use_certificate(raw, certificate, worker.library());
    if (!used) return std::unexpected(used.error());
    if (!certificate.ocsp.empty()) staples.emplace_back(*used, certificate.ocsp);
  }
  // Ours is the order of ciphers, but for a client without AES in hardware, which names ChaCha20 first.
  SSL_CTX_set_options(
      raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 1);
  SSL_CTX_set_timeout(raw, std::chrono::floor<std::chrono::seconds>(TicketKeys::kPeriod).count());
  SSL_CTX_set_max_early_data(raw, 0);
  SSL_CTX_set_tlsext_servername_callback(raw, on_name);
  SSL_CTX_set_tlsext_servername_arg(raw, this);
  SSL_CTX_set_alpn_select_cb(raw, on_protocols, nullptr);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(raw, on_ticket);
  SSL_CTX_set_tlsext_status_cb(raw, on_status);
  SSL_CTX_set_tlsext_status_arg(raw, this);
  SSL_CTX_set_app_data(raw, this);
  contexts.push_back(std::move(context));
  return {};
}

// --- OpenSSL's questions

int ServerTls::Place::on_name(SSL* ssl, int*, void* argument) {
  const auto& place = *static_cast<Place*>(argument);
  const auto* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  const auto group = place.tls.names_.find(name);
  if (group != 0) SSL_set_SSL_CTX(ssl, place.contexts[group].get());
  return SSL_TLSEXT_ERR_OK;
}

// A client that offers no protocols is not asked; one that offers only others is refused
// (RFC 7301 §3.2).
int ServerTls::Place::on_protocols(SSL*, const unsigned char** out, unsigned char* size,
                                   const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1\x08http/1.0";
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, size, kOurs, sizeof kOurs - 1, offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int ServerTls::Place::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv,
                                EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int seal) {
  auto& worker = static_cast<Place*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->worker;
  const auto now = TlsStream::of(ssl).loop().now();
  const auto& current = worker.tickets().current(now);
  const auto* const key = seal == 1 ? &current : worker.tickets().find(name, now);
  if (key == nullptr) return 0;
  if (seal == 1) {
    std::copy(key->name.begin(), key->name.end(), name);
    if (RAND_bytes_ex(worker.library(), iv, 16, 0) != 1) return -1;
  }
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(
          OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key->mac.data()), key->mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>("SHA256"), 0),
      OSSL_PARAM_construct_end()};
  const bool done =
      EVP_MAC_CTX_set_params(mac, params) == 1 &&
      EVP_CipherInit_ex(cipher, worker.ticket_cipher(), nullptr, key->cipher.data(), iv, seal) == 1;
  if (!done) return -1;
  // 2: a new ticket is due; one of TLS 1.3 serves once (RFC 8446 §C.4).
  return key == &current && SSL_version(ssl) < TLS1_3_VERSION ? 1 : 2;
}

int ServerTls::Place::on_status(SSL* ssl, void* argument) {
  const auto& place = *static_cast<Place*>(argument);
  const auto* const chosen = SSL_get_certificate(ssl);
  for (const auto& [certificate, response] : place.staples) {
    if (certificate != chosen) continue;
    auto* const copy = OPENSSL_memdup(response.data(), response.size());
    if (copy == nullptr) break;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response.size()));
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

// --- The whole

ServerTls::ServerTls(Certificates certificates)
    : certificates_(std::move(certificates)), names_(certificates_) {}

ServerTls::~ServerTls() = default;

std::expected<std::shared_ptr<const ServerTls>, std::string> ServerTls::make(
    Certificates certificates, TlsVersion least, const TlsWorkers& workers) {
  std::shared_ptr<ServerTls> made(new ServerTls(std::move(certificates)));
  for (std::size_t i = 0; i < workers.size(); ++i) {
    auto place = std::make_unique<Place>(*made, workers[i]);
    for (const auto& group : made->names_.groups()) {
      const auto added = place->add(group, least);
      if (!added) return std::unexpected(added.error());
    }
    made->places_.push_back(std::move(place));
  }
  return made;
}

SslPointer ServerTls::accept(std::size_t worker) const {
  SslPointer ssl(SSL_new(places_[worker]->contexts.front().get()));
  ensure(ssl != nullptr);
  SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace penstock
