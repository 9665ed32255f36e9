#include "http/h1/relay.h"

#include "http/h1/chunked.h"

namespace penstock::http::h1 {
namespace {

// Bytes that are cheaper to copy behind the head than to send from where they are.
constexpr std::size_t kCopy = 4096;

// What goes out in one send: `out`, then the piece in its framing. The views are of `out`, of the
// piece and of the buffers here.
struct Packing {
  std::array<char, kChunkHead> head_buffer;
  std::string tail;

  Stream::Parts pack(std::string& out, const Piece& piece, Framing framing, const Body& body) {
    const bool chunked = framing == Framing::chunked;
    std::string_view chunk;
    tail.clear();
    if (chunked && !piece.bytes.empty()) {
      chunk = chunk_head(head_buffer, piece.bytes.size());
      tail = "\r\n";
    }
    if (chunked && piece.last) append_last_chunk(tail, body.trailers());
    if (piece.bytes.size() > kCopy) return {out, chunk, piece.bytes, tail};
    out.append(chunk).append(piece.bytes).append(tail);
    return {out};
  }
};

// What is left in it after a failure must not go ahead of what is sent next.
struct UsedUp {
  std::string& out;
  ~UsedUp() { out.clear(); }
};

}  // namespace

Task<Sent> relay(Stream& to, Body& body, Framing framing, std::string& out, Timeout timeout) {
  Sent sent;
  Packing packing;
  const UsedUp used_up{out};
  for (;;) {
    auto next = body.poll();
    if (!next && !out.empty()) {
      const auto done = co_await to.send(out, timeout);
      if (!done) co_return Sent{Sent::End::client_gone, done.error(), sent.bytes};
      out.clear();
    }
    if (!next) {
      auto waited = co_await body.read();
      next.emplace(std::move(waited));
    }
    auto& piece = *next;
    if (!piece && out.empty()) co_return Sent{Sent::End::source_failed, piece.error(), sent.bytes};
    if (!piece) {
      // The head must have left, or the receiver would not know what was cut short.
      const auto error = piece.error();
      const auto done = co_await to.send(out, timeout);
      if (!done) co_return Sent{Sent::End::client_gone, done.error(), sent.bytes};
      co_return Sent{Sent::End::source_failed, error, sent.bytes};
    }
    const auto parts = packing.pack(out, *piece, framing, body);
    const auto done = co_await to.send(parts, timeout);
    if (!done) co_return Sent{Sent::End::client_gone, done.error(), sent.bytes};
    sent.bytes += piece->bytes.size();
    out.clear();
    if (piece->last) co_return sent;
  }
}

}  // namespace penstock::http::h1
