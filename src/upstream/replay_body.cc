#include "upstream/replay_body.h"

#include <utility>

namespace penstock {

bool ReplayBody::at_hand() {
  if (!ahead_ && !replaying() && !complete_) ahead_ = body_.poll();
  return ahead_ || replaying() || complete_;
}

std::optional<Result<http::Piece>> ReplayBody::poll() {
  if (replaying()) {
    const auto again = std::string_view(kept_).substr(replayed_);
    replayed_ = kept_.size();
    return Result<http::Piece>(http::Piece{again, complete_});
  }
  if (complete_) return Result<http::Piece>(http::Piece{{}, true});
  auto piece = ahead_ ? std::exchange(ahead_, std::nullopt) : body_.poll();
  if (!piece) return std::nullopt;
  return note(*piece);
}

Task<Result<http::Piece>> ReplayBody::read() {
  if (replaying() || complete_ || ahead_) co_return *poll();
  auto piece = co_await body_.read();
  co_return note(piece);
}

Result<http::Piece> ReplayBody::note(Result<http::Piece> piece) {
  if (!piece) return piece;
  begun_ = true;
  complete_ = piece->last;
  received_ += piece->bytes.size();
  if (!keep_) return piece;
  if (kept_.size() + piece->bytes.size() > kMost) {
    keep_ = false;
    kept_ = {};
    replayed_ = 0;
    return piece;
  }
  kept_.append(piece->bytes);
  replayed_ = kept_.size();
  return piece;
}

}  // namespace penstock
