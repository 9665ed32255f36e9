#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "net/tls/ticket_keys.h"

struct evp_cipher_st;
struct ossl_lib_ctx_st;

namespace penstock {

// What TLS on one worker has for itself for as long as the process lives: OpenSSL's library
// context, whose locks then nobody else waits for, and the ticket keys.
class TlsWorker {
 public:
  TlsWorker(const TicketKeys::Secret& secret, Instant begin);
  TlsWorker(const TlsWorker&) = delete;
  TlsWorker& operator=(const TlsWorker&) = delete;
  ~TlsWorker();

  ossl_lib_ctx_st* library() const { return library_; }
  TicketKeys& tickets() { return tickets_; }
  const evp_cipher_st* ticket_cipher() const { return ticket_cipher_; }

 private:
  ossl_lib_ctx_st* library_;
  evp_cipher_st* ticket_cipher_;
  TicketKeys tickets_;
};

// All workers', with one secret. Contexts are made for them on any thread, one at a time; what is
// made is then used by its worker only. It outlives all of that.
class TlsWorkers {
 public:
  TlsWorkers(std::size_t count, Instant begin);

  std::size_t size() const { return workers_.size(); }
  TlsWorker& operator[](std::size_t index) const { return *workers_[index]; }

 private:
  std::vector<std::unique_ptr<TlsWorker>> workers_;
};

}  // namespace penstock
