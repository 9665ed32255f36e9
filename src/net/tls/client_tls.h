#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/tls/certificate.h"
#include "net/tls/tls_config.h"
#include "net/tls/tls_stream.h"
#include "net/tls/tls_worker.h"

struct ssl_session_st;
struct x509_store_st;

namespace penstock {

// Authorities that are trusted, as they were read from a file; for every worker apart. Immutable.
class Trust {
 public:
  // The error is a sentence. Blocks.
  static std::expected<std::shared_ptr<const Trust>, std::string> load(const std::string& file,
                                                                       const TlsWorkers& workers);
  // The file of those that the system trusts; empty when there is none.
  static std::string system_file();
  Trust(const Trust&) = delete;
  Trust& operator=(const Trust&) = delete;
  ~Trust();

  x509_store_st* store(std::size_t worker) const { return stores_[worker]; }

 private:
  Trust() = default;

  std::vector<x509_store_st*> stores_;
};

// What a service's TLS is made of, once its files are read.
struct ClientTlsTerms {
  std::shared_ptr<const Trust> trust;              // nullptr: the service is not verified.
  std::shared_ptr<const Certificate> certificate;  // Shown to services that ask; may be nullptr.
  std::string server_name;                         // Empty: the host.
};

// The session of a server that was issued last: connections to come go on from it. It may serve
// more than once: that a server could tell the gateway's connections apart matters to nobody. For
// one worker.
class LastSession {
 public:
  LastSession() = default;
  LastSession(const LastSession&) = delete;
  LastSession& operator=(const LastSession&) = delete;
  ~LastSession() { keep(nullptr); }

  void keep(ssl_session_st* session);  // Takes it over.
  ssl_session_st* get() const { return session_; }

 private:
  ssl_session_st* session_ = nullptr;
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

  // For a connection of `worker` to an instance on that host, which may be an IP address. The
  // session's place outlives what is made; nullptr: nothing is resumed.
  SslPointer connect(std::size_t worker, const std::string& host, LastSession* last) const;
  const ClientTlsTerms& terms() const { return terms_; }
  // Another for each one there ever was.
  std::uint64_t edition() const { return edition_; }

 private:
  struct Place;

  explicit ClientTls(ClientTlsTerms terms);

  const ClientTlsTerms terms_;
  const std::uint64_t edition_;
  std::vector<std::unique_ptr<Place>> places_;  // By worker.
};

}  // namespace penstock
