#include "net/tls/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/tls/test_certificates.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Type = Certificate::KeyType;
using File = FileFault::File;

CivilTime now() {
  return {time(nullptr)};
}

// The one fault of files that cannot be used, as a user reads it.
std::string fault_of(const CertificateFiles& files) {
  const auto loaded = load_certificate(files, now());
  EXPECT_FALSE(loaded.has_value());
  return loaded ? std::string() : to_text(loaded.error(), files);
}

std::vector<std::string> warnings_of(const CertificateFiles& files) {
  const auto loaded = load_certificate(files, now());
  EXPECT_TRUE(loaded.has_value()) << (loaded ? "" : loaded.error().text);
  std::vector<std::string> texts;
  if (loaded)
    for (const auto& warning : loaded->warnings) texts.push_back(warning.text);
  return texts;
}

TEST(Certificate, IsReadWithItsNamesAndDates) {
  const TestCertificate made(
      {.common_name = "Shop", .names = {"Shop.Example.com", "*.example.com"}});
  const auto loaded = load_certificate(made.files(), now());
  ASSERT_TRUE(loaded.has_value());
  EXPECT_TRUE(loaded->warnings.empty());
  const auto& certificate = *loaded->certificate;
  EXPECT_EQ(certificate.common_name, "Shop");
  EXPECT_THAT(certificate.names, ElementsAre("shop.example.com", "*.example.com"));
  EXPECT_EQ(certificate.key_type, Type::ecdsa);
  EXPECT_NEAR(static_cast<double>(certificate.not_after.seconds),
              static_cast<double>(now().seconds + 24L * 3600), 5);
}

TEST(Certificate, KnowsTheKindsOfKeys) {
  for (const auto type : {Type::rsa, Type::ecdsa, Type::ed25519})
    EXPECT_EQ(TestCertificate({.key_type = type}).load()->key_type, type);
}

TEST(Certificate, NamesTheFileThatCannotBeRead) {
  const TestCertificate made;
  const auto& good = made.files();
  EXPECT_EQ(fault_of({"/nowhere/a.pem", good.key, {}}),
            "/nowhere/a.pem: it cannot be read: No such file or directory");
  EXPECT_EQ(fault_of({good.certificate, "/nowhere/a.key", {}}),
            "/nowhere/a.key: it cannot be read: No such file or directory");
  EXPECT_EQ(fault_of({testing::TempDir(), good.key, {}}), testing::TempDir() + ": it is no file");
  EXPECT_EQ(fault_of({good.certificate, good.key, "/nowhere/a.der"}),
            "/nowhere/a.der: it cannot be read: No such file or directory");
}

TEST(Certificate, RefusesWhatIsNoPem) {
  const TestCertificate made;
  const auto junk = TestCertificate::file("junk");
  EXPECT_EQ(fault_of({junk, made.files().key, {}}), junk + ": it holds no certificate in PEM");
  EXPECT_EQ(fault_of({made.files().certificate, junk, {}}),
            junk + ": it holds no private key in PEM");
  const auto broken = TestCertificate::file(
      made.pem() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_EQ(fault_of({broken, made.files().key, {}}), broken + ": a certificate in it is broken");
  const auto large = TestCertificate::file(std::string((1U << 20) + 1, ' '));
  EXPECT_EQ(fault_of({large, made.files().key, {}}), large + ": it is longer than 1 MiB");
}

TEST(Certificate, RefusesAKeyThatIsAnothers) {
  const TestCertificate one;
  const TestCertificate other;
  EXPECT_EQ(fault_of({one.files().certificate, other.files().key, {}}),
            other.files().key + ": its key does not belong to the certificate in " +
                one.files().certificate);
}

TEST(Certificate, RefusesAnEncryptedKey) {
  const TestCertificate made;
  const BioPointer bio(BIO_new(BIO_s_mem()));
  char passphrase[] = "secret";
  PEM_write_bio_PrivateKey(bio.get(), made.key(), EVP_aes_256_cbc(),
                           reinterpret_cast<unsigned char*>(passphrase), 6, nullptr, nullptr);
  const auto file = TestCertificate::file(TestCertificate::text_of(bio.get()));
  EXPECT_EQ(fault_of({made.files().certificate, file, {}}),
            file + ": its key is encrypted, expected one without a passphrase");
}

TEST(Certificate, RefusesAWeakKey) {
  const TestCertificate weak({.key_type = Type::rsa, .rsa_bits = 1024});
  EXPECT_THAT(fault_of(weak.files()),
              HasSubstr("its RSA key has 1024 bits, expected 2048 or more"));
}

TEST(Certificate, RefusesAKeyOfAKindThatItDoesNotServe) {
  const TestCertificate strange({.strange_key = "ED448"});
  EXPECT_EQ(fault_of(strange.files()),
            strange.files().key + ": its key is of another kind than RSA, ECDSA and Ed25519");
}

TEST(Certificate, WarnsOfWhatClientsWillRefuse) {
  EXPECT_THAT(warnings_of(TestCertificate({.valid_from = -7200, .valid_to = -3600}).files()),
              ElementsAre(HasSubstr("has expired on ")));
  EXPECT_THAT(warnings_of(TestCertificate({.valid_from = 3600}).files()),
              ElementsAre(HasSubstr("is valid only from ")));
  EXPECT_THAT(warnings_of(TestCertificate({.names = {}}).files()),
              ElementsAre(HasSubstr("names no host")));
}

TEST(Certificate, WarnsOfAChainInDisorder) {
  const TestCertificate root({.common_name = "root", .names = {}, .authority = true});
  const TestCertificate leaf({}, &root);
  auto files = leaf.files();
  files.certificate = TestCertificate::file(leaf.pem() + root.pem());
  EXPECT_TRUE(warnings_of(files).empty());
  files.certificate = TestCertificate::file(leaf.pem() + TestCertificate().pem());
  EXPECT_THAT(warnings_of(files), ElementsAre(HasSubstr("order of their chain")));
}

// --- OCSP

std::string response_for(const TestCertificate& certificate, const TestCertificate& issuer,
                         int status, long next_update) {
  auto* const basic = OCSP_BASICRESP_new();
  auto* const id = OCSP_cert_to_id(nullptr, certificate.x509(), issuer.x509());
  auto* const from = X509_gmtime_adj(nullptr, -7200);
  auto* const to = X509_gmtime_adj(nullptr, next_update);
  OCSP_basic_add1_status(basic, id, status, 0, status == V_OCSP_CERTSTATUS_REVOKED ? from : nullptr,
                         from, to);
  OCSP_basic_sign(basic, issuer.x509(), issuer.key(), EVP_sha256(), nullptr, 0);
  auto* const response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  unsigned char* der = nullptr;
  const int size = i2d_OCSP_RESPONSE(response, &der);
  std::string bytes(der, der + size);
  OPENSSL_free(der);
  OCSP_RESPONSE_free(response);
  ASN1_TIME_free(to);
  ASN1_TIME_free(from);
  OCSP_CERTID_free(id);
  OCSP_BASICRESP_free(basic);
  return bytes;
}

TEST(Certificate, RefusesTheWordOfAnOcspResponderThatFailed) {
  auto* const response = OCSP_response_create(OCSP_RESPONSE_STATUS_TRYLATER, nullptr);
  unsigned char* der = nullptr;
  const int size = i2d_OCSP_RESPONSE(response, &der);
  const TestCertificate made;
  auto files = made.files();
  files.ocsp = TestCertificate::file(std::string(der, der + size));
  OPENSSL_free(der);
  OCSP_RESPONSE_free(response);
  EXPECT_EQ(fault_of(files), files.ocsp + ": its OCSP response says that the responder failed");
}

TEST(Certificate, TakesAnOcspResponseThatIsAboutItAndFresh) {
  const TestCertificate root({.common_name = "root", .names = {}, .authority = true});
  const TestCertificate leaf({}, &root);
  const TestCertificate other({}, &root);
  auto files = leaf.files();
  const auto fresh = response_for(leaf, root, V_OCSP_CERTSTATUS_GOOD, 3600);
  files.ocsp = TestCertificate::file(fresh);
  const auto loaded = load_certificate(files, now());
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->certificate->ocsp, fresh);
  EXPECT_TRUE(loaded->warnings.empty());

  files.ocsp = TestCertificate::file(response_for(leaf, root, V_OCSP_CERTSTATUS_GOOD, -3600));
  const auto stale = load_certificate(files, now());
  ASSERT_TRUE(stale.has_value());
  EXPECT_EQ(stale->certificate->ocsp, "");
  EXPECT_THAT(warnings_of(files), ElementsAre(HasSubstr("has expired, so it is not sent")));

  files.ocsp = TestCertificate::file(response_for(leaf, root, V_OCSP_CERTSTATUS_REVOKED, 3600));
  EXPECT_THAT(warnings_of(files), ElementsAre(HasSubstr("revoked")));
  files.ocsp = TestCertificate::file(response_for(other, root, V_OCSP_CERTSTATUS_GOOD, 3600));
  EXPECT_THAT(fault_of(files), HasSubstr("is about another certificate"));
  files.ocsp = TestCertificate::file("junk");
  EXPECT_THAT(fault_of(files), HasSubstr("it holds no OCSP response in DER"));
}

}  // namespace
}  // namespace penstock
