#include "base/result.h"

namespace penstock {

std::string_view name_of(Error::Kind kind) {
  switch (kind) {
    case Error::Kind::cancelled:
      return "cancelled";
    case Error::Kind::timed_out:
      return "timed out";
    case Error::Kind::closed:
      return "closed";
    case Error::Kind::reset:
      return "reset";
    case Error::Kind::refused:
      return "refused";
    case Error::Kind::unreachable:
      return "unreachable";
    case Error::Kind::exhausted:
      return "exhausted";
    case Error::Kind::malformed:
      return "malformed";
    case Error::Kind::too_large:
      return "too large";
    case Error::Kind::rejected:
      return "rejected";
    case Error::Kind::system:
      return "system error";
  }
  return "unknown";
}

}  // namespace penstock
