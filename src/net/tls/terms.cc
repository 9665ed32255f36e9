#include "net/tls/terms.h"

#include <fmt/format.h>
#include <openssl/pem.h>

namespace penstock {
namespace {

constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kSuites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroups = "X25519:P-256:P-384";
// 112 bits: no RSA below 2048, no signature over SHA-1.
constexpr int kSecurityLevel = 2;

}  // namespace

bool set_terms(SSL_CTX* context, TlsVersion least) {
  SSL_CTX_set_security_level(context, kSecurityLevel);
  // The reader keeps what it has not used: OpenSSL is not to read ahead, nor to hold empty buffers.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION);
  const int version = least == TlsVersion::tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
  return SSL_CTX_set_min_proto_version(context, version) == 1 &&
         SSL_CTX_set_cipher_list(context, kCiphers) == 1 &&
         SSL_CTX_set_ciphersuites(context, kSuites) == 1 &&
         SSL_CTX_set1_groups_list(context, kGroups) == 1;
}

std::expected<const X509*, std::string> use_certificate(SSL_CTX* context,
                                                        const Certificate& certificate,
                                                        OSSL_LIB_CTX* library) {
  const auto trouble = [&] {
    return std::unexpected(fmt::format("the certificate in {} cannot be used: {}",
                                       certificate.files.certificate, openssl_words()));
  };
  const auto chain = bio_over(certificate.chain);
  const X509* first = nullptr;
  for (;;) {
    X509* made = X509_new_ex(library, nullptr);
    if (made == nullptr) return trouble();
    if (PEM_read_bio_X509(chain.get(), &made, nullptr, nullptr) == nullptr) {
      X509_free(made);
      break;
    }
    const X509Pointer x509(made);
    const bool taken = first == nullptr ? SSL_CTX_use_certificate(context, made) == 1
                                        : SSL_CTX_add1_chain_cert(context, made) == 1;
    if (!taken) return trouble();
    if (first == nullptr) first = made;
  }
  ERR_clear_error();
  const auto key_text = bio_over(certificate.key.bytes());
  const KeyPointer key(
      PEM_read_bio_PrivateKey_ex(key_text.get(), nullptr, nullptr, nullptr, library, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1) return trouble();
  return first;
}

}  // namespace penstock
