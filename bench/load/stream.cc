#include "stream.h"

#include <openssl/err.h>
#include <unistd.h>

#include "sockets.h"

namespace penstock::bench {

TlsContext make_tls_context() {
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_ciphersuites(context.get(), "TLS_AES_128_GCM_SHA256") != 1 ||
      SSL_CTX_set1_groups_list(context.get(), "X25519") != 1) {
    give_up("OpenSSL");
  }
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);
  return context;
}

Stream::Stream(int descriptor, SSL_CTX* context) : descriptor_(descriptor) {
  if (context == nullptr) return;
  tls_.reset(SSL_new(context));
  if (!tls_ || SSL_set_fd(tls_.get(), descriptor) != 1) give_up("OpenSSL");
  SSL_set_tlsext_host_name(tls_.get(), "localhost");
  SSL_set_connect_state(tls_.get());
}

Stream::~Stream() {
  if (tls_ && opened_) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
  }
  ::close(descriptor_);
}

Stream::State Stream::open() {
  if (opened_ || !tls_) {
    opened_ = true;
    return State::open;
  }
  ERR_clear_error();
  const int result = SSL_do_handshake(tls_.get());
  opened_ = result == 1;
  if (opened_) return State::open;
  return not_now_or_failed(result) == 0 ? State::opening : State::failed;
}

void Stream::on_event(std::uint32_t events) {
  readable_ = true;
  closing_ = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
}

long Stream::read(char* to, std::size_t size) {
  if (tls_) return read_tls(to, size);
  if (!readable_) return -1;
  const auto got = receive(descriptor_, to, size);
  readable_ = got == static_cast<long>(size) || (got > 0 && closing_);
  return got;
}

long Stream::write(std::string_view bytes) {
  return tls_ ? write_tls(bytes) : send_some(descriptor_, bytes);
}

long Stream::read_tls(char* to, std::size_t size) {
  ERR_clear_error();
  const int got = SSL_read(tls_.get(), to, static_cast<int>(size));
  if (got > 0) return got;
  return not_now_or_failed(got) == 0 ? -1 : 0;
}

long Stream::write_tls(std::string_view bytes) {
  ERR_clear_error();
  const int sent = SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
  return sent > 0 ? sent : not_now_or_failed(sent);
}

long Stream::not_now_or_failed(int result) {
  const int why = SSL_get_error(tls_.get(), result);
  return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

}  // namespace penstock::bench
