#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/ensure.h"
#include "http/h1/syntax.h"
#include "http/hop.h"

// Lines of `name:value`, as a parser would hand them over. Whatever they are, no field that ends at
// this hop or is listed in Connection may be left.
namespace penstock::http {
namespace {

Fields read_fields(std::string_view bytes) {
  Fields fields;
  while (!bytes.empty() && fields.size() < 100) {
    const auto line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !h1::is_token(line.substr(0, colon))) continue;
    fields.add(line.substr(0, colon), trim_ows(line.substr(colon + 1)));
  }
  return fields;
}

// The rule of RFC 9110 §7.6.1, said slowly.
bool may_stay(const Field& field, const Fields& received) {
  for (auto name : {"Host", "Content-Length", "Via", "Max-Forwards"})
    if (equals_ignoring_case(field.name, name)) return true;
  if (field.id == Name::te) return field.value == "trailers";
  for (auto name : {"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade"})
    if (equals_ignoring_case(field.name, name)) return false;
  bool listed = false;
  for (const auto& other : received) {
    if (!equals_ignoring_case(other.name, "Connection")) continue;
    h1::each_element(other.value, [&](std::string_view option) {
      listed = listed || equals_ignoring_case(option, field.name);
      return true;
    });
  }
  return !listed;
}

void check(std::string_view bytes) {
  const auto received = read_fields(bytes);
  RequestHead request;
  request.method = Method::options;
  request.fields = received;
  Arena arena;
  (void)count_down_max_forwards(request, arena);
  const Via via;
  (void)via.loops(received);
  if (clean(request)) {
    for (const auto& field : request.fields) {
      ensure(may_stay(field, received));
      ensure(!equals_ignoring_case(field.name, "x_user_id"));
    }
    const auto size = request.fields.size();
    ensure(clean(request).has_value() && request.fields.size() == size);
  }
  ResponseHead response;
  response.fields = received;
  if (clean(response))
    for (const auto& field : response.fields) ensure(may_stay(field, received));
  Fields trailers = received;
  clean_trailers(trailers);
  ensure(!trailers.has(Name::content_length) && !trailers.has(Name::x_user_id));
}

}  // namespace
}  // namespace penstock::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  penstock::http::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
