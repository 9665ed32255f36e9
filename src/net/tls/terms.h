#pragma once

#include "net/tls/openssl.h"
#include "net/tls/server_tls.h"

namespace penstock {

// What both sides agree to at the most: Mozilla's "intermediate", without the ciphers that need
// finite-field groups, which all its clients can do without. False, with OpenSSL's error, if
// OpenSSL knows less than that.
bool set_terms(SSL_CTX* context, TlsVersion least);

// Puts the certificate with its chain and key into the context, which keeps it, and returns it. The
// error is a sentence.
std::expected<const X509*, std::string> use_certificate(SSL_CTX* context,
                                                        const Certificate& certificate,
                                                        OSSL_LIB_CTX* library);

}  // namespace penstock
