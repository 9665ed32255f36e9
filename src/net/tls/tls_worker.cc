#include "net/tls/tls_worker.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/ensure.h"

namespace penstock {

TlsWorker::TlsWorker(const TicketKeys::Secret& secret, Instant begin)
    : library_(OSSL_LIB_CTX_new()),
      ticket_cipher_(EVP_CIPHER_fetch(library_, "AES-256-CBC", nullptr)),
      tickets_(secret, begin) {
  ensure(library_ != nullptr && ticket_cipher_ != nullptr);
}

TlsWorker::~TlsWorker() {
  EVP_CIPHER_free(ticket_cipher_);
  OSSL_LIB_CTX_free(library_);
}

TlsWorkers::TlsWorkers(std::size_t count, Instant begin) {
  TicketKeys::Secret secret;
  ensure(RAND_bytes(secret.data(), static_cast<int>(secret.size())) == 1);
  for (std::size_t i = 0; i < count; ++i)
    workers_.push_back(std::make_unique<TlsWorker>(secret, begin));
  OPENSSL_cleanse(secret.data(), secret.size());
}

}  // namespace penstock
