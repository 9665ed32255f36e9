#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "http/body.h"

namespace penstock {

// A request body that can be sent again: keeps what it gave, up to 64 KiB. Beyond that it keeps
// nothing, and what has begun cannot be repeated.
class ReplayBody final : public http::Body {
 public:
  static constexpr std::size_t kMost = std::size_t{64} * 1024;

  // Without `keep` it only passes on.
  ReplayBody(http::Body& body, bool keep) : body_(body), keep_(keep) {}

  std::optional<Result<http::Piece>> poll() override;
  Task<Result<http::Piece>> read() override;
  const http::Fields& trailers() const override { return body_.trailers(); }

  // Whether a piece, or a failure, is there without asking the client for it: it is the next one.
  bool at_hand();
  // That piece is the whole body.
  bool whole_at_hand() const { return ahead_ && *ahead_ && (*ahead_)->last; }
  // Whether the next reader would see the body from its first byte, after rewind().
  bool repeatable() const { return !begun_ || keep_; }
  void rewind() { replayed_ = 0; }
  // All of it has been read at least once.
  bool complete() const { return complete_; }
  std::uint64_t received() const { return received_; }

 private:
  Result<http::Piece> note(Result<http::Piece> piece);
  bool replaying() const { return replayed_ < kept_.size(); }

  http::Body& body_;
  bool keep_;
  bool begun_ = false;
  bool complete_ = false;
  std::uint64_t received_ = 0;
  std::optional<Result<http::Piece>> ahead_;  // Looked at, and not given yet.
  std::string kept_;
  std::size_t replayed_ = 0;  // Of kept_: given to the present reader.
};

}  // namespace penstock
