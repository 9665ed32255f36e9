#include "http/h1/client_connection.h"

#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "http/h1/rebase.h"
#include "http/h1/relay.h"
#include "http/h1/syntax.h"
#include "http/h1/writer.h"

namespace penstock::http::h1 {
namespace {

// `Keep-Alive: timeout=5, max=100`; zero when it says nothing readable.
Duration keep_alive_timeout(const Fields& fields) {
  const auto* const field = fields.find(Name::keep_alive);
  if (field == nullptr) return {};
  std::uint32_t seconds = 0;
  each_element(field->value, [&](std::string_view element) {
    constexpr std::string_view name = "timeout=";
    if (element.size() <= name.size() ||
        !equals_ignoring_case(element.substr(0, name.size()), name))
      return true;
    const auto digits = element.substr(name.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    return false;
  });
  return std::chrono::seconds(std::min(seconds, 86'400U));
}

}  // namespace

ClientConnection::ClientConnection(Loop& loop, std::unique_ptr<Stream> stream)
    : loop_(loop),
      stream_(std::move(stream)),
      input_(*stream_),
      reader_(kResponseLimits),
      content_(loop, input_, Side::upstream) {}

// From here until its answer has begun, nobody else may use the connection: they would get it.
void ClientConnection::begin_request(const RequestHead& head, std::string& out) {
  ++requests_;
  keep_alive_ = false;
  if (!head.keep_alive) spoil();
  out.clear();
  append_request(out, head);
}

Task<Result<void>> ClientConnection::send(const RequestHead& head, std::string& out,
                                          Timeout timeout) {
  begin_request(head, out);
  const auto sent = co_await stream_->send(out, timeout);
  out.clear();
  co_return sent;
}

Task<Sent> ClientConnection::send(const RequestHead& head, Body& body, std::string& out,
                                  Timeout timeout) {
  begin_request(head, out);
  auto sent = co_await send_content(body, head.framing, out, timeout);
  co_return sent;
}

Task<Sent> ClientConnection::send_content(Body& body, Framing framing, std::string& out,
                                          Timeout timeout) {
  auto sent = co_await relay(*stream_, body, framing, out, timeout);
  if (sent.end != Sent::End::whole) spoil();
  co_return sent;
}

Task<Result<void>> ClientConnection::read_head(ResponseHead& head, Method request, Arena& arena,
                                               Timeout timeout) {
  for (;;) {
    const auto size = reader_.read(input_.bytes(), request, head);
    if (!size) co_return fail(size.error());
    if (*size > 0) {
      move_to_arena(head, input_.bytes().substr(0, *size), arena);
      input_.consume(*size);
      co_return Result<void>{};
    }
    input_.park();
    auto got = co_await stream_->recv(BufferPool::kBlock, timeout);
    if (got) {
      input_.put(std::move(*got));
      continue;
    }
    const bool begun = !input_.empty();
    const bool ended =
        got.error().kind == Error::Kind::closed || got.error().kind == Error::Kind::reset;
    if (begun && ended) co_return fail(reasons::kUpstreamClosed);
    co_return fail(got.error());
  }
}

void ClientConnection::begin_content(const ResponseHead& head, Timeout timeout) {
  keep_alive_ = head.keep_alive && head.framing != Framing::until_close;
  announced_idle_ = keep_alive_timeout(head.fields);
  content_.begin(head.framing, head.content_length, UINT64_MAX, timeout);
}

bool ClientConnection::reusable() {
  if (spoiled_ || !keep_alive_ || !content_.complete()) return false;
  content_.settle();
  return input_.empty();
}

}  // namespace penstock::http::h1
