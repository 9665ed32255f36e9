#include "http/h1/server_connection.h"

#include <utility>

#include "http/h1/rebase.h"
#include "http/h1/relay.h"
#include "http/h1/writer.h"

namespace penstock::http::h1 {

ServerConnection::ServerConnection(Loop& loop, std::unique_ptr<Stream> stream,
                                   const ServerLimits& limits)
    : loop_(loop),
      stream_(std::move(stream)),
      limits_(limits),
      input_(*stream_),
      reader_(limits.head),
      content_(loop, input_, Side::client),
      request_body_(*this) {}

ServerConnection::~ServerConnection() = default;

Result<bool> ServerConnection::try_head(RequestHead& head) {
  const auto size = reader_.read(input_.bytes(), head);
  if (!size) {
    begin({});  // It is answered as what it is: no HEAD, even if the request before was one.
    return fail(size.error());
  }
  if (*size == 0) return false;
  move_to_arena(head, input_.bytes().substr(0, *size), workspace_->arena);
  input_.consume(*size);
  begin(head);
  // A request that is surely malformed is refused as a whole: no service hears of it.
  if (const auto sound = content_.look_ahead(); !sound) return fail(sound.error());
  return true;
}

Task<Result<void>> ServerConnection::read_head(RequestHead& head, Instant deadline) {
  for (;;) {
    const auto complete = try_head(head);
    if (!complete) co_return fail(complete.error());
    if (*complete) co_return Result<void>{};
    input_.park();
    auto got = co_await stream_->recv(Input::kHeadRead, {.until = deadline});
    if (!got && got.error().kind == Error::Kind::timed_out)
      co_return fail(reasons::kRequestTimeout);
    if (!got) co_return fail(got.error());
    input_.put(std::move(*got));
  }
}

void ServerConnection::begin(const RequestHead& head) {
  minor_version_ = head.minor_version;
  head_request_ = head.method == Method::head;
  keep_alive_ = keep_alive_ && head.keep_alive;
  expects_continue_ = head.expects_continue;
  content_.begin(head.framing, head.content_length, limits_.body_bytes,
                 {.idle = limits_.body_idle_timeout});
}

Task<Result<Piece>> ServerConnection::RequestBody::read() {
  if (connection_.expects_continue_) {
    ResponseHead head;
    head.status = 100;
    const auto sent = co_await connection_.interim(head);
    if (!sent) co_return fail(reasons::kClientClosed);
  }
  auto piece = co_await connection_.content_.read();
  co_return piece;
}

Task<Result<void>> ServerConnection::interim(const ResponseHead& head) {
  if (head.status == 100) expects_continue_ = false;
  if (minor_version_ == 0) co_return Result<void>{};
  std::string out;
  append_response(out, head);
  const auto sent = co_await stream_->send(out, write_timeout());
  co_return sent;
}

Task<Result<Input*>> ServerConnection::switch_protocols(const ResponseHead& head) {
  keep_alive_ = false;
  const auto sent = co_await interim(head);
  if (!sent) co_return fail(sent.error());
  co_return &input_;
}

// RFC 9112 §6.1 and §6.3: what the client can delimit the content by.
Framing ServerConnection::settle_framing(ResponseHead& head, Body* body) {
  const bool bodiless =
      head_request_ || head.status == 204 || head.status == 304 || head.status < 200;
  if (bodiless) return head.framing = Framing::none;
  if (body == nullptr) {
    head.content_length = 0;
    return head.framing = Framing::length;
  }
  if (head.framing == Framing::length) return head.framing;
  if (minor_version_ > 0) return head.framing = Framing::chunked;
  keep_alive_ = false;
  return head.framing = Framing::until_close;
}

// Whether there may be another request after what is left of this one's content.
bool ServerConnection::can_outlive_content() const {
  if (content_.complete()) return true;
  // A client that still waits for 100 will not send its body now, or may: nobody can tell.
  return !expects_continue_ && content_.may_end_within(kDiscard);
}

Task<Sent> ServerConnection::respond(ResponseHead& head, Body* body) {
  if (!can_outlive_content()) keep_alive_ = false;  // The client is told, and knows not to go on.
  const auto framing = settle_framing(head, body);
  head.keep_alive = keep_alive_ && head.status >= 200;
  auto& out = workspace_->out;
  append_response(out, head, minor_version_);
  if (framing == Framing::none || body == nullptr) {
    const auto done = co_await stream_->send(out, write_timeout());
    out.clear();
    if (done) co_return Sent{};
    keep_alive_ = false;
    co_return Sent{Sent::End::client_gone, done.error(), 0};
  }
  const auto sent = co_await relay(*stream_, *body, framing, out, write_timeout());
  out.clear();
  if (sent.end == Sent::End::whole) co_return sent;
  keep_alive_ = false;
  // Only a reset tells the receiver of a close-delimited body that it is not whole.
  broken_off_ = sent.end == Sent::End::source_failed && framing == Framing::until_close;
  if (broken_off_) stream_->reset_on_close();
  co_return sent;
}

Task<bool> ServerConnection::finish() {
  const Timeout timeout{.until = loop_.now() + kDiscardTime};
  content_.set_timeout(timeout);
  const auto before = content_.received();
  while (keep_alive_ && !content_.complete()) {
    const auto piece = co_await content_.read();
    if (!piece || content_.received() - before > kDiscard) keep_alive_ = false;
  }
  content_.settle();
  input_.park();
  co_return keep_alive_;
}

Task<void> ServerConnection::linger() {
  if (broken_off_) co_return;
  stream_->shutdown_write();
  const Timeout timeout{.until = loop_.now() + kDiscardTime};
  content_.settle();
  input_.consume(input_.bytes().size());
  // To stop at a number of bytes would make the close a reset, which takes the answer from a client
  // that has not read it yet.
  for (;;) {
    const auto got = co_await stream_->recv(BufferPool::kBlock, timeout);
    if (!got) co_return;
  }
}

}  // namespace penstock::http::h1
