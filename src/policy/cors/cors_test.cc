#include "policy/cors/cors.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "policy/test_exchange.h"

namespace penstock {
namespace {

using Parsed = TestConfig<Cors>;

constexpr std::string_view kApp =
    "origins: [ 'https://app.example' ]\nmethods: [ GET, PUT ]\n"
    "headers: [ Content-Type, X-Tag ]\nexposeHeaders: [ X-Total, X-Page ]\n";

class CorsTest : public ::testing::Test, public TestExchange {
 protected:
  void make(std::string_view yaml) {
    const Parsed parsed(yaml);
    ASSERT_EQ(parsed.findings, "");
    policy_ = std::make_unique<Cors>(parsed.value, PolicyContext{.id = "c", .memory = memory_});
  }
  void ask(http::Method method, std::string_view origin) {
    exchange.request.method = method;
    if (!origin.empty()) exchange.request.fields.add("Origin", origin);
  }
  void ask_about(std::string_view method, std::string_view headers = {},
                 std::string_view origin = "https://app.example") {
    ask(http::Method::options, origin);
    exchange.request.fields.add("Access-Control-Request-Method", method);
    if (!headers.empty()) exchange.request.fields.add("Access-Control-Request-Headers", headers);
  }
  // What the policy says, and what the answer then holds: the gateway's part is done here.
  Step pass() {
    auto step = policy_->on_request(exchange);
    if (step.kind() == Step::Kind::reject) exchange.reject(step.reason(), step.detail());
    for (const auto& field : exchange.own_fields) exchange.response.fields.add(field);
    policy_->on_response(exchange);
    return step;
  }
  void expect_refused(std::string_view word) {
    const auto step = pass();
    ASSERT_EQ(step.kind(), Step::Kind::reject);
    EXPECT_EQ(&step.reason(), &reasons::kCorsRefused);
    EXPECT_NE(step.detail().find(word), std::string_view::npos) << step.detail();
    EXPECT_EQ(answered("Access-Control-Allow-Methods"), "");
    EXPECT_EQ(answered("Access-Control-Max-Age"), "");
    EXPECT_NE(answered("Vary"), "");
  }
  void reset() {
    exchange.clear();
    exchange.worker = &place;
  }

  Memory memory_;
  std::unique_ptr<Cors> policy_;
};

// --- Preflights

TEST_F(CorsTest, APreflightIsAnsweredWithWhatItAskedAbout) {
  make(kApp);
  ask_about("PUT", "content-type,x-tag");
  EXPECT_EQ(pass().kind(), Step::Kind::answer);
  EXPECT_EQ(exchange.response.status, 204);
  EXPECT_EQ(answered("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(answered("Access-Control-Allow-Methods"), "PUT");
  EXPECT_EQ(answered("Access-Control-Allow-Headers"), "content-type,x-tag");
  EXPECT_EQ(answered("Access-Control-Max-Age"), "600");
  EXPECT_EQ(answered("Access-Control-Allow-Credentials"), "");
  EXPECT_EQ(answered("Access-Control-Expose-Headers"), "");
  EXPECT_EQ(answered("Access-Control-Allow-Private-Network"), "");
  EXPECT_EQ(answered("Vary"),
            "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
}

TEST_F(CorsTest, APreflightThatAsksAboutNoFieldIsToldOfNone) {
  make("origins: [ 'https://app.example' ]\nmaxAge: 0s\n");
  ask_about("POST");
  EXPECT_EQ(pass().kind(), Step::Kind::answer);
  EXPECT_EQ(answered("Access-Control-Allow-Headers"), "");
  EXPECT_EQ(answered("Access-Control-Max-Age"), "0");
}

TEST_F(CorsTest, AnotherOriginIsRefused) {
  make(kApp);
  ask_about("PUT", "", "https://evil.example");
  expect_refused("origin");
  EXPECT_EQ(answered("Access-Control-Allow-Origin"), "");
}

TEST_F(CorsTest, AnotherMethodIsRefused) {
  make(kApp);
  for (const auto* method : {"DELETE", "put", "PUT, GET", "*"}) {
    reset();
    ask_about(method);
    expect_refused("method");
  }
}

TEST_F(CorsTest, WhoMayGetMayHead) {
  make(kApp);
  ask_about("HEAD");
  EXPECT_EQ(pass().kind(), Step::Kind::answer);
  EXPECT_EQ(answered("Access-Control-Allow-Methods"), "HEAD");
}

TEST_F(CorsTest, AnotherHeaderIsRefused) {
  make(kApp);
  for (const auto* headers :
       {"authorization", "x-tag,x-other", "x-tag x-tag", "x-tag,\"x\"", "*"}) {
    reset();
    ask_about("PUT", headers);
    expect_refused("header");
  }
}

TEST_F(CorsTest, ByDefaultOnlyWhatBrowsersSendWithoutAsking) {
  make("origins: [ 'https://app.example' ]\n");
  for (const auto* method : {"GET", "HEAD", "POST"}) {
    reset();
    ask_about(method);
    EXPECT_EQ(pass().kind(), Step::Kind::answer) << method;
  }
  reset();
  ask_about("PUT");
  expect_refused("method");
  reset();
  ask_about("GET", "content-type");
  expect_refused("header");
}

TEST_F(CorsTest, AStarIsEveryMethodAndEveryFieldButAuthorization) {
  make("origins: [ 'https://app.example' ]\nmethods: [ '*' ]\nheaders: [ '*' ]\n");
  ask_about("BREW", "x-a, X-B ,,x-c");
  EXPECT_EQ(pass().kind(), Step::Kind::answer);
  EXPECT_EQ(answered("Access-Control-Allow-Methods"), "BREW");
  EXPECT_EQ(answered("Access-Control-Allow-Headers"), "x-a, X-B ,,x-c");
  reset();
  ask_about("GET", "x-a,authorization");
  expect_refused("header");
  reset();
  ask_about("NO METHOD");
  expect_refused("method");
  make("origins: [ 'https://app.example' ]\nheaders: [ '*', Authorization ]\n");
  reset();
  ask_about("GET", "x-a,authorization");
  EXPECT_EQ(pass().kind(), Step::Kind::answer);
}

TEST_F(CorsTest, FieldsAskedAboutInSeveralLinesAreOneList) {
  make(kApp);
  ask_about("PUT", "x-tag");
  exchange.request.fields.add("access-control-request-headers", "content-type");
  EXPECT_EQ(pass().kind(), Step::Kind::answer);
  EXPECT_EQ(answered("Access-Control-Allow-Headers"), "x-tag, content-type");
}

TEST_F(CorsTest, AListThatNamesNoFieldAsksAboutNone) {
  make(kApp);
  ask_about("PUT", ",, ,");
  exchange.request.fields.add("Access-Control-Request-Headers", "x-tag");
  exchange.request.fields.add("Access-Control-Request-Headers", ", ,");
  EXPECT_EQ(pass().kind(), Step::Kind::answer);
  EXPECT_EQ(answered("Access-Control-Allow-Headers"), "x-tag");
  reset();
  ask_about("PUT", ",, ,");
  EXPECT_EQ(pass().kind(), Step::Kind::answer);
  EXPECT_EQ(answered("Access-Control-Allow-Headers"), "");
}

TEST_F(CorsTest, TooManyFieldsAreRefused) {
  make("origins: [ 'https://app.example' ]\nheaders: [ '*' ]\n");
  std::string headers = "x";
  for (std::size_t i = 1; i < Cors::kMostAsked; ++i) headers += ",x";
  ask_about("GET", headers);
  EXPECT_EQ(pass().kind(), Step::Kind::answer);
  reset();
  headers += ",x";
  ask_about("GET", headers);
  expect_refused("header");
}

TEST_F(CorsTest, APrivateNetworkIsOpenedOnlyIfItShallBe) {
  make("origins: [ 'https://app.example' ]\nprivateNetwork: true\n");
  ask_about("GET");
  pass();
  EXPECT_EQ(answered("Access-Control-Allow-Private-Network"), "");
  reset();
  ask_about("GET");
  exchange.request.fields.add("Access-Control-Request-Private-Network", "true");
  pass();
  EXPECT_EQ(answered("Access-Control-Allow-Private-Network"), "true");
  make(kApp);
  reset();
  ask_about("GET");
  exchange.request.fields.add("Access-Control-Request-Private-Network", "true");
  EXPECT_EQ(pass().kind(), Step::Kind::answer);
  EXPECT_EQ(answered("Access-Control-Allow-Private-Network"), "");
}

// --- Requests

TEST_F(CorsTest, AnAnswerSaysWhoMayReadIt) {
  make(kApp);
  ask(http::Method::get, "https://app.example");
  EXPECT_TRUE(pass().proceeds());
  EXPECT_EQ(answered("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(answered("Access-Control-Expose-Headers"), "X-Total, X-Page");
  EXPECT_EQ(answered("Access-Control-Allow-Methods"), "");
  EXPECT_EQ(answered("Vary"), "Origin");
}

TEST_F(CorsTest, OthersAreServedAndMayNotRead) {
  make(kApp);
  for (const auto* origin : {"", "https://evil.example", "null"}) {
    reset();
    ask(http::Method::post, origin);
    EXPECT_TRUE(pass().proceeds());
    EXPECT_EQ(answered("Access-Control-Allow-Origin"), "");
    EXPECT_EQ(answered("Access-Control-Expose-Headers"), "");
    EXPECT_EQ(answered("Vary"), "Origin");
  }
}

TEST_F(CorsTest, WhatTheServiceSaysAboutItIsReplaced) {
  make(kApp);
  ask(http::Method::get, "https://app.example");
  auto& fields = exchange.response.fields;
  fields.add("Access-Control-Allow-Origin", "*");
  fields.add("access-control-allow-credentials", "true");
  fields.add("Access-Control-Anything", "1");
  fields.add("Access-Control", "kept");
  pass();
  EXPECT_EQ(answered("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(answered("Access-Control-Allow-Credentials"), "");
  EXPECT_EQ(answered("Access-Control-Anything"), "");
  EXPECT_EQ(answered("Access-Control"), "kept");
}

TEST_F(CorsTest, AnswersByItselfEvenIfTheRequestsOriginIsTakenAway) {
  make(kApp);
  ask(http::Method::get, "https://app.example");
  EXPECT_TRUE(policy_->on_request(exchange).proceeds());
  exchange.request.fields.remove("Origin");
  policy_->on_response(exchange);
  EXPECT_EQ(answered("Access-Control-Allow-Origin"), "https://app.example");
}

TEST_F(CorsTest, WithCredentialsTheOriginIsEchoed) {
  make("origins: [ 'https://*.example.com' ]\ncredentials: true\nheaders: [ '*' ]\n");
  ask_about("GET", "x-a", "https://a.example.com");
  pass();
  EXPECT_EQ(answered("Access-Control-Allow-Origin"), "https://a.example.com");
  EXPECT_EQ(answered("Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(answered("Access-Control-Allow-Headers"), "x-a");
  reset();
  ask(http::Method::get, "https://b.example.com");
  pass();
  EXPECT_EQ(answered("Access-Control-Allow-Origin"), "https://b.example.com");
  EXPECT_EQ(answered("Access-Control-Allow-Credentials"), "true");
  reset();
  ask(http::Method::get, "https://example.com");
  pass();
  EXPECT_EQ(answered("Access-Control-Allow-Credentials"), "");
}

TEST_F(CorsTest, WithAStarNothingDependsOnTheOrigin) {
  make("origins: [ '*' ]\n");
  for (const auto* origin : {"", "https://any.example", "null"}) {
    reset();
    ask(http::Method::get, origin);
    EXPECT_TRUE(pass().proceeds());
    EXPECT_EQ(answered("Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(answered("Vary"), "");
  }
}

TEST_F(CorsTest, SeveralOriginsAreNone) {
  make(kApp);
  ask(http::Method::get, "https://app.example");
  exchange.request.fields.add("origin", "https://app.example");
  EXPECT_TRUE(pass().proceeds());
  EXPECT_EQ(answered("Access-Control-Allow-Origin"), "");
}

TEST_F(CorsTest, APreflightOfSeveralOriginsIsNone) {
  make(kApp);
  ask_about("PUT");
  exchange.request.fields.add("Origin", "https://other.example");
  EXPECT_TRUE(pass().proceeds());
  EXPECT_EQ(answered("Access-Control-Allow-Origin"), "");
}

TEST_F(CorsTest, AnOptionsThatAsksAboutNoMethodIsARequestLikeAnother) {
  make(kApp);
  ask(http::Method::options, "https://app.example");
  EXPECT_TRUE(pass().proceeds());
  EXPECT_EQ(answered("Access-Control-Allow-Origin"), "https://app.example");
}

TEST_F(CorsTest, VaryIsMergedIntoWhatIsThere) {
  make(kApp);
  const std::pair<const char*, const char*> cases[] = {
      {"Accept-Encoding", "Accept-Encoding, Origin"},
      {"Accept, origin", "Accept, origin"},
      {"*", "*"},
      {"", "Origin"},
      {"X-Origin", "X-Origin, Origin"}};
  for (const auto& [there, merged] : cases) {
    reset();
    ask(http::Method::get, "https://app.example");
    exchange.response.fields.add("vary", there);
    pass();
    EXPECT_EQ(answered("Vary"), merged);
  }
  reset();
  ask(http::Method::get, "https://app.example");
  exchange.response.fields.add("Vary", "Accept");
  exchange.response.fields.add("Vary", "Cookie");
  pass();
  EXPECT_EQ(answered("Vary"), "Accept|Cookie, Origin");
}

TEST_F(CorsTest, ADryRunDecidesTheSame) {
  make(kApp);
  exchange.dry_run = true;
  ask_about("DELETE");
  expect_refused("method");
}

// --- Its config

std::string finding(std::string_view yaml) {
  return Parsed(yaml).findings;
}

TEST(CorsConfig, AStarWithCredentialsIsRefused) {
  EXPECT_EQ(finding("origins: [ '*' ]\ncredentials: true\n"),
            "p:1:12 p.origins[0]: found \"*\", expected origins by name, as credentials is true: "
            "else every site could read what its visitors may see here\n");
  EXPECT_NE(finding("origins: [ 'https://a.b' ]\nexposeHeaders: [ '*' ]\ncredentials: true\n")
                .find("browsers take `*` for a name"),
            std::string::npos);
  EXPECT_NE(finding("origins: [ 'null' ]\ncredentials: true\n").find("any site can ask as `null`"),
            std::string::npos);
  EXPECT_EQ(finding("origins: [ 'null' ]\nexposeHeaders: [ '*' ]\n"), "");
}

TEST(CorsConfig, SaysWhatIsNoOriginNoMethodAndNoField) {
  EXPECT_EQ(finding("origins: [ 'https://a.b/' ]\n"),
            "p:1:12 p.origins[0]: found \"https://a.b/\", expected scheme, host and port alone: "
            "browsers send no path, not even a final `/`\n");
  EXPECT_NE(finding("origins: [ '*', 'https://a.b' ]\n").find("expected it alone"),
            std::string::npos);
  const auto methods = [](const std::string& method) {
    return finding("origins: [ '*' ]\nmethods: [ GET, " + method + " ]\n");
  };
  EXPECT_EQ(methods("patch"),
            "p:2:17 p.methods[1]: found \"patch\", expected PATCH: methods are case-sensitive\n");
  EXPECT_NE(methods("TRACE").find("browsers never send it"), std::string::npos);
  EXPECT_NE(methods("'A B'").find("expected a method or `*`"), std::string::npos);
  EXPECT_EQ(methods("brew"), "");
  EXPECT_NE(finding("origins: [ '*' ]\nheaders: [ 'a b' ]\n").find("p.headers[0]"),
            std::string::npos);
  EXPECT_NE(finding("origins: [ '*' ]\nexposeHeaders: [ 'a b' ]\n").find("p.exposeHeaders[0]"),
            std::string::npos);
}

TEST(CorsConfig, HasItsBounds) {
  EXPECT_NE(finding("methods: [ GET ]\n").find("origins"), std::string::npos);
  EXPECT_NE(finding("origins: []\n").find("origins"), std::string::npos);
  EXPECT_NE(finding("origins: [ '*' ]\nmaxAge: 25h\n").find("maxAge"), std::string::npos);
}

}  // namespace
}  // namespace penstock
