#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/load.h"
#include "gateway/gateway.h"
#include "http/h1/two_ends.h"
#include "listener/listener.h"
#include "upstream/call_bench.h"

namespace penstock {

using namespace std::chrono_literals;

// Everything from the client's bytes to the service's, in virtual time.
class TestGateway : public ::testing::Test {
 protected:
  explicit TestGateway(std::string_view config) {
    auto loaded = load_text("t", config, [](std::string_view) { return std::nullopt; });
    ensure(loaded.ok);
    config_ = std::move(loaded.config);
    publish();
  }
  ~TestGateway() override {
    scope_.cancel();
    service_.reset();
    EXPECT_TRUE(loop_.run_until([this] { return scope_.empty(); }, 1h));
    gateway_.snapshot().reset();
    gateway_.directory().reset();
    EXPECT_EQ(loop_.buffers().lent(), 0U);
  }

  // Another version, of what config_ says now.
  void publish() { publish(compiled()); }
  void publish(std::unique_ptr<const Snapshot> snapshot) {
    gateway_.directory().swap_to(new Edition<Directory>(loop_, directory(), 1));
    gateway_.snapshot().swap_to(new Edition<Snapshot>(loop_, std::move(snapshot), 1));
  }
  std::unique_ptr<Snapshot> compiled() { return std::move(*compile(config_.document, ++version_)); }
  std::unique_ptr<const Directory> directory() const {
    auto made = std::make_unique<Directory>();
    for (const auto& service : config_.document.services) {
      auto set = std::make_shared<EndpointSet>();
      set->service = service.service_name.value;
      Endpoint endpoint;
      endpoint.text = service.instances[0].host.value + ":80";
      endpoint.address = *Address::parse(endpoint.text);
      endpoint.authority = endpoint.text;
      endpoint.state = std::make_shared<EndpointState>();
      set->endpoints.push_back(std::move(endpoint));
      set->plan_rounds();
      made->services.push_back(std::move(set));
    }
    return made;
  }
  void trust(std::vector<std::string> proxies) { trusted_ = *CidrSet::parse(proxies); }
  void answer(std::vector<Act> acts) {
    service_ =
        std::make_unique<ScriptedService>(loop_, SimNetwork::address(11, 80), std::move(acts));
  }
  void open() {
    if (listener_) return;
    shared_ = std::make_unique<ListenerShared>(config_.node.listeners.front(),
                                               *Address::parse("10.0.0.1:8080"),
                                               std::move(trusted_), 100U);
    listener_ = std::make_unique<Listener>(
        loop_, *shared_, loop_.network().listen(address_), store_, gateway_.series(),
        [this](Exchange& exchange) { return gateway_.serve(exchange); });
    listener_->start(scope_);
  }

  // Sends on a connection of its own, and gives all that comes until a quiet second.
  std::string ask(std::string text) {
    open();
    std::string heard;
    Scope scope(loop_);
    scope.spawn(ask_and_hear(*this, std::move(text), heard));
    EXPECT_TRUE(loop_.run_until([&] { return scope.empty(); }, 1h));
    return heard;
  }
  std::string get(const std::string& path, const std::string& fields = {},
                  const std::string& method = "GET", const std::string& content = {}) {
    return ask(method + " " + path + " HTTP/1.1\r\nHost: api.test\r\n" + fields + "\r\n" + content);
  }
  static Task<void> ask_and_hear(TestGateway& test, std::string text, std::string& heard) {
    auto stream = co_await test.loop_.connect(test.address_, Timeout{});
    EXPECT_TRUE(stream.has_value());
    co_await (*stream)->send(text, Timeout{});
    for (;;) {
      auto got = co_await (*stream)->recv(BufferPool::kBlock, {.idle = 20s});
      if (!got) co_return;
      heard += got->bytes();
    }
  }

  static Task<void> ask_and_leave(TestGateway& test) {
    auto stream = co_await test.loop_.connect(test.address_, Timeout{});
    co_await http::h1::say(**stream, "GET /open/1 HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await sleep_for(test.loop_, 1s);
    (*stream)->reset_on_close();
  }

  // Opens a WebSocket through /open/1, whose service says `hello` at once, `later` after 4 s, and
  // then no more.
  void open_tunnel(std::string& heard) {
    Act act{
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello"};
    act.rest = "later";
    act.rest_pause = 4s;
    act.end = Act::End::fin;
    answer({act});
    open();
    scope_.spawn(ask_and_hear(*this,
                              "GET /open/1 HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
                              "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                              heard));
    loop_.run_for(1s);
  }

  static std::string field(const std::string& head, const std::string& name) {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "(none)";
    const auto begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
  static nlohmann::json problem(const std::string& answer) {
    EXPECT_EQ(field(answer, "Content-Type"), "application/problem+json");
    return nlohmann::json::parse(answer.substr(answer.find("\r\n\r\n") + 4));
  }
  void expect_refused(const std::string& answer, int status, const std::string& code) {
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status) + " ")) << answer;
    const auto json = problem(answer);
    EXPECT_EQ(json["status"], status);
    EXPECT_EQ(json["code"], code);
    EXPECT_EQ(json["request_id"], field(answer, "X-Request-Id"));
    EXPECT_NE(field(answer, "Date"), "(none)");
    EXPECT_EQ(field(answer, "Via"), "(none)");
  }
  nlohmann::json logged() {
    const auto waiting = ring_.waiting();
    std::string line(waiting.first);
    line += waiting.second;
    ring_.pop(waiting.size());
    return nlohmann::json::parse(line.substr(line.rfind('\n', line.size() - 2) + 1));
  }
  const std::string& seen() const { return service_->heads().back(); }

  // The connection ends with the answer, and so no time passes.
  std::string get_once(const std::string& path) { return get(path, "Connection: close\r\n"); }
  // Asks, and is not waited for.
  void begin_to_ask(const std::string& path, std::string& heard) {
    open();
    scope_.spawn(ask_and_hear(*this, "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n", heard));
    loop_.run_for(1s);
  }
  // How many requests the metrics know of that route, forwarded to that service.
  std::uint64_t counted(const std::string& route, const std::string& service) {
    std::uint64_t total = 0;
    const auto copy = store_.copy();
    for (std::size_t i = 0; i < copy.series.size(); ++i) {
      const auto& [family, slot, labels] = *copy.series[i];
      const auto has = [&](const auto& text) {
        return std::find(labels.begin(), labels.end(), text) != labels.end();
      };
      if (family == Family::requests && has(route) && has(service)) total += copy.cells[slot];
    }
    return total;
  }

  SimLoop loop_{1};
  std::uint64_t version_ = 0;
  SocketAddress address_ = SimNetwork::address(1, 8080);
  Config config_;
  MetricStore store_;
  LogRing ring_;
  CidrSet trusted_;
  Gateway gateway_{loop_, store_, &ring_, 1};
  std::unique_ptr<ListenerShared> shared_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<ScriptedService> service_;
  Scope scope_{loop_};
};

}  // namespace penstock
