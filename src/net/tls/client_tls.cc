#include "net/tls/client_tls.h"

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <atomic>
#include <utility>

#include "net/address.h"
#include "net/tls/openssl.h"
#include "net/tls/terms.h"

namespace penstock {

// --- Trust

std::string Trust::system_file() {
  for (const char* const file : {X509_get_default_cert_file(), "/etc/ssl/certs/ca-certificates.crt",
                                 "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"})
    if (access(file, R_OK) == 0) return file;
  return {};
}

std::expected<std::shared_ptr<const Trust>, std::string> Trust::load(const std::string& file,
                                                                     const TlsWorkers& workers) {
  const auto text = load_trusted(file);
  if (!text) return std::unexpected(fmt::format("{}: {}", file, text.error()));
  std::shared_ptr<Trust> trust(new Trust);
  for (std::size_t i = 0; i < workers.size(); ++i) {
    auto* const store = X509_STORE_new();
    ensure(store != nullptr);
    trust->stores_.push_back(store);
    // One of an authority that itself is not in the file is trusted for its own sake.
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    const auto bio = bio_over(*text);
    for (;;) {
      X509* made = X509_new_ex(workers[i].library(), nullptr);
      const bool read = PEM_read_bio_X509(bio.get(), &made, nullptr, nullptr) != nullptr;
      const X509Pointer x509(made);
      if (!read) break;
      X509_STORE_add_cert(store, made);
    }
  }
  ERR_clear_error();
  return trust;
}

Trust::~Trust() {
  for (auto* const store : stores_) X509_STORE_free(store);
}

void LastSession::keep(SSL_SESSION* session) {
  SSL_SESSION_free(std::exchange(session_, session));
}

// --- Contexts

struct ClientTls::Place {
  SslContextPointer context;
};

namespace {

// Where an SSL has the last session of its server.
int last_session_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

int on_session(SSL* ssl, SSL_SESSION* session) {
  auto* const last = static_cast<LastSession*>(SSL_get_ex_data(ssl, last_session_index()));
  if (last == nullptr) return 0;
  last->keep(session);
  return 1;  // It was taken over.
}

std::uint64_t next_edition() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

ClientTls::ClientTls(ClientTlsTerms terms) : terms_(std::move(terms)), edition_(next_edition()) {}
ClientTls::~ClientTls() = default;

std::expected<std::shared_ptr<const ClientTls>, std::string> ClientTls::make(
    ClientTlsTerms terms, const TlsWorkers& workers) {
  std::shared_ptr<ClientTls> made(new ClientTls(std::move(terms)));
  for (std::size_t i = 0; i < workers.size(); ++i) {
    auto* const library = workers[i].library();
    SslContextPointer context(SSL_CTX_new_ex(library, nullptr, TLS_client_method()));
    auto* const raw = context.get();
    if (raw == nullptr || !set_terms(raw, TlsVersion::tls12))
      return std::unexpected(openssl_words());
    if (made->terms_.trust) SSL_CTX_set1_cert_store(raw, made->terms_.trust->store(i));
    if (made->terms_.certificate) {
      const auto used = use_certificate(raw, *made->terms_.certificate, library);
      if (!used) return std::unexpected(used.error());
    }
    SSL_CTX_set_verify(raw, made->terms_.trust ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(raw, on_session);
    made->places_.push_back(std::make_unique<Place>(Place{std::move(context)}));
  }
  return made;
}

SslPointer ClientTls::connect(std::size_t worker, const std::string& host,
                              LastSession* last) const {
  const auto& name = terms_.server_name.empty() ? host : terms_.server_name;
  SslPointer ssl(SSL_new(places_[worker]->context.get()));
  ensure(ssl != nullptr);
  auto* const raw = ssl.get();
  SSL_set_connect_state(raw);
  SSL_set_ex_data(raw, last_session_index(), last);
  static constexpr unsigned char kProtocols[] = "\x08http/1.1";
  SSL_set_alpn_protos(raw, kProtocols, sizeof kProtocols - 1);
  auto* const verify = SSL_get0_param(raw);
  if (IpAddress::parse(name)) {
    X509_VERIFY_PARAM_set1_ip_asc(verify, name.c_str());
  } else {
    SSL_set_tlsext_host_name(raw, name.c_str());
    X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM_set1_host(verify, name.data(), name.size());
  }
  if (last != nullptr && last->get() != nullptr) {
    // OpenSSL lets a session of TLS 1.3 serve once.
    const SessionPointer copy(SSL_SESSION_dup(last->get()));
    if (copy) SSL_set_session(raw, copy.get());
  }
  return ssl;
}

}  // namespace penstock
