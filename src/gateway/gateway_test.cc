#include "gateway/gateway.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "gateway/test_gateway.h"

namespace penstock {
namespace {

constexpr std::string_view kConfig = R"(
listeners:
  - { name: public, address: "10.0.0.1:8080", limits: { bodyBytes: 1KiB } }
services:
  - { serviceName: s, instances: [ { host: 10.0.0.11, port: 80 } ],
      timeouts: { idle: 5s, maxStreamAge: 1m } }
  - { serviceName: nowhere, instances: [ { host: 10.0.0.12, port: 80 } ] }
routes:
  - { routeId: open, methods: [ GET, POST ], path: "/open/{id}", upstreamService: s,
      authRequired: false }
  - { routeId: closed, method: GET, path: /closed, upstreamService: s }
  - { routeId: stream, method: GET, path: /stream, upstreamService: s, authRequired: false,
      stream: true }
  - { routeId: nowhere, methods: [ GET, OPTIONS ], path: /nowhere, upstreamService: nowhere,
      authRequired: false }
  - { routeId: versions, method: GET, path: /versions, authRequired: false,
      versions: { header: Api-Version, default: v1, to: {
        v1: { upstreamService: s, deprecated: 2023-01-01, successor: /next },
        v2: { upstreamService: nowhere } } } }
  - { routeId: split, method: GET, path: /split, authRequired: false,
      split: [ { upstreamService: s, weight: 1 }, { upstreamService: nowhere, weight: 1 } ],
      stickyBy: { cookie: bucket } }
)";

class GatewayTest : public TestGateway {
 protected:
  GatewayTest() : TestGateway(kConfig) {}
  void keep_only(std::string_view route) {
    std::erase_if(config_.document.routes,
                  [&](const auto& other) { return other.route_id.value != route; });
  }
};

// --- Guard, match, authenticate

TEST_F(GatewayTest, WhatNoRouteNamesIs404) {
  expect_refused(get("/nothing"), 404, "no_route");
  const auto line = logged();
  EXPECT_EQ(line["status_code"], 404);
  EXPECT_EQ(line["reason"], "no_route");
}

TEST_F(GatewayTest, AMethodThatNoRouteNamesIs405AndSaysWhichAre) {
  const auto answer = get("/open/1", "", "DELETE");
  expect_refused(answer, 405, "method_not_allowed");
  EXPECT_NE(field(answer, "Allow").find("GET"), std::string::npos);
  EXPECT_NE(field(answer, "Allow").find("POST"), std::string::npos);
}

TEST_F(GatewayTest, AProtectedRouteIs401) {
  const auto answer = get("/closed");
  expect_refused(answer, 401, "no_auth_policy");
  EXPECT_EQ(field(answer, "WWW-Authenticate"), "Bearer realm=\"penstock\"");
  EXPECT_EQ(logged()["route_id"], "closed");
}

TEST_F(GatewayTest, AnAnnouncedContentThatIsTooLongIs413) {
  const auto answer = get("/open/1", "Content-Length: 1025\r\n", "POST");
  expect_refused(answer, 413, "body_too_large");
}

TEST_F(GatewayTest, AChunkedContentThatTurnsOutTooLongIs413) {
  answer({{ok(), Act::End::keep, false, 10s}});
  std::string chunk = "400\r\n" + numbered(0x400) + "\r\n";
  const auto answer = get("/open/1", "Transfer-Encoding: chunked\r\n", "POST", chunk + chunk);
  expect_refused(answer, 413, "body_too_large");
}

TEST_F(GatewayTest, ARequestThatGoesRoundAndRoundIs508) {
  expect_refused(get("/open/1", "Via: 1.1 penstock, 1.1 penstock, 1.1 penstock, 1.1 penstock\r\n"),
                 508, "loop_detected");
}

TEST_F(GatewayTest, ItAnswersOptionsForItself) {
  for (const std::string& answer :
       {get("*", "", "OPTIONS"), get("/nowhere", "Max-Forwards: 0\r\n", "OPTIONS")}) {
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_EQ(field(answer, "Allow"), "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    EXPECT_EQ(field(answer, "Content-Length"), "0");
  }
}

TEST_F(GatewayTest, MaxForwardsIsCountedDownOrRefused) {
  expect_refused(get("/nowhere", "Max-Forwards: x\r\n", "OPTIONS"), 400, "malformed_request");
  expect_refused(get("/nowhere", "Max-Forwards: 3\r\n", "OPTIONS"), 502,
                 "upstream_connect_refused");
}

TEST_F(GatewayTest, AMalformedRequestIs400AndTheLast) {
  const auto answer = get("/open/1", "Bad Name: x\r\n");
  expect_refused(answer, 400, "malformed_request");
  EXPECT_EQ(field(answer, "Connection"), "close");
  const auto trace = get("/open/1", "", "TRACE");
  expect_refused(trace, 405, "method_refused");
  EXPECT_NE(field(trace, "Allow"), "(none)");
}

TEST_F(GatewayTest, ARefusedTargetIsLoggedWithoutItsQuery) {
  expect_refused(get("/open/%00?token=secret"), 400, "malformed_request");
  const auto line = logged();
  EXPECT_EQ(line["path"], "/open/%00");
  EXPECT_EQ(line["query"], nullptr);
  EXPECT_FALSE(line["host"].is_null());
}

TEST_F(GatewayTest, OfARefusedAbsoluteTargetOnlyThePathIsLogged) {
  for (const auto& [target, path] : std::vector<std::pair<std::string, nlohmann::json>>{
           {"http://h/open/%00?token=secret", "/open/%00"},
           {"http://user:secret@h/open/1", nullptr},
           {"secret", nullptr}}) {
    expect_refused(get(target), 400, "malformed_request");
    const auto line = logged();
    EXPECT_EQ(line.dump().find("secret"), std::string::npos) << line;
    EXPECT_EQ(line["path"], path) << target;
  }
}

// --- Towards the service

TEST_F(GatewayTest, TheServiceSeesOneCanonicalRequest) {
  answer({{ok()}});
  const auto answer =
      ask("GET http://API.test:80/a/../open/%7e1?q HTTP/1.1\r\nHost: other.test\r\n"
          "Connection: close, X-Secret\r\nX-Secret: 1\r\nX-User-Id: root\r\nX_User_Id: root\r\n"
          "Keep-Alive: timeout=5\r\nTE: gzip\r\nX-Forwarded-For: 6.6.6.6\r\nX-Request-Id: mine\r\n"
          "traceparent: garbage\r\ntracestate: a=b\r\nAccept: text/plain\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(seen().starts_with("GET /open/~1?q HTTP/1.1\r\n")) << seen();
  EXPECT_EQ(field(seen(), "Accept"), "text/plain");
  EXPECT_EQ(field(seen(), "Via"), "1.1 penstock");
  EXPECT_TRUE(field(seen(), "X-Forwarded-For").starts_with("10.1.")) << seen();
  EXPECT_EQ(field(seen(), "X-Forwarded-Proto"), "http");
  EXPECT_EQ(field(seen(), "X-Request-Id").size(), kUuidSize);
  EXPECT_EQ(field(seen(), "X-Request-Id"), field(answer, "X-Request-Id"));
  EXPECT_EQ(field(seen(), "traceparent").size(), Trace::kParentSize);
  for (const auto* const gone : {"Connection", "X-Secret", "X-User-Id", "X_User_Id", "Keep-Alive",
                                 "TE", "tracestate", "Content-Length", "Transfer-Encoding"})
    EXPECT_EQ(field(seen(), gone), "(none)") << gone;
}

TEST_F(GatewayTest, WhatATrustedProxySaysIsKept) {
  trust({"10.1.0.0/16"});
  answer({{ok()}});
  const auto answer = get("/open/1",
                          "X-Request-Id: mine-1\r\nX-Forwarded-For: 9.9.9.9\r\n"
                          "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
                          "tracestate: a=b\r\n");
  EXPECT_EQ(field(answer, "X-Request-Id"), "mine-1");
  EXPECT_EQ(field(seen(), "X-Request-Id"), "mine-1");
  EXPECT_TRUE(field(seen(), "traceparent").starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
  EXPECT_EQ(field(seen(), "tracestate"), "a=b");
  EXPECT_EQ(logged()["client_ip"], "9.9.9.9");
}

TEST_F(GatewayTest, AClientsCloseDoesNotCostTheServicesConnection) {
  answer({{ok()}});
  for (int i = 0; i < 3; ++i) {
    const auto answer = get("/open/1", "Connection: close\r\n");
    EXPECT_EQ(field(answer, "Connection"), "close");
  }
  EXPECT_EQ(service_->connections(), 1);
}

TEST_F(GatewayTest, AnOldClientWithoutHostIsServed) {
  answer({{ok()}});
  const auto answer = ask("GET /open/1 HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_EQ(field(seen(), "Host"), "10.0.0.11:80");
  EXPECT_EQ(field(seen(), "Via"), "1.0 penstock");
}

TEST_F(GatewayTest, GetServesHead) {
  answer({{"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"}});
  const auto answer = get("/open/1", "", "HEAD");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_EQ(field(answer, "Content-Length"), "4");
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
  EXPECT_TRUE(seen().starts_with("HEAD /open/1 "));
}

TEST_F(GatewayTest, ContentGoesBothWays) {
  answer({{ok("answer")}});
  const auto answer = get("/open/1", "Content-Length: 7\r\n", "POST", "content");
  EXPECT_TRUE(answer.ends_with("answer"));
  EXPECT_EQ(service_->contents().back(), "content");
  const auto line = logged();
  EXPECT_EQ(line["bytes_in"], 7);
  EXPECT_EQ(line["bytes_out"], 6);
  EXPECT_EQ(line["status_code"], 200);
  EXPECT_EQ(line["upstream_service"], "s");
  EXPECT_EQ(line["upstream_endpoint"], "10.0.0.11:80");
  EXPECT_EQ(line["attempts"], 1);
}

// --- Towards the client

TEST_F(GatewayTest, TheClientSeesNoneOfTheServicesHop) {
  answer(
      {{"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: keep-alive, X-Inside\r\n"
        "X-Inside: 1\r\nKeep-Alive: timeout=9\r\nX-Request-Id: theirs\r\n"
        "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nX-Kept: 1\r\n\r\nfine"}});
  const auto answer = get("/open/1");
  EXPECT_EQ(field(answer, "Via"), "1.1 penstock");
  EXPECT_EQ(field(answer, "Date"), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(field(answer, "X-Kept"), "1");
  EXPECT_EQ(field(answer, "X-Request-Id").size(), kUuidSize);
  for (const auto* const gone : {"X-Inside", "Keep-Alive", "Connection"})
    EXPECT_EQ(field(answer, gone), "(none)") << gone;
}

TEST_F(GatewayTest, AnAnswerWithoutADateGetsOne) {
  answer({{ok()}});
  EXPECT_TRUE(field(get("/open/1"), "Date").ends_with(" GMT"));
}

TEST_F(GatewayTest, AnAnswerWithTooManyConnectionOptionsIsARefusalWithItsProblem) {
  std::string options = "a";
  for (int i = 0; i < 64; ++i) options += ", a" + std::to_string(i);
  answer({{"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: " + options + "\r\n\r\nfine"}});
  expect_refused(get("/open/1"), 502, "upstream_malformed");
}

// --- Select

TEST_F(GatewayTest, AVersionGoesToItsServiceAndSaysThatItIsDeprecated) {
  answer({{"HTTP/1.1 200 OK\r\nDeprecation: @1\r\nContent-Length: 2\r\n\r\nok"}});
  const auto answer = get("/versions");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_EQ(field(answer, "Deprecation"), "@1672531200");
  EXPECT_EQ(answer.find("Deprecation: @1\r\n"), std::string::npos);
  EXPECT_EQ(field(answer, "Link"), "</next>; rel=\"successor-version\"");
  EXPECT_EQ(field(answer, "Vary"), "Api-Version");
  const auto line = logged();
  EXPECT_EQ(line["api_version"], "v1");
  EXPECT_EQ(line["upstream_service"], "s");
}

TEST_F(GatewayTest, AnotherVersionGoesToAnotherService) {
  expect_refused(get("/versions", "api-version: v2\r\n"), 502, "upstream_connect_refused");
  const auto line = logged();
  EXPECT_EQ(line["api_version"], "v2");
  EXPECT_EQ(line["upstream_service"], "nowhere");
}

TEST_F(GatewayTest, AnUnknownVersionIs400AndNamesTheKnown) {
  const auto answer = get("/versions", "Api-Version: v3\r\n");
  expect_refused(answer, 400, "unknown_version");
  const std::string detail = problem(answer)["detail"];
  EXPECT_NE(detail.find("Api-Version may be v1, v2."), std::string::npos) << detail;
  EXPECT_EQ(field(answer, "Vary"), "Api-Version");
  EXPECT_EQ(logged()["api_version"], nullptr);
}

TEST_F(GatewayTest, ACallerKeepsToWhatItsCookieSays) {
  const auto first = get("/split");
  const auto cookie = field(first, "Set-Cookie");
  EXPECT_TRUE(cookie.starts_with("bucket=")) << first;
  const auto service = logged()["upstream_service"];
  for (int i = 0; i < 5; ++i) {
    const auto again = get("/split", "Cookie: " + cookie.substr(0, cookie.find(';')) + "\r\n");
    EXPECT_EQ(field(again, "Set-Cookie"), "(none)");
    EXPECT_EQ(logged()["upstream_service"], service);
  }
}

TEST_F(GatewayTest, AServiceThatIsNotThereIs502) {
  const auto answer = get("/nowhere");
  expect_refused(answer, 502, "upstream_connect_refused");
  EXPECT_EQ(field(answer, "Proxy-Status"), "penstock; error=connection_refused");
  EXPECT_EQ(logged()["attempts"], 2);
}

TEST_F(GatewayTest, AnAnswerThatIsCutShortIsCutShortForTheClient) {
  answer({{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n", Act::End::fin}});
  const auto answer = get("/open/1");
  EXPECT_TRUE(answer.ends_with("5\r\nbegun\r\n")) << answer;
  const auto line = logged();
  EXPECT_EQ(line["status_code"], 200);
  EXPECT_EQ(line["reason"], "upstream_incomplete");
}

TEST_F(GatewayTest, AClientThatResetsIs499) {
  answer({{ok(numbered(400'000))}});
  open();
  Scope scope(loop_);
  scope.spawn(ask_and_leave(*this));
  loop_.run_until([&] { return scope.empty(); });
  loop_.run_for(1min);
  EXPECT_EQ(logged()["reason"], "client_closed");
}

// --- Tunnels

TEST_F(GatewayTest, AWebSocketIsATunnel) {
  Act act{
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello",
      Act::End::fin};
  answer({act});
  const auto answer =
      get("/open/1",
          "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << answer;
  EXPECT_EQ(field(answer, "Upgrade"), "websocket");
  EXPECT_EQ(field(answer, "Connection"), "upgrade");
  EXPECT_TRUE(answer.ends_with("\r\n\r\nhello"));
  EXPECT_EQ(field(seen(), "Upgrade"), "websocket");
  EXPECT_EQ(field(seen(), "Connection"), "upgrade");
  loop_.run_for(1min);
  const auto line = logged();
  EXPECT_EQ(line["status_code"], 101);
  EXPECT_EQ(line["bytes_out"], 5);
}

TEST_F(GatewayTest, AnUpgradeToAnythingElseIsForgotten) {
  answer({{ok()}});
  const auto answer = get("/open/1", "Connection: Upgrade\r\nUpgrade: h2c\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(field(seen(), "Upgrade"), "(none)");
  EXPECT_EQ(field(seen(), "Connection"), "(none)");
}

// --- From snapshot to snapshot

TEST_F(GatewayTest, ConnectionsOutliveASnapshot) {
  answer({{ok()}});
  get_once("/open/1");
  publish();
  get_once("/open/1");
  EXPECT_EQ(service_->connections(), 1);
}

TEST_F(GatewayTest, ARequestInFlightEndsWithTheSnapshotItBeganWith) {
  answer({{ok(), Act::End::keep, true, 5s}});
  std::string heard;
  begin_to_ask("/open/1", heard);
  std::swap(config_.document.services[0], config_.document.services[1]);
  config_.document.routes.erase(config_.document.routes.begin());
  publish();
  expect_refused(get_once("/open/1"), 404, "no_route");
  expect_refused(get_once("/nowhere"), 502, "upstream_connect_refused");
  EXPECT_TRUE(heard.empty());
  loop_.run_for(10s);
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 200 OK\r\n")) << heard;
  const auto line = logged();
  EXPECT_EQ(line["route_id"], "open");
  EXPECT_EQ(line["upstream_service"], "s");
  EXPECT_EQ(counted("open", "s"), 1U);
  EXPECT_EQ(counted("nowhere", "nowhere"), 1U);
}

TEST_F(GatewayTest, AServiceThatVanishesAnswersItsLastRequests) {
  answer({{ok()}, {"", Act::End::fin, true, 5s}, {ok()}});
  get_once("/open/1");
  std::string heard;
  begin_to_ask("/open/1", heard);
  const auto before = config_.document;
  config_.document.services.erase(config_.document.services.begin());
  keep_only("nowhere");
  publish();
  expect_refused(get_once("/nowhere"), 502, "upstream_connect_refused");
  // The first try of it fails: even then it may have another.
  loop_.run_for(10s);
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 200 OK\r\n")) << heard;
  EXPECT_EQ(service_->heads().size(), 3U);
  EXPECT_EQ(service_->connections(), 2);
  EXPECT_EQ(service_->open(), 0);  // Long before the idle timeout.
  config_.document = before;
  publish();
  EXPECT_TRUE(get_once("/open/1").starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(service_->connections(), 3);
}

TEST_F(GatewayTest, ATunnelOutlivesItsService) {
  std::string heard;
  open_tunnel(heard);
  config_.document.services.erase(config_.document.services.begin());
  keep_only("nowhere");
  for (int i = 0; i < 3; ++i) {
    publish();
    get_once("/nowhere");
  }
  loop_.run_for(1min);
  EXPECT_TRUE(heard.ends_with("\r\n\r\nhellolater")) << heard;
  EXPECT_EQ(counted("open", "s"), 1U);
}

}  // namespace
}  // namespace penstock
