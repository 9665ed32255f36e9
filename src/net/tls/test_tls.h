#pragma once

#include <gtest/gtest.h>

#include <expected>
#include <memory>
#include <string>
#include <utility>

#include "net/tls/client_tls.h"
#include "net/tls/server_tls.h"
#include "net/tls/test_certificates.h"
#include "runtime/all_loops.h"

// For tests: both sides of TLS, in virtual time.
namespace penstock {

using Shaken = std::expected<void, HandshakeFailure>;

inline Task<void> shake_hands(TlsStream& stream, Shaken& outcome) {
  outcome = co_await stream.handshake(Timeout{.idle = std::chrono::seconds(10)});
}

// Two ends of a connection after their handshake, and how that ended for each.
struct TlsPair {
  std::unique_ptr<TlsStream> client;
  std::unique_ptr<TlsStream> server;
  Shaken client_outcome;
  Shaken server_outcome;
};

inline Task<TlsPair> secured(Loop& loop, Task<Pair> made, SslPointer client, SslPointer server) {
  auto plain = co_await std::move(made);
  TlsPair pair;
  pair.client = std::make_unique<TlsStream>(loop, std::move(plain.client), std::move(client));
  pair.server = std::make_unique<TlsStream>(loop, std::move(plain.server), std::move(server));
  Scope scope(loop);
  scope.spawn(shake_hands(*pair.client, pair.client_outcome));
  scope.spawn(shake_hands(*pair.server, pair.server_outcome));
  co_await scope.join();
  co_return pair;
}

// A simulated network with a server on it, and what makes both sides of a connection.
class TlsTest : public ::testing::Test {
 protected:
  using Spec = TestCertificate::Spec;

  std::shared_ptr<const ServerTls> serve(Certificates certificates,
                                         TlsVersion least = TlsVersion::tls12) {
    auto made = ServerTls::make(std::move(certificates), least, workers);
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error());
    return made ? *made : nullptr;
  }
  // Trusts that certificate, or what it has signed.
  std::shared_ptr<const ClientTls> trusting(const TestCertificate& certificate,
                                            std::string server_name = {}) {
    return *ClientTls::make({.trust = *Trust::load(certificate.files().certificate, workers),
                             .certificate = {},
                             .server_name = std::move(server_name)},
                            workers);
  }
  std::shared_ptr<const ClientTls> trusting_anybody() { return *ClientTls::make({}, workers); }

  void run(Task<void> task) {
    Scope scope(loop());
    scope.spawn(std::move(task));
    EXPECT_TRUE(bench.loop().run_until([&] { return scope.empty(); }, std::chrono::hours(1)));
  }
  TlsPair connect(SslPointer client, SslPointer server) {
    TlsPair pair;
    run(keep(secured(loop(), bench.pair(*acceptor), std::move(client), std::move(server)), pair));
    return pair;
  }
  static Task<void> keep(Task<TlsPair> made, TlsPair& pair) { pair = co_await std::move(made); }

  Loop& loop() { return bench.loop(); }

  SimBench bench;
  std::unique_ptr<Acceptor> acceptor = bench.acceptor();
  TlsWorkers workers{2, bench.loop().now()};
};

}  // namespace penstock
