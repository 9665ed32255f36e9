#include "policy/headers/headers.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "policy/test_exchange.h"

namespace penstock {
namespace {

using Parsed = TestConfig<Headers>;

class HeadersTest : public ::testing::Test, public TestExchange {
 protected:
  void pass(std::string_view yaml) {
    const Parsed parsed(yaml);
    ASSERT_EQ(parsed.findings, "");
    policies_.push_back(
        std::make_unique<Headers>(parsed.value, PolicyContext{.id = "h", .memory = memory_}));
    EXPECT_TRUE(policies_.back()->on_request(exchange).proceeds());
    policies_.back()->on_response(exchange);
  }

  Memory memory_;
  std::vector<std::unique_ptr<Headers>> policies_;  // The exchange's fields are views of theirs.
};

TEST_F(HeadersTest, ChangesBothDirections) {
  exchange.request.fields.add("X-Old", "1");
  exchange.request.fields.add("x-debug", "on");
  exchange.request.fields.add("X-Debug", "off");
  exchange.response.fields.add("Server", "secret/1.2");
  pass(
      "request: { remove: [ X-Debug ], set: [ { name: x-old, value: '2' } ],"
      " add: [ { name: X-Env, value: prod } ] }\n"
      "response: { remove: [ server ], add: [ { name: X-Frame-Options, value: DENY } ] }\n");
  EXPECT_EQ(sent("X-Debug"), "");
  EXPECT_EQ(sent("X-Old"), "2");
  EXPECT_EQ(sent("X-Env"), "prod");
  EXPECT_EQ(answered("Server"), "");
  EXPECT_EQ(answered("X-Frame-Options"), "DENY");
}

TEST_F(HeadersTest, AddsBesideWhatIsThere) {
  exchange.request.fields.add("X-Tag", "a");
  pass("request: { add: [ { name: X-Tag, value: b }, { name: X-Tag, value: c } ] }\n");
  EXPECT_EQ(sent("X-Tag"), "a|b|c");
}

TEST_F(HeadersTest, RemovesBeforeItSets) {
  exchange.request.fields.add("X-Tag", "a");
  pass("request: { remove: [ X-Tag ], set: [ { name: X-Tag, value: b } ] }\n");
  EXPECT_EQ(sent("X-Tag"), "b");
}

TEST_F(HeadersTest, AStrangersCorrelationIdIsReplaced) {
  exchange.request.fields.add("X-Correlation-Id", "forged");
  pass("correlationId: {}\n");
  EXPECT_EQ(sent("X-Correlation-Id"), "0199-request");
  EXPECT_EQ(answered("X-Correlation-Id"), "0199-request");
}

TEST_F(HeadersTest, ATrustedCorrelationIdIsKept) {
  exchange.client.peer_trusted = true;
  exchange.request.fields.add("X-Trace", "order-7");
  exchange.response.fields.add("X-Trace", "the service's own");
  pass("correlationId: { header: X-Trace }\n");
  EXPECT_EQ(sent("X-Trace"), "order-7");
  EXPECT_EQ(answered("X-Trace"), "order-7");
}

TEST_F(HeadersTest, ATrustedCorrelationIdMustBeOneAndVisible) {
  exchange.client.peer_trusted = true;
  for (const std::string& bad : {std::string("a b"), std::string(129, 'x'), std::string()}) {
    exchange.request.fields.clear();
    exchange.request.fields.add("X-Correlation-Id", bad);
    pass("correlationId: {}\n");
    EXPECT_EQ(sent("X-Correlation-Id"), "0199-request") << bad;
  }
  exchange.request.fields.clear();
  exchange.request.fields.add("X-Correlation-Id", "a");
  exchange.request.fields.add("X-Correlation-Id", "b");
  pass("correlationId: {}\n");
  EXPECT_EQ(sent("X-Correlation-Id"), "0199-request");
}

TEST(HeadersConfig, RefusesWhatBelongsToTheGateway) {
  for (const auto* name :
       {"Connection", "content-length", "Host", "Transfer-Encoding", "Via", "X-Request-Id",
        "traceparent", "X-Forwarded-For", "X_Forwarded_For", "Content_Length", "TE", "Upgrade"}) {
    EXPECT_NE(Parsed("request: { remove: [ " + std::string(name) + " ] }\n")
                  .findings.find("the gateway writes this one itself"),
              std::string::npos)
        << name;
  }
  EXPECT_EQ(Parsed("request: { set: [ { name: Authorization, value: x } ] }\n").findings, "");
}

TEST(HeadersConfig, SaysWhatNoNameAndNoValueIs) {
  EXPECT_EQ(Parsed("request: { remove: [ 'a b' ] }\n").findings,
            "p:1:22 p.request.remove[0]: found \"a b\", expected the name of a field\n");
  for (const auto* value : {R"("a\r\nb")", "' a'", "'a '", R"("\xE9")"})
    EXPECT_NE(Parsed("response: { add: [ { name: X, value: " + std::string(value) + " } ] }\n")
                  .findings.find("p.response.add[0].value: found control characters"),
              std::string::npos)
        << value;
  EXPECT_NE(Parsed("correlationId: { header: Host }\n").findings.find("p.correlationId.header"),
            std::string::npos);
}

}  // namespace
}  // namespace penstock
