#pragma once

#include <cstdint>
#include <optional>

#include "base/duration.h"
#include "http/body.h"
#include "http/h1/chunked.h"
#include "http/h1/input.h"
#include "runtime/loop.h"

namespace penstock::http::h1 {

// The content of one message as its framing delimits it on a connection (RFC 9112 §6). Either
// side's; errors carry the reason that fits the sender.
class MessageBody final : public Body {
 public:
  MessageBody(Loop& loop, Input& input, Side sender)
      : loop_(loop), input_(input), sender_(sender), decoder_(sender) {}

  // Begins with the content of the next message, whose head has been consumed. More than `most`
  // bytes are an error.
  void begin(Framing framing, std::uint64_t length, std::uint64_t most, Timeout timeout);
  // From now on: for a stream, whose head ended the total.
  void set_timeout(Timeout timeout) { timeout_ = timeout; }
  // What is said of a service when `until` has come; kTotalTimeout otherwise.
  void set_overdue(const Reason& reason) { overdue_ = &reason; }

  // What is wrong with what has arrived already, as far as it can be told from the coding. The next
  // piece is what was looked at.
  Result<void> look_ahead();

  std::optional<Result<Piece>> poll() override;
  Task<Result<Piece>> read() override;
  const Fields& trailers() const override { return decoder_.trailers(); }

  // Gives up the bytes of the last piece, so that the input stands after what was read.
  void settle();
  // All of it was read without error; then the input is at the next message.
  bool complete() const { return complete_; }
  bool begun() const { return received_ > 0; }
  // False when its end is surely further away than so many bytes, or out of reach: reading failed,
  // or more is announced than is allowed.
  bool may_end_within(std::uint64_t bytes) const;
  std::uint64_t received() const { return received_; }

 private:
  std::optional<Result<Piece>> next();
  std::optional<Result<Piece>> next_of_length();
  std::optional<Result<Piece>> next_of_chunks();
  std::optional<Result<Piece>> next_until_close();
  Result<Piece> give(std::string_view bytes, bool last);
  Result<Piece> ended_by(const Error& error);

  Loop& loop_;
  Input& input_;
  Side sender_;
  ChunkedDecoder decoder_;
  Framing framing_ = Framing::none;
  std::uint64_t left_ = 0;  // With Framing::length.
  std::uint64_t most_ = 0;
  std::uint64_t received_ = 0;
  std::size_t held_ = 0;                // Bytes of the input that the last piece stands in.
  std::optional<Result<Piece>> ahead_;  // Looked at, and not given yet.
  Timeout timeout_;
  const Reason* overdue_ = &reasons::kTotalTimeout;
  bool complete_ = true;
  bool failed_ = false;
};

}  // namespace penstock::http::h1
