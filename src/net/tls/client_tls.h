#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/tls/certificate.h"
#include "net/tls/tls_stream.h"
#include "net/tls/tls_worker.h"

struct ssl_session_st;

namespace penstock {

// What a service's TLS is made of, once its files are read.
struct ClientTlsTerms {
  std::optional<std::string> trusted;              // PEM; the system's where there is none.
  std::shared_ptr<const Certificate> certificate;  // Shown to services that ask; may be nullptr.
  bool verify = true;
};

// The session that the next connection to the same endpoint may resume; one worker's. A ticket is
// used once (RFC 8446 §C.4).
class TlsSessions {
 public:
  TlsSessions() = default;
  TlsSessions(const TlsSessions&) = delete;
  TlsSessions& operator=(const TlsSessions&) = delete;
  ~TlsSessions() { clear(); }

  void keep(ssl_session_st* session);  // Takes it over.
  ssl_session_st* take();              // Gives it away; nullptr when there is none.
  void clear();

 private:
  static constexpr std::size_t kMost = 4;
  std::vector<ssl_session_st*> sessions_;
};

// The client's side of TLS towards one service: a context for every worker. Immutable.
class ClientTls {
 public:
  // The error is a sentence. The workers outlive it. Takes milliseconds: not for a loop.
  static std::expected<std::shared_ptr<const ClientTls>, std::string> make(
      ClientTlsTerms terms, const TlsWorkers& workers);
  ClientTls(const ClientTls&) = delete;
  ClientTls& operator=(const ClientTls&) = delete;
  ~ClientTls();

  // For a connection of `worker` to a server of that name, which may be an IP address. The sessions
  // outlive what is made.
  SslPointer connect(std::size_t worker, const std::string& name, TlsSessions* sessions) const;
  const ClientTlsTerms& terms() const { return terms_; }

 private:
  struct Place;

  explicit ClientTls(ClientTlsTerms terms);

  const ClientTlsTerms terms_;
  std::vector<std::unique_ptr<Place>> places_;  // By worker.
};

}  // namespace penstock
