#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/loop.h"
#include "runtime/stream.h"
#include "runtime/task.h"

struct bio_st;
struct bio_method_st;
struct ssl_st;

namespace penstock {

struct FreeSsl {
  void operator()(ssl_st* ssl) const;
};
using SslPointer = std::unique_ptr<ssl_st, FreeSsl>;

// What a handshake ended with that did not end well.
struct HandshakeFailure {
  enum class Kind : std::uint8_t {
    timed_out,
    closed,       // The peer left, or the connection broke.
    plain_text,   // The client spoke HTTP without TLS.
    version,      // No version in common.
    cipher,       // No cipher, group or signature algorithm in common.
    protocol,     // No application protocol in common (ALPN).
    certificate,  // The peer's certificate is not to be trusted,
    name,         // or is for another name,
    expired,      // or is not valid now.
    refused,      // The peer sent an alert.
    malformed,    // Anything else that is not TLS as it should be.
    cancelled,
  };
  static constexpr std::size_t kKinds = 12;

  Kind kind = Kind::malformed;
  std::string_view detail = {};  // OpenSSL's words; static storage.
};
std::string_view text_of(HandshakeFailure::Kind kind);

// TLS over another stream. OpenSSL never sees the socket: ciphertext is taken from the stream below
// without waiting, and what one send makes leaves in one send below, from buffers that the send
// owns. While it waits it holds no buffer.
//
// A FIN or a reset that no close_notify announced is Error::reset: what was received may have been
// cut by anybody on the way (RFC 8446 §6.1, RFC 9112 §9.8). Destroying it sends close_notify,
// unless reset_on_close() was called.
class TlsStream final : public Stream {
 public:
  // `ssl` knows its role, and what it trusts; what its context refers to outlives this.
  TlsStream(Loop& loop, std::unique_ptr<Stream> below, SslPointer ssl);
  ~TlsStream() override;

  // Once, before anything else.
  Task<std::expected<void, HandshakeFailure>> handshake(Timeout timeout);

  // What was agreed on; the texts live as long as the stream.
  std::string_view version() const;      // `TLSv1.3`
  std::string_view cipher() const;       // `TLS_AES_128_GCM_SHA256`
  std::string_view server_name() const;  // As the client sent it; empty if it did not.
  bool resumed() const;
  ssl_st* ssl() { return ssl_.get(); }
  Loop& loop() { return loop_; }
  // For OpenSSL's callbacks.
  static TlsStream& of(ssl_st* ssl);
  // For who has something to say to a peer that does not speak TLS.
  Stream& below() { return *below_; }

  std::optional<Result<Lent>> try_recv(std::size_t most) override;
  std::size_t try_send(std::string_view) override { return 0; }  // Nobody stands over TLS.
  void watch(Operation& watcher) override;
  void unwatch() override;
  Peer peer() const override { return below_->peer(); }
  void watch_peer(Operation* watcher) override { below_->watch_peer(watcher); }
  void shutdown_write() override;
  void reset_on_close() override;

 protected:
  bool start(Recv& recv) override;
  bool start(Send& send) override;
  void forget(Recv& recv) override;
  void forget(Send& send) override;

 private:
  class Sealed;

  // Hears that something has come while there is a watcher.
  class Ear final : public Operation {
   public:
    explicit Ear(TlsStream& stream) : Operation(stream.loop_, Timeout{}), stream_(stream) {}
    void run() override { stream_.hear(); }
    void cancel(Error::Kind) override {}

   private:
    TlsStream& stream_;
  };

  // The BIO between OpenSSL and the buffers here.
  static const bio_method_st* bio_method();
  static int give(bio_st* bio, char* out, int room);
  static int take(bio_st* bio, const char* bytes, int size);
  static long control(bio_st* bio, int command, long number, void* pointer);

  HandshakeFailure failure_of(int ssl_error) const;
  bool is_plain_text(std::string_view first) const;
  bool has_work() const;
  std::size_t open_records(char* to, std::size_t room);
  bool feed(std::size_t most);
  void note_end(int ssl_error);
  bool something_to_receive();
  void hear();
  bool seal(Parts& plain);
  void say_goodbye();
  bool flush();

  SslPointer ssl_;
  std::unique_ptr<Stream> below_;
  Lent sealed_;             // Received, and not yet seen by OpenSSL.
  std::string made_;        // Records that OpenSSL made by itself: they go ahead of the next send.
  Sealed* into_ = nullptr;  // Where records go instead, while a send seals.
  Recv* recv_ = nullptr;
  Operation* watcher_ = nullptr;
  Ear ear_;
  std::optional<Error> end_;  // Of what can be received.
  bool open_ = false;         // The handshake is over.
  bool sending_ = false;
  bool mute_ = false;  // Nothing more may be sent: a part of a record is missing.
  bool said_goodbye_ = false;
  bool finish_when_flushed_ = false;
};

}  // namespace penstock
