#include "net/tls/tls_stream.h"

#include "net/tls/client_tls.h"
#include "net/tls/server_tls.h"
#include "net/tls/test_certificates.h"
#include "runtime/stream_suite.h"

namespace penstock {
namespace {

// Both sides of TLS, for one worker.
struct TestTls {
  static TestTls& get() {
    static TestTls tls;
    return tls;
  }

  TestCertificate certificate;
  TlsWorkers workers{1, Instant{}};
  std::shared_ptr<const ServerTls> server =
      *ServerTls::make({certificate.load()}, TlsVersion::tls12, workers);
  std::shared_ptr<const ClientTls> client =
      *ClientTls::make({.trusted = certificate.pem(), .certificate = {}, .verify = true}, workers);
};

Task<void> shake(TlsStream& stream) {
  const auto done = co_await stream.handshake(Timeout{.idle = std::chrono::seconds(10)});
  EXPECT_TRUE(done.has_value()) << text_of(done.error().kind) << done.error().detail;
}

Task<Pair> secured(Loop& loop, Task<Pair> made) {
  auto plain = co_await std::move(made);
  auto& tls = TestTls::get();
  auto client = std::make_unique<TlsStream>(loop, std::move(plain.client),
                                            tls.client->connect(0, "localhost", nullptr));
  auto server = std::make_unique<TlsStream>(loop, std::move(plain.server), tls.server->accept(0));
  Scope scope(loop);
  scope.spawn(shake(*client));
  scope.spawn(shake(*server));
  co_await scope.join();
  co_return Pair{std::move(client), std::move(server)};
}

template <class Below>
class TlsBench : public Below {
 public:
  static constexpr bool kTellsItsEnd = true;
  Task<Pair> pair(Acceptor& acceptor) { return secured(Below::loop(), Below::pair(acceptor)); }
};

using TlsOnBothLoops = ::testing::Types<TlsBench<EpollBench>, TlsBench<SimBench>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Tls, StreamTest, TlsOnBothLoops);

}  // namespace
}  // namespace penstock
