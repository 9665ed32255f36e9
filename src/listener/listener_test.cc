#include "listener/listener.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "http/h1/two_ends.h"
#include "net/tls/test_tls.h"
#include "observe/exposition.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;
using http::h1::say;

const std::string kRequest = "GET /path HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";
const std::string kLastAnswer =
    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfine";

// A listener in virtual time, whose exchanges are answered after `pause`.
class ListenerTest : public ::testing::Test {
 protected:
  ~ListenerTest() override { end(); }

  void open() {
    shared_ = std::make_unique<ListenerShared>(config_, *Address::parse("10.0.0.1:80"), CidrSet{},
                                               config_.limits.connections, tls_);
    listener_ =
        std::make_unique<Listener>(loop_, *shared_, loop_.network().listen(address_), store_,
                                   series_, [this](Exchange& exchange) { return serve(exchange); });
    listener_->start(scope_);
  }
  void end() {
    scope_.cancel();
    EXPECT_TRUE(loop_.run_until([this] { return scope_.empty(); }, 1h));
    EXPECT_EQ(loop_.buffers().lent(), 0U);
    if (shared_) EXPECT_EQ(shared_->connections.open(), 0U);
  }

  Task<void> serve(Exchange& exchange) {
    ++served_;
    if (exchange.fault) fault_ = exchange.fault->reason;
    const auto rested = co_await sleep_for(loop_, pause_);
    if (!rested) co_return;
    body_bytes_ = exchange.entrance->body_bytes;
    scheme_ = exchange.entrance->scheme;
    server_name_ = exchange.tls.server_name;
    exchange.response.status = exchange.fault ? exchange.fault->reason->status : 200;
    exchange.response.framing = http::Framing::length;
    exchange.response.content_length = 4;
    exchange.text = http::TextBody("fine");
    const auto sent = co_await exchange.responder->respond(exchange.response, &exchange.text);
    exchange.delivered = sent.end == http::Sent::End::whole;
  }

  void run(Task<void> task) {
    Scope scope(loop_);
    scope.spawn(std::move(task));
    EXPECT_TRUE(loop_.run_until([&] { return scope.empty(); }, 1h));
  }
  std::unique_ptr<Stream> connect() {
    std::unique_ptr<Stream> stream;
    run(connect_to(*this, stream));
    return stream;
  }
  static Task<void> connect_to(ListenerTest& test, std::unique_ptr<Stream>& stream) {
    auto connected = co_await test.loop_.connect(test.address_, Timeout{});
    EXPECT_TRUE(connected.has_value());
    if (connected) stream = std::move(*connected);
  }
  // Sends, and gives what comes until the connection has been quiet for a while.
  std::string ask(Stream& stream, std::string text) {
    std::string heard;
    run(ask_and_hear(stream, std::move(text), heard));
    return heard;
  }
  static Task<void> ask_and_hear(Stream& stream, std::string text, std::string& heard) {
    if (!text.empty()) co_await say(stream, std::move(text));
    for (;;) {
      auto got = co_await stream.recv(BufferPool::kBlock, {.idle = 500ms});
      if (!got && got.error().kind == Error::Kind::closed) heard += "|closed";
      if (!got && got.error().kind == Error::Kind::reset) heard += "|reset";
      if (!got) co_return;
      heard += got->bytes();
    }
  }
  bool counted(std::string_view line) {
    const auto copy = store_.copy();
    const auto text = expose(merge(std::span(&copy, 1)), MetricFormat::prometheus);
    return text.find(line) != std::string::npos;
  }

  SimLoop loop_{1};
  SocketAddress address_ = SimNetwork::address(1, 80);
  MetricStore store_;
  WorkerSeries series_{store_};
  ListenerConfig config_{
      .name = {"public", {}}, .address = {}, .limits = {}, .trusted_proxies = {}};
  std::shared_ptr<const ServerTls> tls_;
  std::unique_ptr<ListenerShared> shared_;
  std::unique_ptr<Listener> listener_;
  Scope scope_{loop_};
  int served_ = 0;
  Duration pause_{};
  const Reason* fault_ = nullptr;
  std::uint64_t body_bytes_ = 0;  // Of the last exchange's entrance.
  std::string scheme_;
  std::string server_name_;
};

TEST_F(ListenerTest, ServesOneRequestAfterAnotherOnAConnection) {
  open();
  auto client = connect();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(*client, kRequest), kAnswer);
  EXPECT_EQ(ask(*client, kRequest + kRequest), kAnswer + kAnswer);
  EXPECT_EQ(served_, 5);
  EXPECT_EQ(shared_->connections.open(), 1U);
}

TEST_F(ListenerTest, KnowsHowManyConnectionsWaitAndWork) {
  pause_ = 10s;
  open();
  auto client = connect();
  loop_.run_for(1s);
  EXPECT_TRUE(counted(R"(penstock_connections{listener="public",state="idle"} 1)"));
  ask(*client, kRequest);
  EXPECT_TRUE(counted(R"(penstock_connections{listener="public",state="active"} 1)"));
  EXPECT_TRUE(counted(R"(penstock_connections{listener="public",state="idle"} 0)"));
}

TEST_F(ListenerTest, AConnectionThatIsIdleForLongIsClosed) {
  open();
  auto client = connect();
  ask(*client, kRequest);
  loop_.run_for(config_.limits.idle_timeout + 1s);
  EXPECT_EQ(shared_->connections.open(), 0U);
  EXPECT_EQ(ask(*client, ""), "|closed");
  EXPECT_TRUE(counted(R"(limit="idleTimeout"} 1)"));
}

TEST_F(ListenerTest, AHeadThatDoesNotEndIsAnswered408) {
  open();
  auto client = connect();
  EXPECT_EQ(ask(*client, "GET / HTTP/1.1\r\nHos"), "");
  loop_.run_for(config_.limits.header_timeout);
  EXPECT_EQ(fault_, &reasons::kRequestTimeout);
  EXPECT_EQ(ask(*client, ""),
            "HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"
            "fine|closed");
  EXPECT_TRUE(counted(R"(limit="headerTimeout"} 1)"));
}

TEST_F(ListenerTest, AHeadThatIsWrongIsAnsweredAndEndsTheConnection) {
  open();
  auto client = connect();
  EXPECT_EQ(ask(*client, "GET / HTTP/1.1\r\nBad Name: x\r\n\r\n" + kRequest),
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"
            "fine|closed");
  EXPECT_EQ(served_, 1);
}

TEST_F(ListenerTest, ALimitThatIsMetIsCounted) {
  open();
  auto first = connect();
  ask(*first, "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n\r\n");
  EXPECT_EQ(fault_, &reasons::kRequestLineTooLong);
  EXPECT_TRUE(counted(R"(limit="requestLine"} 1)"));
  auto second = connect();
  std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 100; ++i) many += "X: y\r\n";
  ask(*second, many + "\r\n");
  EXPECT_EQ(fault_, &reasons::kTooManyHeaders);
  EXPECT_TRUE(counted(R"(limit="headers"} 1)"));
  auto third = connect();
  ask(*third, "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(40'000, 'a') + "\r\n\r\n");
  EXPECT_EQ(fault_, &reasons::kHeaderTooLarge);
  EXPECT_TRUE(counted(R"(limit="headerBytes"} 1)"));
}

TEST_F(ListenerTest, AClientThatLeavesWithinItsHeadIsNotServed) {
  open();
  auto client = connect();
  run(say(*client, "GET / HT", http::h1::Then::fin));
  loop_.run_for(1s);
  EXPECT_EQ(served_, 0);
  EXPECT_EQ(shared_->connections.open(), 0U);
}

TEST_F(ListenerTest, OneConnectionTooManyIsTold) {
  config_.limits.connections = 1;
  open();
  auto first = connect();
  auto second = connect();
  const auto told = ask(*second, kRequest);
  EXPECT_TRUE(told.starts_with("HTTP/1.1 503 Service Unavailable\r\n")) << told;
  EXPECT_NE(told.find("\"code\":\"connection_limit\""), std::string::npos);
  EXPECT_NE(told.find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_TRUE(told.ends_with("|closed")) << told;
  EXPECT_EQ(ask(*first, kRequest), kAnswer);
  first.reset();
  loop_.run_for(1s);
  auto third = connect();
  EXPECT_EQ(ask(*third, kRequest), kAnswer);
  EXPECT_TRUE(counted(R"(limit="connections"} 1)"));
}

TEST_F(ListenerTest, WithoutDescriptorsItWaitsAndRecovers) {
  open();
  auto first = connect();
  std::unique_ptr<Stream> second;
  Scope scope(loop_);
  scope.spawn(connect_to(*this, second));
  loop_.network().exhaust(true);
  loop_.run_for(2s);
  EXPECT_EQ(ask(*first, kRequest), kAnswer);
  loop_.network().exhaust(false);
  loop_.run_for(1s);
  EXPECT_TRUE(scope.empty());
}

// --- Draining

TEST_F(ListenerTest, DrainingClosesWhatWaitsAndLetsEndWhatWorks) {
  pause_ = 5s;
  open();
  auto waits = connect();
  auto works = connect();
  run(say(*works, kRequest));
  loop_.run_for(1s);
  listener_->drain();
  EXPECT_EQ(ask(*waits, ""), "|closed");
  loop_.run_for(4s);
  EXPECT_EQ(ask(*works, ""), kLastAnswer + "|closed");
  loop_.run_for(2s);
  EXPECT_TRUE(listener_->idle());
  EXPECT_EQ(shared_->accepting.load(), 0U);
}

TEST_F(ListenerTest, DrainingServesWhatWasQueued) {
  open();
  std::unique_ptr<Stream> queued;
  Scope scope(loop_);
  scope.spawn(connect_to(*this, queued));
  loop_.run_until([this] { return loop_.network().open_streams() > 0; });
  listener_->drain();
  loop_.run_for(1s);
  ASSERT_NE(queued, nullptr);
  EXPECT_EQ(ask(*queued, kRequest), kLastAnswer + "|closed");
  loop_.run_for(2s);
  EXPECT_TRUE(listener_->idle());
}

TEST_F(ListenerTest, AGentleDrainKeepsConnectionsThatWaitForOneMoreRequest) {
  open();
  auto waits = connect();
  EXPECT_EQ(ask(*waits, kRequest), kAnswer);
  auto rests = connect();
  listener_->drain(Listener::Waiting::kept);
  EXPECT_EQ(ask(*waits, ""), "");
  EXPECT_EQ(ask(*waits, kRequest), kLastAnswer + "|closed");
  loop_.run_for(config_.limits.idle_timeout + 1s);
  EXPECT_TRUE(listener_->idle());
}

TEST_F(ListenerTest, AcceptsAgainAfterADrain) {
  open();
  auto before = connect();
  EXPECT_EQ(ask(*before, kRequest), kAnswer);
  listener_->drain(Listener::Waiting::kept);
  loop_.run_for(1s);
  EXPECT_EQ(shared_->accepting.load(), 0U);
  shared_->accepting.fetch_add(1);
  listener_->resume();
  auto after = connect();
  EXPECT_EQ(ask(*after, kRequest), kAnswer);
  EXPECT_EQ(ask(*before, kRequest), kAnswer);
  EXPECT_EQ(shared_->accepting.load(), 1U);
}

TEST_F(ListenerTest, ADrainThatIsTakenBackAtOnceWasNone) {
  open();
  loop_.run_for(1s);
  listener_->drain(Listener::Waiting::kept);
  shared_->accepting.fetch_add(1);
  listener_->resume();
  loop_.run_for(1s);
  EXPECT_EQ(shared_->accepting.load(), 1U);
  auto client = connect();
  EXPECT_EQ(ask(*client, kRequest), kAnswer);
}

TEST_F(ListenerTest, ARequestWhoseHeadEndsAfterTheDrainBeganIsTheLast) {
  open();
  auto client = connect();
  EXPECT_EQ(ask(*client, "GET / HTTP/1.1\r\n"), "");
  listener_->drain();
  EXPECT_EQ(ask(*client, "Host: h\r\n\r\n" + kRequest), kLastAnswer + "|closed");
  EXPECT_EQ(served_, 1);
}

TEST_F(ListenerTest, CancellingItEndsEverything) {
  pause_ = 1h;
  open();
  auto waits = connect();
  auto within_head = connect();
  auto works = connect();
  Scope scope(loop_);
  scope.spawn(say(*within_head, "GET"));
  scope.spawn(say(*works, kRequest));
  loop_.run_for(1s);
  EXPECT_TRUE(scope.empty());
  EXPECT_EQ(served_, 1);
  EXPECT_EQ(shared_->connections.open(), 3U);
  EXPECT_EQ(ask(*waits, ""), "");
  EXPECT_EQ(ask(*within_head, ""), "");
  end();
}

TEST_F(ListenerTest, NewSettingsHoldFromTheNextRequestAndTheirLimitsFromTheNextConnection) {
  open();
  auto before = connect();
  EXPECT_EQ(ask(*before, kRequest), kAnswer);
  config_.limits.request_line = ByteSize{8};
  config_.limits.body_bytes = ByteSize{7};
  listener_->settings().swap_to(new Edition<ListenerSettings>(
      loop_,
      std::make_unique<const ListenerSettings>(config_, shared_->name, shared_->port, CidrSet{}),
      1));
  EXPECT_EQ(ask(*before, kRequest), kAnswer);
  EXPECT_EQ(body_bytes_, 7U);
  auto after = connect();
  ask(*after, kRequest);
  EXPECT_EQ(fault_, &reasons::kRequestLineTooLong);
}

TEST_F(ListenerTest, AnExchangeKeepsTheSettingsItBeganWith) {
  pause_ = 100ms;
  config_.limits.body_bytes = ByteSize{5};
  open();
  for (std::uint64_t bytes : {6U, 7U, 8U}) {
    auto client = connect();
    const auto served = served_;
    run(say(*client, kRequest));
    EXPECT_TRUE(loop_.run_until([&] { return served_ > served; }, 1h));
    config_.limits.body_bytes = ByteSize{bytes};
    listener_->settings().swap_to(new Edition<ListenerSettings>(
        loop_,
        std::make_unique<const ListenerSettings>(config_, shared_->name, shared_->port, CidrSet{}),
        1));
    EXPECT_EQ(ask(*client, {}), kAnswer);
    EXPECT_EQ(body_bytes_, bytes - 1);
  }
}

// --- TLS

class TlsListenerTest : public ListenerTest {
 protected:
  TlsListenerTest() { tls_ = serving(certificate_); }

  std::shared_ptr<const ServerTls> serving(const TestCertificate& certificate) {
    return *ServerTls::make({certificate.load()}, TlsVersion::tls12, workers_);
  }
  std::unique_ptr<Stream> connect_securely(const TestCertificate& trusted) {
    const auto client =
        *ClientTls::make({.trust = *Trust::load(trusted.files().certificate, workers_),
                          .certificate = {},
                          .server_name = {}},
                         workers_);
    auto stream =
        std::make_unique<TlsStream>(loop_, connect(), client->connect(0, "localhost", nullptr));
    bool secure = false;
    run(shake(*stream, secure));
    EXPECT_TRUE(secure);
    return stream;
  }
  static Task<void> shake(TlsStream& stream, bool& secure) {
    const auto done = co_await stream.handshake(Timeout{.idle = 10s});
    secure = done.has_value();
  }

  TestCertificate certificate_;
  TlsWorkers workers_{1, loop_.now()};
};

TEST_F(TlsListenerTest, ServesHttps) {
  open();
  auto client = connect_securely(certificate_);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(*client, kRequest), kAnswer);
  EXPECT_EQ(scheme_, "https");
  EXPECT_EQ(server_name_, "localhost");
  EXPECT_TRUE(counted(R"(penstock_tls_handshakes_total{listener="public",)"
                      R"(version="TLSv1.3",resumed="false"} 1)"));
  loop_.run_for(config_.limits.idle_timeout + 1s);
  EXPECT_EQ(ask(*client, ""), "|closed") << "with a goodbye";
}

TEST_F(TlsListenerTest, PlainHttpIsToldSo) {
  open();
  auto client = connect();
  const auto heard = ask(*client, kRequest);
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 400 Bad Request\r\n")) << heard;
  EXPECT_TRUE(heard.ends_with("\"code\":\"tls_required\"}\n|closed")) << heard;
  EXPECT_TRUE(counted(R"(reason="plain_text"} 1)"));
  EXPECT_EQ(served_, 0);
}

TEST_F(TlsListenerTest, ASlowHandshakeIsCut) {
  open();
  auto client = connect();
  EXPECT_EQ(ask(*client, "\x16"), "");
  loop_.run_for(config_.limits.header_timeout);
  EXPECT_EQ(shared_->connections.open(), 0U);
  EXPECT_TRUE(counted(R"(penstock_tls_handshake_failures_total{listener="public",)"
                      R"(reason="timed_out"} 1)"));
  EXPECT_TRUE(counted(R"(limit="headerTimeout"} 1)"));
}

TEST_F(TlsListenerTest, ANewCertificateIsForNewConnections) {
  open();
  auto before = connect_securely(certificate_);
  const TestCertificate newer;
  listener_->settings().swap_to(new Edition<ListenerSettings>(
      loop_,
      std::make_unique<const ListenerSettings>(config_, shared_->name, shared_->port, CidrSet{},
                                               serving(newer)),
      1));
  auto after = connect_securely(newer);
  EXPECT_EQ(ask(*before, kRequest), kAnswer);
  EXPECT_EQ(ask(*after, kRequest), kAnswer);
}

TEST_F(TlsListenerTest, DrainingEndsWhatWaitsAndWhatShakesHands) {
  open();
  auto waits = connect_securely(certificate_);
  auto shakes = connect();
  EXPECT_EQ(ask(*shakes, "\x16"), "");
  listener_->drain();
  EXPECT_EQ(ask(*waits, ""), "|closed");
  end();
}

TEST_F(TlsListenerTest, BeyondTheLimitNobodyIsSpokenToWithoutTls) {
  config_.limits.connections = 1;
  open();
  auto first = connect_securely(certificate_);
  auto second = connect();
  EXPECT_EQ(ask(*second, ""), "|closed");
  EXPECT_EQ(ask(*first, kRequest), kAnswer);
}

}  // namespace
}  // namespace penstock
