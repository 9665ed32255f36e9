#include "net/tls/tls_stream.h"

#include "net/tls/test_tls.h"
#include "runtime/stream_suite.h"

namespace penstock {
namespace {

// --- What holds for every stream

struct SuiteTls {
  static SuiteTls& get() {
    static SuiteTls tls;
    return tls;
  }

  TestCertificate certificate;
  TlsWorkers workers{1, Instant{}};
  std::shared_ptr<const ServerTls> server =
      *ServerTls::make({certificate.load()}, TlsVersion::tls12, workers);
  std::shared_ptr<const ClientTls> client =
      *ClientTls::make({.trust = *Trust::load(certificate.files().certificate, workers),
                        .certificate = {},
                        .server_name = {}},
                       workers);
};

Task<Pair> secured_pair(Loop& loop, Task<Pair> made) {
  const auto& tls = SuiteTls::get();
  auto pair = co_await secured(loop, std::move(made), tls.client->connect(0, "localhost", nullptr),
                               tls.server->accept(0));
  EXPECT_TRUE(pair.client_outcome && pair.server_outcome);
  co_return Pair{std::move(pair.client), std::move(pair.server)};
}

template <class Below>
class TlsBench : public Below {
 public:
  static constexpr bool kTellsItsEnd = true;
  Task<Pair> pair(Acceptor& acceptor) { return secured_pair(Below::loop(), Below::pair(acceptor)); }
};

using TlsOnAllLoops =
    ::testing::Types<TlsBench<EpollBench>, TlsBench<UringBench>, TlsBench<SimBench>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Tls, StreamTest, TlsOnAllLoops);

// --- What is TLS's own

using namespace std::chrono_literals;

// Counts what is asked of the stream beneath.
class CountingStream final : public Stream {
 public:
  CountingStream(Loop& loop, std::unique_ptr<Stream> below)
      : Stream(loop), below_(std::move(below)) {}

  std::optional<Result<Lent>> try_recv(std::size_t most) override {
    auto got = below_->try_recv(most);
    if (got) ++receives;
    return got;
  }
  std::size_t try_send(std::string_view bytes) override { return below_->try_send(bytes); }
  void watch(Operation& watcher) override { below_->watch(watcher); }
  void unwatch() override { below_->unwatch(); }
  Peer peer() const override { return below_->peer(); }
  void watch_peer(Operation* watcher) override { below_->watch_peer(watcher); }
  void shutdown_write() override { below_->shutdown_write(); }
  void reset_on_close() override { below_->reset_on_close(); }

  int receives = 0;
  int sends = 0;

 protected:
  bool start(Recv& recv) override {
    below_->unwatch();
    auto got = below_->try_recv(recv.most());
    if (got) return recv.complete(std::move(*got));
    below_->watch(recv);
    return false;
  }
  bool start(Send& send) override {
    ++sends;
    return Stream::start(*below_, send);
  }
  void forget(Recv&) override { below_->unwatch(); }
  void forget(Send& send) override { Stream::forget(*below_, send); }

 private:
  std::unique_ptr<Stream> below_;
};

class TlsStreamTest : public TlsTest {
 protected:
  TlsPair connected() {
    auto pair = connect(client_->connect(0, "localhost", nullptr), server_->accept(0));
    EXPECT_TRUE(pair.client_outcome && pair.server_outcome);
    return pair;
  }
  static Task<void> send(Stream& stream, std::string_view bytes) {
    const auto sent = co_await stream.send(bytes, Timeout{.idle = 10s});
    EXPECT_TRUE(sent.has_value());
  }
  static Task<void> send_to_the_end(Stream& stream, std::string_view bytes, Error::Kind& end) {
    const auto sent = co_await stream.send(bytes, Timeout{.idle = 1s});
    end = sent ? Error::Kind::system : sent.error().kind;
  }
  static Task<void> read(Stream& stream, Everything& all) { all = co_await read_all(stream); }
  Everything everything(Stream& stream) {
    Everything all;
    run(read(stream, all));
    return all;
  }

  TestCertificate certificate_;
  std::shared_ptr<const ServerTls> server_ = serve({certificate_.load()});
  std::shared_ptr<const ClientTls> client_ = trusting(certificate_);
};

TEST_F(TlsStreamTest, TellsWhatWasAgreedOn) {
  const auto pair = connected();
  EXPECT_EQ(pair.server->version(), "TLSv1.3");
  EXPECT_EQ(pair.client->version(), "TLSv1.3");
  EXPECT_EQ(pair.server->cipher(), "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(pair.server->server_name(), "localhost");
  EXPECT_FALSE(pair.server->resumed());
}

// RFC 9112 §9.8: what a FIN alone ends may have been cut by anybody.
TEST_F(TlsStreamTest, AFinWithoutGoodbyeIsNoOrderlyEnd) {
  auto pair = connected();
  run(send(*pair.server, "cut sh"));
  pair.server->below().shutdown_write();
  const auto all = everything(*pair.client);
  EXPECT_EQ(all.bytes, "cut sh");
  EXPECT_EQ(all.end, Error::Kind::reset);
  EXPECT_EQ(everything(*pair.client).end, Error::Kind::reset);
}

TEST_F(TlsStreamTest, AGoodbyeBehindTheLastBytesIsAnOrderlyEnd) {
  auto pair = connected();
  run(send(*pair.server, "whole"));
  pair.server.reset();
  const auto all = everything(*pair.client);
  EXPECT_EQ(all.bytes, "whole");
  EXPECT_EQ(all.end, Error::Kind::closed);
}

TEST_F(TlsStreamTest, BytesThatAreNoRecordEndTheConnection) {
  auto pair = connected();
  run(send(pair.client->below(), "this is no record of TLS"));
  EXPECT_EQ(everything(*pair.server).end, Error::Kind::malformed);
  EXPECT_EQ(everything(*pair.client).end, Error::Kind::malformed) << "it was sent an alert";
  Error::Kind end{};
  run(send_to_the_end(*pair.server, "x", end));
  EXPECT_EQ(end, Error::Kind::reset);
}

TEST_F(TlsStreamTest, ACancelledSendLeavesNoHalfRecordBehindWhichOthersFollow) {
  auto pair = connected();
  const std::string flood(8'000'000, 'x');
  Error::Kind end{};
  run(send_to_the_end(*pair.server, flood, end));
  EXPECT_EQ(end, Error::Kind::timed_out);
  run(send_to_the_end(*pair.server, "more", end));
  EXPECT_EQ(end, Error::Kind::reset);
  EXPECT_EQ(loop().buffers().lent(), 0U);
  pair.server.reset();
  EXPECT_EQ(everything(*pair.client).end, Error::Kind::reset) << "no goodbye either";
}

// A server end that counts, after its handshake.
struct Counted {
  TlsPair pair;
  CountingStream* below = nullptr;
};

Task<Pair> ready(Pair pair) {
  co_return pair;
}

Task<Counted> counted(Loop& loop, Task<Pair> made) {
  auto plain = co_await std::move(made);
  auto counting = std::make_unique<CountingStream>(loop, std::move(plain.server));
  Counted counted;
  counted.below = counting.get();
  plain.server = std::move(counting);
  const auto& tls = SuiteTls::get();
  counted.pair =
      co_await secured(loop, ready(std::move(plain)), tls.client->connect(0, "localhost", nullptr),
                       tls.server->accept(0));
  counted.below->sends = counted.below->receives = 0;
  co_return counted;
}

Task<void> ask_and_answer(Loop& loop, Task<Pair> made) {
  auto ends = co_await counted(loop, std::move(made));
  auto& [client, server, shaken_client, shaken_server] = ends.pair;
  EXPECT_TRUE(shaken_client && shaken_server);
  if (!shaken_server) co_return;
  for (int i = 1; i <= 3; ++i) {
    const auto asked = co_await client->send("question", Timeout{});
    const auto question = co_await server->recv(BufferPool::kBlock, Timeout{});
    const auto answered = co_await server->send("answer", Timeout{});
    const auto answer = co_await client->recv(BufferPool::kBlock, Timeout{});
    EXPECT_TRUE(asked && question && answered && answer);
    EXPECT_EQ(ends.below->receives, i);
    EXPECT_EQ(ends.below->sends, i);
  }
}

TEST(TlsSystemCalls, AreOneReceiveAndOneSendForARequest) {
  EpollBench bench;
  const auto acceptor = bench.acceptor();
  run(bench, ask_and_answer(bench.loop(), bench.pair(*acceptor)));
}

// A head, the head of a chunk, its data and its end are one message.
Task<void> send_message(Loop& loop, Task<Pair> made) {
  auto ends = co_await counted(loop, std::move(made));
  const std::string data(std::size_t{64} * 1024, 'd');
  const auto sent = co_await ends.pair.server->send({"head", "10000\r\n", data, "\r\n"}, Timeout{});
  EXPECT_TRUE(sent.has_value());
  EXPECT_EQ(ends.below->sends, 1);
  ends.pair.server.reset();
  const auto all = co_await read_all(*ends.pair.client);
  EXPECT_TRUE(all.bytes == "head10000\r\n" + data + "\r\n");
}

TEST(TlsSystemCalls, AreOneSendForAMessageOfManyRecords) {
  EpollBench bench;
  const auto acceptor = bench.acceptor();
  run(bench, send_message(bench.loop(), bench.pair(*acceptor)));
}

TEST_F(TlsStreamTest, AnIdleConnectionHoldsNoBuffer) {
  auto pair = connected();
  const std::string bytes(300'000, 'x');
  Everything all;
  Scope scope(loop());
  scope.spawn(read(*pair.server, all));
  run(send(*pair.client, bytes));
  bench.loop().run_for(1s);
  EXPECT_EQ(loop().buffers().lent(), 0U) << "while it waits";
  pair.client.reset();
  EXPECT_TRUE(bench.loop().run_until([&] { return scope.empty(); }, 1h));
  EXPECT_EQ(all.bytes.size(), bytes.size());
}

class Woken final : public Operation {
 public:
  explicit Woken(Loop& loop) : Operation(loop, Timeout{}) {}
  void run() override { ++runs; }
  void cancel(Error::Kind) override {}
  int runs = 0;
};

// A pool would take it for bytes that nobody asked for.
TEST_F(TlsStreamTest, ATicketWakesNoWatcher) {
  LastSession last;
  auto pair = connect(client_->connect(0, "localhost", &last), server_->accept(0));
  Woken woken(loop());
  pair.client->watch(woken);
  EXPECT_EQ(SSL_key_update(pair.server->ssl(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
  run(send(*pair.client, "question"));
  bench.loop().run_for(1s);
  EXPECT_EQ(woken.runs, 0);
  // The ticket leaves with the first answer.
  run(send(*pair.server, "answer"));
  bench.loop().run_for(1s);
  EXPECT_EQ(woken.runs, 1);
  pair.client->unwatch();
  EXPECT_NE(last.get(), nullptr);
}

TEST_F(TlsStreamTest, AFinDuringTheWatchIsTold) {
  auto pair = connected();
  Woken woken(loop());
  pair.client->watch(woken);
  pair.server->below().shutdown_write();
  bench.loop().run_for(1s);
  EXPECT_EQ(woken.runs, 1);
  pair.client->unwatch();
}

// --- Handshakes that fail

class TlsHandshakeTest : public TlsStreamTest {
 protected:
  using Kind = HandshakeFailure::Kind;

  static Task<void> accept_one_that_says(TlsHandshakeTest& test, std::string_view bytes, bool leave,
                                         Shaken& outcome) {
    auto plain = co_await test.bench.pair(*test.acceptor);
    TlsStream server(test.loop(), std::move(plain.server), test.server_->accept(0));
    co_await send(*plain.client, bytes);
    if (leave) plain.client.reset();
    co_await shake_hands(server, outcome);
  }
  // What the server says of a client that sends these bytes and then no more.
  Kind failure_of(std::string_view bytes, bool leave) {
    Shaken outcome;
    run(accept_one_that_says(*this, bytes, leave, outcome));
    EXPECT_FALSE(outcome.has_value());
    EXPECT_EQ(loop().buffers().lent(), 0U);
    return outcome ? Kind{} : outcome.error().kind;
  }
};

TEST_F(TlsHandshakeTest, ASlowOneIsCut) {
  EXPECT_EQ(failure_of("\x16\x03\x01", false), Kind::timed_out);
}

TEST_F(TlsHandshakeTest, AClientMayLeave) {
  EXPECT_EQ(failure_of("\x16\x03\x01", true), Kind::closed);
}

TEST_F(TlsHandshakeTest, PlainHttpIsRecognised) {
  EXPECT_EQ(failure_of("DELETE / HTTP/1.1\r\n\r\n", false), Kind::plain_text);
}

TEST_F(TlsHandshakeTest, AnythingElseIsMalformed) {
  EXPECT_EQ(failure_of(std::string_view("\x16\x03\x01\x00\x05hello", 10), false), Kind::malformed);
}

TEST_F(TlsHandshakeTest, TheOldVersionIsRefusedWhereOnlyTheNewIsSpoken) {
  server_ = serve({certificate_.load()}, TlsVersion::tls13);
  auto ssl = client_->connect(0, "localhost", nullptr);
  SSL_set_max_proto_version(ssl.get(), TLS1_2_VERSION);
  const auto pair = connect(std::move(ssl), server_->accept(0));
  ASSERT_FALSE(pair.server_outcome || pair.client_outcome);
  EXPECT_EQ(pair.server_outcome.error().kind, Kind::version);
  EXPECT_EQ(pair.client_outcome.error().kind, Kind::version) << "it was told";
}

TEST_F(TlsHandshakeTest, AProtocolThatIsNotSpokenIsRefused) {
  for (const bool also_ours : {false, true}) {
    auto ssl = client_->connect(0, "localhost", nullptr);
    const std::string offered = also_ours ? "\x02h2\x08http/1.1" : "\x02h2";
    SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                        static_cast<unsigned>(offered.size()));
    const auto pair = connect(std::move(ssl), server_->accept(0));
    EXPECT_EQ(pair.server_outcome.has_value(), also_ours);
    if (!also_ours) EXPECT_EQ(pair.server_outcome.error().kind, Kind::protocol);
    if (!also_ours) EXPECT_EQ(pair.client_outcome.error().kind, Kind::refused);
  }
}

TEST_F(TlsHandshakeTest, NothingInCommonIsTold) {
  auto ssl = client_->connect(0, "localhost", nullptr);
  SSL_set_max_proto_version(ssl.get(), TLS1_2_VERSION);
  SSL_set_cipher_list(ssl.get(), "ECDHE-RSA-AES128-GCM-SHA256");  // The key is ECDSA's.
  const auto pair = connect(std::move(ssl), server_->accept(0));
  ASSERT_FALSE(pair.server_outcome.has_value());
  EXPECT_EQ(pair.server_outcome.error().kind, Kind::cipher);
}

TEST_F(TlsHandshakeTest, ATooOldClientIsRefused) {
  auto ssl = client_->connect(0, "localhost", nullptr);
  SSL_set_security_level(ssl.get(), 0);
  SSL_set_min_proto_version(ssl.get(), TLS1_VERSION);
  SSL_set_max_proto_version(ssl.get(), TLS1_1_VERSION);
  SSL_set_cipher_list(ssl.get(), "ALL:@SECLEVEL=0");
  const auto pair = connect(std::move(ssl), server_->accept(0));
  ASSERT_FALSE(pair.server_outcome.has_value());
  EXPECT_EQ(pair.server_outcome.error().kind, Kind::version);
}

}  // namespace
}  // namespace penstock
