#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/tls/server_tls.h"
#include "net/tls/tls_stream.h"
#include "runtime/all_loops.h"
#include "upstream/call.h"

// For tests: a call to services that do what they are told, in virtual time.
namespace penstock {

// The client of an exchange: it says nothing, and may go away.
class QuietClient final : public Stream {
 public:
  explicit QuietClient(Loop& loop) : Stream(loop) {}

  void become(Peer peer) {
    peer_ = peer;
    if (watcher_ != nullptr) loop_.ready(*watcher_);
  }
  bool watched() const { return watcher_ != nullptr; }

  Peer peer() const override { return peer_; }
  void watch_peer(Operation* watcher) override {
    if (watcher == nullptr && watcher_ != nullptr) static_cast<Link<RunTag>&>(*watcher_).unlink();
    watcher_ = watcher;
    if (watcher_ != nullptr && peer_ != Peer::present) loop_.ready(*watcher_);
  }
  std::optional<Result<Lent>> try_recv(std::size_t) override { return std::nullopt; }
  void watch(Operation&) override {}
  void unwatch() override {}
  void shutdown_write() override {}
  void reset_on_close() override {}

 protected:
  bool start(Recv&) override { return false; }
  bool start(Send&) override { return false; }
  void forget(Recv&) override {}
  void forget(Send&) override {}

 private:
  Peer peer_ = Peer::present;
  Operation* watcher_ = nullptr;
};

class QuietResponder final : public http::Responder {
 public:
  explicit QuietResponder(Loop& loop) : client_(loop) {}

  void close_after() override {}
  QuietClient& client() override { return client_; }
  Task<Result<void>> interim(const http::ResponseHead& head) override {
    interims.push_back(head.status);
    if (client_.peer() == Stream::Peer::gone) co_return fail(Error::Kind::reset);
    co_return Result<void>{};
  }
  Task<http::Sent> respond(http::ResponseHead&, http::Body*) override { co_return http::Sent{}; }
  Task<Result<http::h1::Input*>> switch_protocols(const http::ResponseHead&) override {
    co_return fail(Error::Kind::system);
  }

  std::vector<std::uint16_t> interims;

 private:
  QuietClient client_;
};

// A request body whose pieces come after a pause each; then its end or a failure.
class SlowBody final : public http::Body {
 public:
  SlowBody(Loop& loop, std::vector<std::string> pieces, Duration pause = {},
           const Reason* failure = nullptr)
      : loop_(loop), pieces_(std::move(pieces)), pause_(pause), failure_(failure) {}

  std::optional<Result<http::Piece>> poll() override {
    if (at_ >= at_hand) return std::nullopt;
    const auto& piece = pieces_[at_++];
    return Result<http::Piece>(http::Piece{piece, at_ == pieces_.size() && failure_ == nullptr});
  }
  Task<Result<http::Piece>> read() override {
    if (pause_ > Duration{}) {
      const auto rested = co_await sleep_for(loop_, pause_);
      if (!rested) co_return fail(rested.error());
    }
    if (at_ == pieces_.size()) co_return end();
    const auto& piece = pieces_[at_++];
    co_return http::Piece{piece, at_ == pieces_.size() && failure_ == nullptr};
  }
  std::size_t at_hand = 0;  // Pieces that are there from the beginning.

  std::size_t size() const {
    std::size_t size = 0;
    for (const auto& piece : pieces_) size += piece.size();
    return size;
  }
  std::string all() const {
    std::string all;
    for (const auto& piece : pieces_) all += piece;
    return all;
  }

 private:
  Result<http::Piece> end() const {
    if (failure_ != nullptr) return fail(*failure_);
    return http::Piece{{}, true};
  }

  Loop& loop_;
  std::vector<std::string> pieces_;
  Duration pause_;
  const Reason* failure_;
  std::size_t at_ = 0;
};

// What a service does with one request.
struct Act {
  enum class End : std::uint8_t { keep, fin, reset };
  std::string answer;
  End end = End::keep;
  bool reads_content = true;
  Duration pause{};       // Before the answer.
  std::string interim{};  // Before the content is read.
  std::string rest{};     // After `rest_pause`.
  Duration rest_pause{};
};

inline std::string ok(const std::string& content = "fine") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" +
         content;
}

// A service at one address: one act for each request, the last one again and again.
class ScriptedService {
 public:
  // With `tls` it speaks that.
  ScriptedService(SimLoop& loop, const SocketAddress& address, std::vector<Act> acts,
                  std::shared_ptr<const ServerTls> tls = nullptr)
      : loop_(loop),
        acts_(std::move(acts)),
        tls_(std::move(tls)),
        acceptor_(loop.network().acceptor(address)) {
    scope_.spawn(accept());
  }
  ~ScriptedService() {
    scope_.cancel();
    EXPECT_TRUE(loop_.run_until([this] { return scope_.empty(); }));
  }

  int connections() const { return connections_; }
  int open() const { return open_; }
  int resumed() const { return resumed_; }  // TLS connections that went on from an earlier one.
  const std::vector<std::string>& heads() const { return heads_; }
  const std::vector<std::string>& contents() const { return contents_; }

 private:
  Task<void> accept() {
    for (;;) {
      auto accepted = co_await acceptor_->accept(Timeout{});
      if (!accepted) co_return;
      ++connections_;
      scope_.spawn(serve(std::move(accepted->stream)));
    }
  }
  Task<bool> need(Stream& stream, std::string& in, std::size_t size) {
    while (in.size() < size) {
      auto got = co_await stream.recv(BufferPool::kBlock, Timeout{});
      if (!got) co_return false;
      in += got->bytes();
    }
    co_return true;
  }
  static std::size_t content_size(const std::string& head) {
    constexpr std::string_view name = "Content-Length: ";
    const auto at = head.find(name);
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + name.size()));
  }
  Task<void> serve(std::unique_ptr<Stream> stream) {
    ++open_;
    if (tls_) {
      auto secured = std::make_unique<TlsStream>(loop_, std::move(stream), tls_->accept(0));
      const auto done = co_await secured->handshake(Timeout{});
      resumed_ += done && secured->resumed() ? 1 : 0;
      stream = std::move(secured);
      if (!done) {
        --open_;
        co_return;
      }
    }
    co_await serve_until_the_end(*stream);
    --open_;
  }
  Task<void> serve_until_the_end(Stream& stream) {
    std::string in;
    for (;;) {
      std::size_t end = 0;
      while ((end = in.find("\r\n\r\n")) == std::string::npos) {
        const bool more = co_await need(stream, in, in.size() + 1);
        if (!more) co_return;
      }
      heads_.push_back(in.substr(0, end + 4));
      in.erase(0, end + 4);
      const auto& act = acts_[std::min(heads_.size(), acts_.size()) - 1];
      const bool goes_on = co_await perform(act, stream, in);
      if (!goes_on) co_return;
    }
  }
  Task<bool> perform(const Act& act, Stream& stream, std::string& in) {
    if (!act.interim.empty()) co_await stream.send(act.interim, Timeout{});
    const auto size = act.reads_content ? content_size(heads_.back()) : 0;
    const bool whole = co_await need(stream, in, size);
    contents_.push_back(in.substr(0, size));
    if (!whole) co_return false;
    in.erase(0, size);
    const auto rested = co_await sleep_for(loop_, act.pause);
    if (!rested) co_return false;
    co_await stream.send(act.answer, Timeout{});
    if (!act.rest.empty()) {
      co_await sleep_for(loop_, act.rest_pause);
      co_await stream.send(act.rest, Timeout{});
    }
    if (act.end == Act::End::keep) co_return true;
    if (act.end == Act::End::reset) stream.reset_on_close();
    co_return false;
  }

  SimLoop& loop_;
  std::vector<Act> acts_;
  const std::shared_ptr<const ServerTls> tls_;
  std::unique_ptr<Acceptor> acceptor_;
  int resumed_ = 0;
  int connections_ = 0;
  int open_ = 0;
  std::vector<std::string> heads_;
  std::vector<std::string> contents_;
  Scope scope_{loop_};
};

// What became of a call.
struct Called {
  const Reason* reason = nullptr;
  Error::Kind kind{};
  std::uint16_t status = 0;
  std::string content;
  const Reason* cut = nullptr;  // Why the content was not whole.
  std::uint32_t attempts = 0;
  bool client_gone = false;
  Duration took{};
};

// The worker's side of one service, with endpoints 10.0.0.1:80 and on.
class CallBench {
 public:
  explicit CallBench(std::uint64_t seed = 1, std::uint8_t endpoints = 1)
      : loop(seed), exchange(loop), responder(loop) {
    config.service_name.value = "s";
    for (std::uint8_t i = 0; i < endpoints; ++i) add_endpoint(i + 1U);
    set.plan_rounds();
  }
  // However calls ended, none is counted as in flight any more.
  ~CallBench() {
    for (std::uint32_t i = 0; i < set.endpoints.size(); ++i) EXPECT_EQ(in_flight(i), 0U);
  }
  static SocketAddress address(std::uint8_t endpoint) {
    return SimNetwork::address(static_cast<std::uint8_t>(1 + endpoint), 80);
  }
  std::uint32_t in_flight(std::uint32_t endpoint) const {
    return set.endpoints[endpoint].state->in_flight();
  }
  // The service is spoken to by TLS.
  void secure(std::shared_ptr<const ClientTls> tls, const std::string& host) {
    set.tls = std::move(tls);
    for (auto& endpoint : set.endpoints) endpoint.host = host;
  }
  // All addresses belong to one configured instance, as of a name that resolves to several.
  void make_siblings() {
    for (auto& endpoint : set.endpoints) endpoint.instance = 1;
  }
  Service& service() {
    if (!service_) {
      service_ = std::make_shared<Service>(loop, store, config, 1U);
      service_->adopt(std::make_shared<EndpointSet>(set));
    }
    return *service_;
  }

  Called get(std::string_view method = "GET") { return call(method, nullptr); }
  Called send(std::string_view method, SlowBody& body) { return call(method, &body); }
  Called call(std::string_view method, SlowBody* body) {
    Called called;
    start(method, body, called);
    finish();
    return called;
  }
  void start(std::string_view method, SlowBody* body, Called& called) {
    exchange.clear();
    exchange.responder = &responder;
    auto& request = exchange.request;
    request.method = http::method_of(method);
    request.method_text = method;
    request.target = "/";
    request.fields.add(http::Name::host, "h");
    request.expects_continue = expects_continue;
    request.upgrade_websocket = upgrade_websocket;
    if (expects_continue) request.fields.add(http::Name::expect, "100-continue");
    if (upgrade_websocket) request.fields.add(http::Name::upgrade, "websocket");
    if (body != nullptr) {
      request.framing = http::Framing::length;
      request.content_length = announced > 0 ? announced : body->size();
      exchange.request_body = body;
    }
    scope.spawn(run_call(*this, called));
  }
  void finish() {
    EXPECT_TRUE(loop.run_until([this] { return scope.empty(); }));
  }

  SimLoop loop;
  MetricStore store;
  ServiceConfig config;
  EndpointSet set;
  Exchange exchange;
  QuietResponder responder;
  Scope scope{loop};
  bool stream = false;
  bool expects_continue = false;
  bool upgrade_websocket = false;
  std::size_t announced = 0;  // Instead of the body's size.

 private:
  void add_endpoint(std::uint32_t instance) {
    const auto at = address(static_cast<std::uint8_t>(instance - 1));
    Endpoint endpoint;
    endpoint.address = Address::from(reinterpret_cast<const sockaddr*>(&at.storage), at.length);
    endpoint.text = endpoint.address.to_text();
    endpoint.instance = instance;
    endpoint.authority = endpoint.text;
    endpoint.state = std::make_shared<EndpointState>();
    set.endpoints.push_back(std::move(endpoint));
  }
  static Task<void> run_call(CallBench& bench, Called& called) {
    const auto began = bench.loop.now();
    bench.service();
    Call call(bench.exchange, bench.service_, bench.config, bench.stream);
    const auto outcome = co_await call.run();
    called.took = bench.loop.now() - began;
    called.attempts = bench.exchange.upstream.attempts;
    if (!outcome) {
      called.reason = outcome.error().reason;
      called.kind = outcome.error().kind;
    } else {
      called.status = bench.exchange.response.status;
      if (bench.exchange.response_body != nullptr) co_await read(bench, called);
    }
    called.client_gone = call.client_gone();
    co_await call.close();
  }
  static Task<void> read(CallBench& bench, Called& called) {
    for (;;) {
      const auto piece = co_await bench.exchange.response_body->read();
      if (!piece) called.cut = piece.error().reason;
      if (!piece) co_return;
      called.content += piece->bytes;
      if (piece->last) co_return;
    }
  }

  std::shared_ptr<Service> service_;
};

}  // namespace penstock
