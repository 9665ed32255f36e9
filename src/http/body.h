#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "runtime/task.h"

namespace penstock::http {

// Bytes of a body, and whether they are the last: a last piece may be empty.
struct Piece {
  std::string_view bytes;
  bool last = false;
};

// A message's content as a stream that is pulled: who reads it sets the pace. After the last piece
// or an error it is not asked again. Stages that look at a body or change it are adapters on it.
class Body {
 public:
  virtual ~Body() = default;

  // The next piece if it can be had without waiting. The bytes stay until the body is next asked.
  virtual std::optional<Result<Piece>> poll() = 0;
  // The next piece, however long it takes (within the body's own timeouts).
  virtual Task<Result<Piece>> read() = 0;
  // Complete once the last piece was given.
  virtual const Fields& trailers() const;
};

// A body that is there already.
class TextBody final : public Body {
 public:
  explicit TextBody(std::string_view text = {}) : text_(text) {}
  std::optional<Result<Piece>> poll() override { return Result<Piece>(Piece{text_, true}); }
  Task<Result<Piece>> read() override { co_return Piece{text_, true}; }

 private:
  std::string_view text_;
};

// A stage on a body's way: passes on what its source gives. One that changes the content overrides
// `pass`; one whose output is not as long as its input also sets the head's framing to chunked.
class BodyAdapter : public Body {
 public:
  explicit BodyAdapter(Body& source) : source_(source) {}
  BodyAdapter(const BodyAdapter&) = delete;  // Of an adapter on another it would be a copy.
  BodyAdapter& operator=(const BodyAdapter&) = delete;
  std::optional<Result<Piece>> poll() override;
  Task<Result<Piece>> read() override;
  const Fields& trailers() const override { return source_.trailers(); }

 protected:
  // What becomes of a piece. The bytes given back stay until the body is next asked. An error ends
  // the body.
  virtual Result<Piece> pass(const Piece& piece) { return piece; }

 private:
  Body& source_;
};

}  // namespace penstock::http
