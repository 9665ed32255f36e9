#include <gtest/gtest.h>

#include <string>

#include "net/tls/test_certificates.h"
#include "upstream/call_bench.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;
using End = Act::End;

// A service that speaks TLS, and a worker that knows whom to trust.
class CallTlsTest : public ::testing::Test {
 protected:
  using Spec = TestCertificate::Spec;

  std::shared_ptr<const ServerTls> showing(const TestCertificate& certificate) {
    return *ServerTls::make({certificate.load()}, TlsVersion::tls12, workers_);
  }
  std::shared_ptr<const ClientTls> trusting(const TestCertificate& certificate) {
    return *ClientTls::make({.trust = *Trust::load(certificate.files().certificate, workers_),
                             .certificate = {},
                             .server_name = {}},
                            workers_);
  }
  // Why a GET is not answered by a service that shows the certificate.
  const Reason* refusal_of(const TestCertificate& shown, const TestCertificate& trusted,
                           const std::string& host) {
    CallBench bench;
    bench.secure(trusting(trusted), host);
    ScriptedService service(bench.loop, CallBench::address(0), {{ok()}}, showing(shown));
    const auto called = bench.get();
    EXPECT_EQ(called.attempts, 2U) << "nothing was sent, so it may be tried again";
    EXPECT_TRUE(service.heads().empty());
    return called.reason;
  }

  CallBench bench_;
  TlsWorkers workers_{1, bench_.loop.now()};
  TestCertificate certificate_{{.names = {"orders.internal"}}};
};

TEST_F(CallTlsTest, RequestsShareAConnectionThatATicketDoesNotRetire) {
  bench_.secure(trusting(certificate_), "orders.internal");
  ScriptedService service(bench_.loop, CallBench::address(0), {{ok()}}, showing(certificate_));
  for (int i = 0; i < 3; ++i) {
    const auto called = bench_.get();
    EXPECT_EQ(called.status, 200);
    EXPECT_EQ(called.content, "fine");
    bench_.loop.run_for(100ms);
  }
  EXPECT_EQ(service.connections(), 1);
}

TEST_F(CallTlsTest, TheNextConnectionResumes) {
  bench_.secure(trusting(certificate_), "orders.internal");
  ScriptedService service(bench_.loop, CallBench::address(0), {{ok(), End::fin}},
                          showing(certificate_));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(bench_.get().status, 200);
    bench_.loop.run_for(100ms);
  }
  EXPECT_EQ(service.connections(), 3);
  EXPECT_EQ(service.resumed(), 2);
}

TEST_F(CallTlsTest, EachKindOfMistrustHasItsReason) {
  const TestCertificate authority({.common_name = "authority", .names = {}, .authority = true});
  const TestCertificate good({.names = {"orders.internal"}}, &authority);
  const TestCertificate expired(
      {.names = {"orders.internal"}, .valid_from = -7200, .valid_to = -3600}, &authority);
  EXPECT_EQ(refusal_of(certificate_, authority, "orders.internal"), &reasons::kUpstreamUntrusted);
  EXPECT_EQ(refusal_of(good, authority, "users.internal"), &reasons::kUpstreamName);
  EXPECT_EQ(refusal_of(expired, authority, "orders.internal"), &reasons::kUpstreamExpired);
}

TEST_F(CallTlsTest, AServiceThatSpeaksNoTlsIsToldApart) {
  bench_.secure(trusting(certificate_), "orders.internal");
  bench_.config.retry.attempts = 1;
  bench_.config.timeouts.connect = 2s;
  {
    ScriptedService silent(bench_.loop, CallBench::address(0), {{ok()}});
    const auto called = bench_.get();
    EXPECT_EQ(called.reason, &reasons::kConnectTimeout) << "it waits for the end of a head";
    EXPECT_LE(called.took, 2100ms);
  }
  EXPECT_EQ(bench_.service().endpoints()->endpoints[0].state->in_flight(), 0U);
}

// What was opened with the terms before is not used with the new.
TEST_F(CallTlsTest, ConnectionsOfOtherTermsAreRetired) {
  bench_.secure(trusting(certificate_), "orders.internal");
  ScriptedService service(bench_.loop, CallBench::address(0), {{ok()}}, showing(certificate_));
  EXPECT_EQ(bench_.get().status, 200);
  bench_.secure(trusting(certificate_), "orders.internal");
  bench_.set.plan_rounds();
  bench_.service().adopt(std::make_shared<EndpointSet>(bench_.set));
  bench_.loop.run_for(100ms);
  EXPECT_EQ(service.open(), 0);
  EXPECT_EQ(bench_.get().status, 200);
  EXPECT_EQ(service.connections(), 2);
}

TEST_F(CallTlsTest, AnAnswerEndedByGoodbyeIsWhole) {
  bench_.secure(trusting(certificate_), "orders.internal");
  ScriptedService service(bench_.loop, CallBench::address(0),
                          {{"HTTP/1.1 200 OK\r\n\r\nwhole", End::fin}}, showing(certificate_));
  const auto called = bench_.get();
  EXPECT_EQ(called.content, "whole");
  EXPECT_EQ(called.cut, nullptr);
}

TEST_F(CallTlsTest, ABigBodyGoesAndComes) {
  bench_.secure(trusting(certificate_), "orders.internal");
  const auto bytes = numbered(700'000);
  ScriptedService service(bench_.loop, CallBench::address(0), {{ok(bytes), End::keep, true}},
                          showing(certificate_));
  SlowBody body(bench_.loop, {bytes});
  const auto called = bench_.send("POST", body);
  EXPECT_TRUE(called.content == bytes);
  ASSERT_EQ(service.contents().size(), 1U);
  EXPECT_TRUE(service.contents().front() == bytes);
}

}  // namespace
}  // namespace penstock
