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

}  // namespace penstock::http
