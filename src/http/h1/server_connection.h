#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/arena.h"
#include "base/duration.h"
#include "http/h1/input.h"
#include "http/h1/message_body.h"
#include "http/h1/parser.h"
#include "http/responder.h"
#include "runtime/loop.h"

namespace penstock::http::h1 {

struct ServerLimits {
  Limits head;
  std::uint64_t body_bytes = std::uint64_t{16} << 20;
  Duration header_timeout = std::chrono::seconds(10);
  Duration body_idle_timeout = std::chrono::seconds(30);  // Also of a client that takes no bytes.
  Duration idle_timeout = std::chrono::seconds(60);
};

// What an exchange lends its connection: storage that is reused and that an idle one does not hold.
struct Workspace {
  Arena arena;
  std::string out;

  void clear() {
    arena.clear();
    out.clear();
    if (out.capacity() > std::size_t{64} * 1024) out = {};
  }
};

// The client's side of HTTP/1.1: one request after another from a connection, and their answers, in
// order: a pipelined request waits until the one before it is answered.
class ServerConnection final : public Responder {
 public:
  // After an early answer at most this much of a body that is still coming is discarded, and for at
  // most this long, so that the connection can carry another request.
  static constexpr std::uint64_t kDiscard = std::uint64_t{64} * 1024;
  static constexpr Duration kDiscardTime = std::chrono::seconds(1);

  ServerConnection(Loop& loop, std::unique_ptr<Stream> stream, const ServerLimits& limits);
  ~ServerConnection() override;

  Stream& stream() { return *stream_; }
  Input& input() { return input_; }
  const ServerLimits& limits() const { return limits_; }

  // Where the next exchange works; before its head is read, and again (nullptr) after its end.
  void use(Workspace* workspace) { workspace_ = workspace; }

  // Reads a head from what has arrived: true when it is complete, false while more is needed. The
  // head's texts are in the workspace's arena.
  Result<bool> try_head(RequestHead& head);
  // The same, and waits for more, until `deadline`: kRequestTimeout. Error::closed when the client
  // left within its head.
  Task<Result<void>> read_head(RequestHead& head, Instant deadline);

  // The content of the request whose head was read last. Its first pull sends `100 Continue` to a
  // client that waits for it.
  Body& body() { return request_body_; }
  const MessageBody& received() const { return content_; }

  Task<Result<void>> interim(const ResponseHead& head) override;
  Task<Sent> respond(ResponseHead& head, Body* body) override;
  Task<Result<Input*>> switch_protocols(const ResponseHead& head) override;

  // After an answer: discards what is left of the request's body. False when the connection cannot
  // carry another request.
  Task<bool> finish();
  Stream& client() override { return *stream_; }
  void close_after() override { keep_alive_ = false; }
  bool keeps_alive() const { return keep_alive_; }
  // Ends the connection so that the client can read the last answer: FIN, then what still comes is
  // discarded for kDiscardTime, however much it is (RFC 9112 §9.6). Not after an answer whose being
  // cut only a reset shows.
  Task<void> linger();

 private:
  class RequestBody final : public Body {
   public:
    explicit RequestBody(ServerConnection& connection) : connection_(connection) {}
    std::optional<Result<Piece>> poll() override { return connection_.content_.poll(); }
    Task<Result<Piece>> read() override;
    const Fields& trailers() const override { return connection_.content_.trailers(); }

   private:
    ServerConnection& connection_;
  };

  Timeout write_timeout() const { return {.idle = limits_.body_idle_timeout}; }
  void begin(const RequestHead& head);
  bool can_outlive_content() const;
  Framing settle_framing(ResponseHead& head, Body* body);

  Loop& loop_;
  std::unique_ptr<Stream> stream_;
  const ServerLimits& limits_;
  Input input_;
  RequestReader reader_;
  MessageBody content_;
  RequestBody request_body_;
  Workspace* workspace_ = nullptr;
  std::uint8_t minor_version_ = 1;  // Of the present request.
  bool head_request_ = false;
  bool keep_alive_ = true;
  bool expects_continue_ = false;  // The client waits, and has been sent nothing yet.
  bool broken_off_ = false;        // The close is to be a reset.
};

}  // namespace penstock::http::h1
