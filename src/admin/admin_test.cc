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
  AdminTest() {
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
    loaded.config.node.admin.address.value = "127.0.0.1:0";
    auto node = Node::create(std::move(loaded));
    ensure(node.has_value());
    node_ = std::move(*node);
  }
  ~AdminTest() override {
    node_.reset();
    std::filesystem::remove_all(folder_);
  }

  KeepingResponder ask(std::string_view target, http::Method method = http::Method::get,
                       std::string_view accept = {}) {
    Exchange exchange(node_->loop());
    exchange.request.method = method;
    exchange.request.method_text = http::text_of(method);
    exchange.request.target = target;
    exchange.request.authority = "localhost";
    exchange.request.fields.add(http::Name::host, "localhost");
    if (!accept.empty()) exchange.request.fields.add(http::Name::accept, accept);
    return serve(exchange);
  }
  KeepingResponder serve(Exchange& exchange) {
    KeepingResponder responder;
    exchange.responder = &responder;
    Admin admin(*node_);
    Scope scope(node_->loop());
    scope.spawn(serve_then_stop(*node_, admin, exchange));
    if (!scope.empty()) node_->loop().run();
    EXPECT_TRUE(exchange.delivered);
    EXPECT_EQ(responder.fields["X-Request-Id"].size(), kUuidSize);
    return responder;
  }
  static Task<void> serve_then_stop(Node& node, Admin& admin, Exchange& exchange) {
    co_await admin.serve(exchange);
    node.loop().stop();
  }

  std::string folder_;
  std::unique_ptr<Node> node_;
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

}  // namespace
}  // namespace penstock
