#pragma once

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "net/tls/certificate.h"
#include "net/tls/openssl.h"

// For tests: certificates made on the spot, in files that last as long as the object.
namespace penstock {

struct TestCertificateSpec {
  std::string common_name = "test";
  std::vector<std::string> names = {"localhost"};  // DNS names.
  Certificate::KeyType key_type = Certificate::KeyType::ecdsa;
  int rsa_bits = 2048;
  const char* strange_key = nullptr;  // Another kind in place of `key_type`, as OpenSSL calls it.
  long valid_from = -3600;            // Seconds from now.
  long valid_to = 24L * 3600;
  bool authority = false;
};

class TestCertificate {
 public:
  using Spec = TestCertificateSpec;

  // Signed by itself, or by `issuer`.
  explicit TestCertificate(const Spec& spec = {}, const TestCertificate* issuer = nullptr)
      : key_(make_key(spec)), x509_(X509_new()) {
    auto* const x509 = x509_.get();
    X509_set_version(x509, X509_VERSION_3);
    static long serial = 1000;
    ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x509), spec.valid_from);
    X509_gmtime_adj(X509_getm_notAfter(x509), spec.valid_to);
    auto* const subject = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(spec.common_name.c_str()), -1,
                               -1, 0);
    const auto& by = issuer == nullptr ? *this : *issuer;
    X509_set_issuer_name(x509, X509_get_subject_name(by.x509_.get()));
    X509_set_pubkey(x509, key_.get());
    if (spec.authority) extend(NID_basic_constraints, "critical,CA:TRUE");
    std::string names;
    for (const auto& name : spec.names) names += (names.empty() ? "DNS:" : ",DNS:") + name;
    if (!names.empty()) extend(NID_subject_alt_name, names);
    const int kind = EVP_PKEY_get_base_id(by.key_.get());
    const bool plain = kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448;
    EXPECT_GT(X509_sign(x509, by.key_.get(), plain ? nullptr : EVP_sha256()), 0);
    write();
  }

  const CertificateFiles& files() const { return files_; }
  X509* x509() const { return x509_.get(); }
  EVP_PKEY* key() const { return key_.get(); }
  std::string pem() const {
    const BioPointer bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), x509_.get());
    return text_of(bio.get());
  }
  std::shared_ptr<const Certificate> load() const {
    auto loaded = load_certificate(files_, {time(nullptr)});
    EXPECT_TRUE(loaded.has_value()) << (loaded ? "" : loaded.error().text);
    return loaded ? loaded->certificate : nullptr;
  }

  // A file of the test's with that content; its path. It is gone with the process.
  static std::string file(const std::string& content) {
    struct Written {
      std::vector<std::string> paths;
      ~Written() {
        for (const auto& path : paths) std::remove(path.c_str());
      }
    };
    static Written written;
    auto path = testing::TempDir() + "tls-" + std::to_string(getpid()) + "-" +
                std::to_string(written.paths.size()) + ".pem";
    std::ofstream(path, std::ios::binary) << content;
    written.paths.push_back(path);
    return path;
  }
  static std::string text_of(BIO* bio) {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
  }

 private:
  static EVP_PKEY* make_key(const Spec& spec) {
    using Type = Certificate::KeyType;
    if (spec.strange_key != nullptr) return EVP_PKEY_Q_keygen(nullptr, nullptr, spec.strange_key);
    if (spec.key_type == Type::rsa) return EVP_RSA_gen(static_cast<unsigned>(spec.rsa_bits));
    if (spec.key_type == Type::ed25519) return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    return EVP_EC_gen("P-256");
  }
  void extend(int nid, const std::string& value) {
    auto* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    EXPECT_NE(extension, nullptr);
    X509_add_ext(x509_.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  void write() {
    const BioPointer bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    files_ = {file(pem()), file(text_of(bio.get())), {}};
  }

  KeyPointer key_;
  X509Pointer x509_;
  CertificateFiles files_;
};

}  // namespace penstock
