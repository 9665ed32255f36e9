#include "net/tls/client_tls.h"

#include "net/tls/test_tls.h"

namespace penstock {
namespace {

using Kind = HandshakeFailure::Kind;

class ClientTlsTest : public TlsTest {
 protected:
  Shaken asked(const ClientTls& client, const TestCertificate& shown, const std::string& host) {
    const auto server = serve({shown.load()});
    return connect(client.connect(0, host, nullptr), server->accept(0)).client_outcome;
  }
  static Kind kind_of(const Shaken& outcome) {
    EXPECT_FALSE(outcome.has_value());
    return outcome ? Kind::malformed : outcome.error().kind;
  }

  TestCertificate authority_{{.common_name = "authority", .names = {}, .authority = true}};
};

TEST_F(ClientTlsTest, VerifiesNameAndAuthority) {
  const TestCertificate good({.names = {"orders.internal"}}, &authority_);
  EXPECT_TRUE(asked(*trusting(authority_), good, "orders.internal").has_value());
  EXPECT_EQ(kind_of(asked(*trusting(authority_), good, "users.internal")), Kind::name);
  EXPECT_EQ(kind_of(asked(*trusting(authority_), good, "127.0.0.1")), Kind::name);
  EXPECT_TRUE(asked(*trusting(authority_, "orders.internal"), good, "127.0.0.1").has_value());
  const TestCertificate stranger({.names = {"orders.internal"}});
  const auto refused = asked(*trusting(authority_), stranger, "orders.internal");
  EXPECT_EQ(kind_of(refused), Kind::certificate);
  EXPECT_EQ(refused.error().detail, "self-signed certificate");
}

TEST_F(ClientTlsTest, RefusesWhatIsNotValidNow) {
  const TestCertificate expired({.valid_from = -7200, .valid_to = -3600}, &authority_);
  EXPECT_EQ(kind_of(asked(*trusting(authority_), expired, "localhost")), Kind::expired);
  const TestCertificate early({.valid_from = 3600, .valid_to = 7200}, &authority_);
  EXPECT_EQ(kind_of(asked(*trusting(authority_), early, "localhost")), Kind::expired);
}

TEST_F(ClientTlsTest, VerifiesNothingWhenToldSo) {
  const TestCertificate expired({.names = {"other"}, .valid_from = -7200, .valid_to = -3600});
  EXPECT_TRUE(asked(*trusting_anybody(), expired, "localhost").has_value());
}

TEST_F(ClientTlsTest, TrustsACertificateForItsOwnSake) {
  const TestCertificate leaf({}, &authority_);
  EXPECT_TRUE(asked(*trusting(leaf), leaf, "localhost").has_value());
}

TEST_F(ClientTlsTest, ShowsItsCertificateWhereItIsAskedFor) {
  const TestCertificate shown;
  const TestCertificate mine({.common_name = "gateway", .names = {"gateway"}}, &authority_);
  const auto server = serve({shown.load()});
  const auto client =
      *ClientTls::make({.trust = {}, .certificate = mine.load(), .server_name = {}}, workers);
  auto accepting = server->accept(0);
  X509_STORE* const store = X509_STORE_new();
  X509_STORE_add_cert(store, authority_.x509());
  SSL_set0_verify_cert_store(accepting.get(), store);
  SSL_set_verify(accepting.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  const auto pair = connect(client->connect(0, "localhost", nullptr), std::move(accepting));
  EXPECT_TRUE(pair.server_outcome.has_value());
  EXPECT_NE(SSL_get0_peer_certificate(pair.server->ssl()), nullptr);
}

TEST_F(ClientTlsTest, SaysWhichFileHoldsNobodyToTrust) {
  const auto absent = Trust::load("/nowhere/ca.pem", workers);
  ASSERT_FALSE(absent.has_value());
  EXPECT_EQ(absent.error(), "/nowhere/ca.pem: it cannot be read: No such file or directory");
  const auto file = TestCertificate::file("nothing");
  const auto empty = Trust::load(file, workers);
  ASSERT_FALSE(empty.has_value());
  EXPECT_EQ(empty.error(), file + ": it holds no certificate in PEM");
  const auto half = TestCertificate::file(
      authority_.pem() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const auto broken = Trust::load(half, workers);
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error(), half + ": a certificate in it is broken");
}

}  // namespace
}  // namespace penstock
