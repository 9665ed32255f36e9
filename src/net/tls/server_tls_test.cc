#include "net/tls/server_tls.h"

#include "net/tls/test_tls.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;
using Type = Certificate::KeyType;

std::string common_name_of(X509* x509) {
  char text[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName, text, sizeof text);
  return text;
}

class ServerTlsTest : public TlsTest {
 protected:
  // The common name of what a client gets that asks for `name`.
  std::string shown(const ServerTls& server, const std::string& name,
                    const char* signatures = nullptr) {
    auto ssl = trusting_anybody()->connect(0, name, nullptr);
    if (signatures != nullptr) SSL_set1_sigalgs_list(ssl.get(), signatures);
    const auto pair = connect(std::move(ssl), server.accept(0));
    EXPECT_TRUE(pair.client_outcome && pair.server_outcome);
    if (!pair.client_outcome) return {};
    return common_name_of(SSL_get0_peer_certificate(pair.client->ssl()));
  }
};

TEST_F(ServerTlsTest, ChoosesByNameExactBeforeWildcardBeforeTheFirst) {
  const TestCertificate first({.common_name = "first", .names = {"first.example"}});
  const TestCertificate wild({.common_name = "wild", .names = {"*.example.com"}});
  const TestCertificate exact({.common_name = "exact", .names = {"www.example.com"}});
  const auto server = serve({first.load(), wild.load(), exact.load()});
  EXPECT_EQ(shown(*server, "www.example.com"), "exact");
  EXPECT_EQ(shown(*server, "WWW.Example.COM"), "exact");
  EXPECT_EQ(shown(*server, "api.example.com"), "wild");
  EXPECT_EQ(shown(*server, "a.b.example.com"), "first") << "a wildcard is one label";
  EXPECT_EQ(shown(*server, "example.com"), "first");
  EXPECT_EQ(shown(*server, "localhost"), "first");
  EXPECT_EQ(shown(*server, "127.0.0.1"), "first") << "no name is sent for an address";
}

TEST_F(ServerTlsTest, ChoosesTheKeyThatTheClientCanVerify) {
  const TestCertificate rsa(
      {.common_name = "rsa", .names = {"a.example.com"}, .key_type = Type::rsa});
  const TestCertificate ecdsa({.common_name = "ecdsa", .names = {"a.example.com"}});
  const TestCertificate ed25519(
      {.common_name = "ed25519", .names = {"b.example.com"}, .key_type = Type::ed25519});
  const auto server = serve({rsa.load(), ecdsa.load(), ed25519.load()});
  const std::string only_rsa = "RSA-PSS+SHA256:RSA+SHA256";
  const std::string only_ecdsa = "ECDSA+SHA256";
  for (const auto* const name : {"a.example.com", "unknown.example"}) {
    EXPECT_EQ(shown(*server, name, only_rsa.c_str()), "rsa") << name;
    EXPECT_EQ(shown(*server, name, only_ecdsa.c_str()), "ecdsa") << name;
  }
  EXPECT_EQ(shown(*server, "b.example.com", "ed25519"), "ed25519");
}

// Else a client that speaks RSA only would fail where it could be served.
TEST_F(ServerTlsTest, AWildcardServesTheKeyTypesThatTheExactNameHasNot) {
  const TestCertificate wild(
      {.common_name = "wild", .names = {"*.example.com"}, .key_type = Type::rsa});
  const TestCertificate exact({.common_name = "exact", .names = {"a.example.com"}});
  const auto server = serve({wild.load(), exact.load()});
  EXPECT_EQ(shown(*server, "a.example.com", "ECDSA+SHA256"), "exact");
  EXPECT_EQ(shown(*server, "a.example.com", "RSA-PSS+SHA256"), "wild");
}

TEST_F(ServerTlsTest, SendsTheWholeChain) {
  const TestCertificate root({.common_name = "root", .names = {}, .authority = true});
  const TestCertificate middle({.common_name = "middle", .names = {}, .authority = true}, &root);
  const TestCertificate leaf({.common_name = "leaf"}, &middle);
  auto files = leaf.files();
  files.certificate = TestCertificate::file(leaf.pem() + middle.pem());
  const auto loaded = load_certificate(files, {time(nullptr)});
  ASSERT_TRUE(loaded.has_value());
  const auto server = serve({loaded->certificate});
  const auto client = trusting(root);
  const auto pair = connect(client->connect(0, "localhost", nullptr), server->accept(0));
  EXPECT_TRUE(pair.client_outcome.has_value());
}

TEST_F(ServerTlsTest, StaplesWhatTheCertificateHas) {
  auto certificate = std::make_shared<Certificate>(Certificate{});
  const TestCertificate made;
  const auto loaded = made.load();
  certificate->files = loaded->files;
  certificate->chain = loaded->chain;
  certificate->key = SecretBytes(std::string(loaded->key.bytes()));
  certificate->key_type = loaded->key_type;
  certificate->ocsp = "response";
  const auto server = serve({certificate});
  for (const bool asked : {true, false}) {
    auto ssl = trusting_anybody()->connect(0, "localhost", nullptr);
    if (asked) SSL_set_tlsext_status_type(ssl.get(), TLSEXT_STATUSTYPE_ocsp);
    const auto pair = connect(std::move(ssl), server->accept(0));
    ASSERT_TRUE(pair.client_outcome.has_value());
    const unsigned char* response = nullptr;
    const auto size = SSL_get_tlsext_status_ocsp_resp(pair.client->ssl(), &response);
    ASSERT_EQ(size, asked ? 8 : -1);
    if (asked) EXPECT_EQ(std::string(response, response + size), "response");
  }
}

class ResumptionTest : public ServerTlsTest {
 protected:
  // Whether a connection that `worker` accepts goes on from the session kept.
  bool resumes(const ServerTls& server, std::size_t worker, long version = TLS1_3_VERSION) {
    auto ssl = client_->connect(0, "localhost", &last_);
    SSL_set_max_proto_version(ssl.get(), version);
    auto pair = connect(std::move(ssl), server.accept(worker));
    EXPECT_TRUE(pair.client_outcome && pair.server_outcome);
    // The ticket of 1.3 comes with the first answer.
    run(answer(pair));
    return pair.server->resumed();
  }
  static Task<void> answer(TlsPair& ends) {
    const auto sent = co_await ends.server->send("answer", Timeout{});
    const auto got = co_await ends.client->recv(100, Timeout{});
    EXPECT_TRUE(sent && got);
  }

  TestCertificate certificate_;
  std::shared_ptr<const ServerTls> server_ = serve({certificate_.load()});
  std::shared_ptr<const ClientTls> client_ = trusting(certificate_);
  LastSession last_;
};

TEST_F(ResumptionTest, HoldsAcrossWorkersAndConnections) {
  for (const auto version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    last_.keep(nullptr);
    EXPECT_FALSE(resumes(*server_, 0, version));
    EXPECT_TRUE(resumes(*server_, 1, version));
    EXPECT_TRUE(resumes(*server_, 0, version));
  }
}

TEST_F(ResumptionTest, OutlivesTheCertificate) {
  EXPECT_FALSE(resumes(*server_, 0));
  const TestCertificate newer;
  EXPECT_TRUE(resumes(*serve({newer.load()}), 1));
}

TEST_F(ResumptionTest, EndsWhenTheKeysHaveGone) {
  EXPECT_FALSE(resumes(*server_, 0));
  bench.loop().run_for(TicketKeys::kPeriod);
  EXPECT_TRUE(resumes(*server_, 1)) << "the key before still opens";
  EXPECT_TRUE(resumes(*server_, 0)) << "and the ticket was renewed";
  bench.loop().run_for(2 * TicketKeys::kPeriod);
  EXPECT_FALSE(resumes(*server_, 0));
}

TEST_F(ResumptionTest, AForeignTicketIsAFullHandshake) {
  EXPECT_FALSE(resumes(*server_, 0));
  TlsWorkers others(1, loop().now());
  const auto other = *ServerTls::make({certificate_.load()}, TlsVersion::tls12, others);
  EXPECT_FALSE(resumes(*other, 0));
}

TEST_F(ServerTlsTest, SaysWhatOpensslWillNotTake) {
  const TestCertificate made;
  auto certificate = std::make_shared<Certificate>(Certificate{});
  certificate->files = made.files();
  certificate->chain = made.pem();
  certificate->key = SecretBytes(std::string("no key"));
  const auto refused = ServerTls::make({certificate}, TlsVersion::tls12, workers);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().find(made.files().certificate), std::string::npos);
  EXPECT_EQ(refused.error().find("no key"), std::string::npos);
}

}  // namespace
}  // namespace penstock
