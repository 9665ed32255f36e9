#include "http/body.h"

namespace penstock::http {

const Fields& Body::trailers() const {
  static const Fields none;
  return none;
}

}  // namespace penstock::http
