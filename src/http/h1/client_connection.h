#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/arena.h"
#include "base/duration.h"
#include "http/h1/input.h"
#include "http/h1/message_body.h"
#include "http/h1/parser.h"
#include "http/responder.h"
#include "runtime/loop.h"

namespace penstock::http::h1 {

// What a service may cost: its heads are larger than clients' at most by this.
inline constexpr Limits kResponseLimits{
    .request_line = std::size_t{8} * 1024, .header_bytes = std::size_t{64} * 1024, .headers = 200};

// The service's side of HTTP/1.1: one connection to an endpoint, which carries one exchange after
// another.
class ClientConnection {
 public:
  ClientConnection(Loop& loop, std::unique_ptr<Stream> stream);

  Stream& stream() { return *stream_; }
  Input& input() { return input_; }

  // Sends a request without content.
  Task<Result<void>> send(const RequestHead& head, std::string& out, Timeout timeout);
  // Sends a request with its content, in the head's framing.
  Task<Sent> send(const RequestHead& head, Body& body, std::string& out, Timeout timeout);
  // Sends the content alone, after the head.
  Task<Sent> send_content(Body& body, Framing framing, std::string& out, Timeout timeout);

  // Reads the next head of an answer: 1xx ones are given too, each in turn. Its texts are in
  // `arena`. Error::timed_out after `timeout`; Error::closed or reset when the connection ended
  // before the first byte of it; else the reason that fits.
  Task<Result<void>> read_head(ResponseHead& head, Method request, Arena& arena, Timeout timeout);

  // The content of the answer whose final head was read last.
  Body& body() { return content_; }
  MessageBody& content() { return content_; }
  void begin_content(const ResponseHead& head, Timeout timeout);

  // After an exchange: whether another request may use this connection. Not when the answer is not
  // whole, when either side asked for a close, or when bytes came that nobody asked for.
  bool reusable();
  // How long the service said it keeps an idle connection (`Keep-Alive: timeout=`); 0: not said.
  Duration announced_idle() const { return announced_idle_; }
  std::uint64_t requests() const { return requests_; }
  // For good: nothing that comes later makes it reusable.
  void spoil() { spoiled_ = true; }

 private:
  void begin_request(const RequestHead& head, std::string& out);

  Loop& loop_;
  std::unique_ptr<Stream> stream_;
  Input input_;
  ResponseReader reader_;
  MessageBody content_;
  std::uint64_t requests_ = 0;
  Duration announced_idle_{};
  bool keep_alive_ = false;  // What the last answer said.
  bool spoiled_ = false;
};

}  // namespace penstock::http::h1
