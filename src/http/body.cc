#include "http/body.h"

namespace penstock::http {

const Fields& Body::trailers() const {
  static const Fields none;
  return none;
}

std::optional<Result<Piece>> BodyAdapter::poll() {
  auto piece = source_.poll();
  if (!piece || !*piece) return piece;
  return pass(**piece);
}

Task<Result<Piece>> BodyAdapter::read() {
  auto piece = co_await source_.read();
  if (!piece) co_return piece;
  co_return pass(*piece);
}

}  // namespace penstock::http
