#pragma once

#include <string_view>

#include "http/message.h"

namespace penstock::http {

// The value of a cookie that the client sent (RFC 6265 §4.2), as it was sent: quotes stay. Of
// several with that name it is the first; the longest path stands first. Empty where there is none,
// or nothing in it.
std::string_view cookie_of(const Fields& request, std::string_view name);

// Whether an answer sets a cookie of that name.
bool sets_cookie(const Fields& response, std::string_view name);

}  // namespace penstock::http
