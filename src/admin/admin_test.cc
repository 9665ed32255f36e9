#include "admin/admin.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "config/load.h"

namespace penstock {
namespace {

// Keeps the answer.
class KeepingResponder final : public http::Responder {
 public:
  void close_after() override { closes = true; }
  Stream& client() override { std::abort(); }
  Task<Result<void>> interim(const http::ResponseHead&) override { co_return Result<void>{}; }
  Task<http::Sent> respond(http::ResponseHead& head, http::Body* body) override {
    status = head.status;
    for (const auto& field : head.fields)
      fields[std::string(field.name)] = std::string(field.value);
    if (body != nullptr) text = std::string((*body->poll())->bytes);
    co_return http::Sent{};
  }
  Task<Result<http::h1::Input*>> switch_protocols(const http::ResponseHead&) override {
    std::abort();
  }

  bool closes = false;
  std::uint16_t status = 0;
  std::map<std::string, std::string> fields;
  std::string text;
};

// A node that has not been started: its workers do not turn.
class AdminTest : public ::testing::Test {
 protected:
  explicit AdminTest(const std::string& address = "127.0.0.1:0") {
    std::string name = (std::filesystem::temp_directory_path() / "penstock-admin-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    auto loaded = load_text("t",
                            "listeners: [ { name: a, address: '127.0.0.1:1' } ]\n"
                            "runtime: { workers: 1 }\n"
                            "observability: { accessLog: { path: 'off' } }\n"
                            "stateDir: " +
                                folder_ + "\n",
                            [](std::string_view) { return std::nullopt; });
    ensure(loaded.ok);
    // Any port that is free; a file may not ask for that.
    loaded.config.node.listeners[0].address.value = "127.0.0.1:0";
    loaded.config.node.admin.address.value = address;
    auto node = Node::create(std::move(loaded));
    ensure(node.has_value());
    node_ = std::move(*node);
  }
  ~AdminTest() override {
    node_.reset();
    std::filesystem::remove_all(folder_);
  }

  KeepingResponder ask(std::string_view target, http::Method method = http::Method::get,
                       std::string_view accept = {}, std::string_view authorization = {}) {
    Exchange exchange(node_->loop());
    exchange.request.method = method;
    exchange.request.method_text = http::text_of(method);
    exchange.request.target = target;
    exchange.request.authority = "localhost";
    exchange.request.fields.add(http::Name::host, "localhost");
    if (!accept.empty()) exchange.request.fields.add(http::Name::accept, accept);
    if (!authorization.empty())
      exchange.request.fields.add(http::Name::authorization, authorization);
    return serve(exchange);
  }
  KeepingResponder serve(Exchange& exchange) {
    KeepingResponder responder;
    exchange.responder = &responder;
    const Entrance entrance{.listener = listener_};
    exchange.entrance = &entrance;
    Admin admin(*node_);
    Scope scope(node_->loop());
    bool waits = false;
    scope.spawn(serve_then_stop(*node_, admin, exchange, waits));
    waits = !scope.empty();
    if (waits) node_->loop().run();  // Once: a loop that was stopped does not turn again.
    EXPECT_TRUE(exchange.delivered);
    EXPECT_EQ(responder.fields["X-Request-Id"].size(), kUuidSize);
    return responder;
  }
  static Task<void> serve_then_stop(Node& node, Admin& admin, Exchange& exchange,
                                    const bool& waits) {
    co_await admin.serve(exchange);
    if (waits) node.loop().stop();
  }

  std::string bearer() const { return "Bearer " + node_->token().text(); }

  std::string folder_;
  std::unique_ptr<Node> node_;
  std::string_view listener_ = "admin";
};

// Other machines can reach it.
class OpenAdminTest : public AdminTest {
 protected:
  OpenAdminTest() : AdminTest("0.0.0.0:0") {}
};

TEST_F(AdminTest, IsAliveFromTheBeginning) {
  const auto answer = ask("/livez");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.text, "ok\n");
}

TEST_F(AdminTest, IsNotReadyBeforeItServes) {
  EXPECT_EQ(ask("/readyz").status, 503);
  const auto verbose = ask("/readyz?verbose");
  EXPECT_EQ(verbose.status, 503);
  EXPECT_NE(verbose.text.find("[-] serving: not ready: starting\n"), std::string::npos)
      << verbose.text;
  EXPECT_EQ(ask("/readyz").text, "starting\n");
}

TEST_F(AdminTest, ShowsMetricsAlsoWhenAWorkerDoesNotAnswer) {
  const auto answer = ask("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.text.find("penstock_build_info"), std::string::npos);
  EXPECT_TRUE(answer.fields.at("Content-Type").starts_with("text/plain"));
}

TEST_F(AdminTest, ShowsThemAsOpenMetricsUnderTheirOtherNameToo) {
  const auto answer =
      ask("/api/gateway/metrics", http::Method::get, "application/openmetrics-text; version=1.0.0");
  EXPECT_TRUE(answer.fields.at("Content-Type").starts_with("application/openmetrics-text"));
  EXPECT_TRUE(answer.text.ends_with("# EOF\n"));
}

TEST_F(AdminTest, AnswersHeadLikeGetAndRefusesOtherMethods) {
  EXPECT_EQ(ask("/livez", http::Method::head).status, 200);
  const auto post = ask("/livez", http::Method::post);
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(post.fields.at("Allow"), "GET, HEAD");
  EXPECT_EQ(nlohmann::json::parse(post.text)["code"], "method_not_allowed");
}

TEST_F(AdminTest, HasNothingElse) {
  for (const auto* const path : {"/", "/livez/", "/metrics/x", "/LIVEZ"}) {
    const auto answer = ask(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(nlohmann::json::parse(answer.text)["code"], "no_route");
  }
}

TEST_F(AdminTest, RefusesWhatIsNoRequest) {
  Exchange exchange(node_->loop());
  exchange.fault = Error{.kind = Error::Kind::rejected, .reason = &reasons::kHeaderTooLarge};
  const auto answer = serve(exchange);
  EXPECT_EQ(answer.status, 431);
  EXPECT_TRUE(answer.closes);
  const auto bad = ask("/%");
  EXPECT_EQ(bad.status, 400);
  EXPECT_TRUE(bad.closes);
}

TEST_F(AdminTest, TellsItsStatusToWhoShowsTheToken) {
  const auto answer = ask("/api/gateway/status", http::Method::get, {}, bearer());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.fields.at("Content-Type"), "application/json");
  const auto json = nlohmann::json::parse(answer.text);
  EXPECT_EQ(json["state"], "starting");
  EXPECT_EQ(json["workers"], 1);
  EXPECT_EQ(json["io"], node_->loop().name());
  EXPECT_EQ(json["state_dir"], folder_);
  EXPECT_EQ(json["listeners"][0]["name"], "a");
  EXPECT_EQ(json["listeners"][0]["connections"], 0);
  EXPECT_EQ(json["config"]["fallback"], false);
  EXPECT_EQ(answer.text.find(node_->token().text()), std::string::npos);
}

TEST_F(AdminTest, TellsItsStatusToNobodyElse) {
  auto wrong = bearer();
  wrong.back() = wrong.back() == 'x' ? 'y' : 'x';
  for (const auto& authorization :
       {std::string(), wrong, std::string("Bearer "), std::string("Basic abc"),
        node_->token().text(), bearer() + "x", "Bearer  " + node_->token().text()}) {
    const auto answer = ask("/api/gateway/status", http::Method::get, {}, authorization);
    EXPECT_EQ(answer.status, 401) << authorization;
    EXPECT_EQ(answer.fields.at("WWW-Authenticate"), R"(Bearer realm="penstock admin")");
    EXPECT_EQ(nlohmann::json::parse(answer.text)["code"], "admin_token_required");
  }
  EXPECT_EQ(ask("/api/gateway/status", http::Method::post).status, 401);
  EXPECT_EQ(ask("/api/gateway/status", http::Method::post, {}, bearer()).status, 405);
}

TEST_F(AdminTest, HasNoStatusOnTheHealthAddress) {
  listener_ = "health";
  EXPECT_EQ(ask("/api/gateway/status", http::Method::get, {}, bearer()).status, 404);
}

TEST_F(OpenAdminTest, ShowsMetricsOnlyWithTheTokenWhereOtherMachinesCanAsk) {
  EXPECT_EQ(ask("/metrics").status, 401);
  EXPECT_EQ(ask("/api/gateway/metrics").status, 401);
  EXPECT_EQ(ask("/metrics", http::Method::get, {}, bearer()).status, 200);
  EXPECT_EQ(ask("/livez").status, 200);
}

TEST_F(OpenAdminTest, ShowsMetricsToAllOnTheHealthAddressWhichWasOpenedForThem) {
  listener_ = "health";
  EXPECT_EQ(ask("/metrics").status, 200);
}

}  // namespace
}  // namespace penstock
