#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace penstock::bench {

struct TlsContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct TlsFree {
  void operator()(SSL* session) const { SSL_free(session); }
};
using TlsContext = std::unique_ptr<SSL_CTX, TlsContextFree>;

// TLS 1.3 with one cipher and one group, so that every gateway does the same work; it trusts
// anybody and never resumes.
TlsContext make_tls_context();

// A connection to the gateway, plain or TLS, never waiting.
class Stream {
 public:
  // Plain without a context.
  Stream(int descriptor, SSL_CTX* context);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();  // Says goodbye, as TLS wants it, and closes.

  enum class State { opening, open, failed };
  // Goes on with the handshake where there is one; call it at every event until it is open.
  State open();
  // As receive() and send_some() do.
  long read(char* to, std::size_t size);
  long write(std::string_view bytes);
  // Tells of an event: only after one a plain stream asks the kernel again.
  void on_event(std::uint32_t events);

 private:
  long read_tls(char* to, std::size_t size);
  long write_tls(std::string_view bytes);
  // 0 for "not now", -1 for the end.
  long not_now_or_failed(int result);

  int descriptor_;
  std::unique_ptr<SSL, TlsFree> tls_;
  bool opened_ = false;
  bool readable_ = false;
  bool closing_ = false;  // The peer has sent its FIN: a short read is no longer the last one.
};

}  // namespace penstock::bench
