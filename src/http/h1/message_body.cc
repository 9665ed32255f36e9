#include "http/h1/message_body.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace penstock::http::h1 {

void MessageBody::begin(Framing framing, std::uint64_t length, std::uint64_t most,
                        Timeout timeout) {
  framing_ = framing;
  left_ = length;
  most_ = most;
  timeout_ = timeout;
  overdue_ = &reasons::kTotalTimeout;
  received_ = 0;
  held_ = 0;
  ahead_.reset();
  failed_ = false;
  complete_ = framing == Framing::none || (framing == Framing::length && length == 0);
  if (framing == Framing::chunked) decoder_.reset();
}

void MessageBody::settle() {
  if (held_ > 0) input_.consume(std::exchange(held_, 0));
}

bool MessageBody::may_end_within(std::uint64_t bytes) const {
  if (complete_) return true;
  if (failed_) return false;
  if (framing_ == Framing::length) return left_ <= std::min(bytes, most_);
  return framing_ == Framing::chunked && decoder_.left() <= bytes;
}

Result<void> MessageBody::look_ahead() {
  if (framing_ == Framing::chunked) ahead_ = poll();
  if (ahead_ && !*ahead_) return fail(ahead_->error());
  return {};
}

std::optional<Result<Piece>> MessageBody::poll() {
  if (ahead_) return std::exchange(ahead_, std::nullopt);
  settle();
  if (complete_) return Result<Piece>(Piece{{}, true});
  auto piece = next();
  if (piece && !*piece) failed_ = true;
  return piece;
}

std::optional<Result<Piece>> MessageBody::next() {
  switch (framing_) {
    case Framing::length:
      return next_of_length();
    case Framing::chunked:
      return next_of_chunks();
    default:
      return next_until_close();
  }
}

Task<Result<Piece>> MessageBody::read() {
  for (;;) {
    auto piece = poll();
    if (piece) co_return *piece;
    auto got = co_await input_.stream().recv(BufferPool::kBlock, timeout_);
    if (!got) co_return ended_by(got.error());
    input_.put(std::move(*got));
  }
}

std::optional<Result<Piece>> MessageBody::next_of_length() {
  if (left_ > most_) return fail(reasons::kBodyTooLarge);
  const auto there = input_.bytes();
  if (there.empty()) return std::nullopt;
  const auto size = std::min<std::uint64_t>(there.size(), left_);
  left_ -= size;
  held_ = size;
  return give(there.substr(0, size), left_ == 0);
}

// Takes all chunks that are there as one piece, their data moved together: a body of tiny chunks
// must not become as many sends.
std::optional<Result<Piece>> MessageBody::next_of_chunks() {
  auto* const start = input_.data();
  auto there = input_.bytes();
  std::size_t filled = 0;
  bool last = false;
  while (!there.empty() && !last) {
    const auto piece = decoder_.feed(there);
    if (!piece) return fail(piece.error());
    if (!piece->data.empty() && piece->data.data() != start + filled)
      std::memmove(start + filled, piece->data.data(), piece->data.size());
    filled += piece->data.size();
    held_ += piece->consumed;
    there.remove_prefix(piece->consumed);
    last = piece->done;
  }
  if (filled == 0 && !last) {
    settle();
    return std::nullopt;
  }
  return give({start, filled}, last);
}

std::optional<Result<Piece>> MessageBody::next_until_close() {
  const auto there = input_.bytes();
  if (there.empty()) return std::nullopt;
  held_ = there.size();
  return give(there, false);
}

Result<Piece> MessageBody::give(std::string_view bytes, bool last) {
  received_ += bytes.size();
  if (received_ > most_) return fail(reasons::kBodyTooLarge);
  complete_ = last;
  return Piece{bytes, last};
}

Result<Piece> MessageBody::ended_by(const Error& error) {
  using Kind = Error::Kind;
  if (error.kind == Kind::cancelled) return fail(error);
  failed_ = error.kind != Kind::closed || framing_ != Framing::until_close;
  if (error.kind == Kind::closed && framing_ == Framing::until_close) {
    complete_ = true;
    return Piece{{}, true};
  }
  if (sender_ == Side::client)
    return fail(error.kind == Kind::timed_out ? reasons::kRequestTimeout : reasons::kClientClosed);
  if (error.kind != Kind::timed_out) return fail(reasons::kUpstreamIncomplete);
  return fail(loop_.now() >= timeout_.until ? *overdue_ : reasons::kIdleTimeout);
}

}  // namespace penstock::http::h1
