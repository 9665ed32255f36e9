#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ensure.h"
#include "http/h1/parser.h"
#include "http/h1/writer.h"

// Whatever a service answers: the verdict is the same in pieces, and what is accepted means the
// same once written anew.
namespace {

using penstock::Result;
using namespace penstock::http;

constexpr h1::Limits kLimits{.request_line = 200, .header_bytes = 600, .headers = 20};

void check_pieces(std::string_view bytes, Method request, const Result<std::size_t>& whole) {
  h1::ResponseReader reader(kLimits);
  ResponseHead head;
  Result<std::size_t> last = 0;
  for (std::size_t i = 1; i <= bytes.size() && last && *last == 0; ++i) {
    const std::string arrived(bytes.substr(0, i));
    last = reader.read(arrived, request, head);
  }
  // What is wrong in a first line that has not ended may be told later.
  if (last && !whole && bytes.find("\r\n", 1) == std::string_view::npos) return;
  penstock::ensure(last.has_value() == whole.has_value());
  if (last) {
    penstock::ensure(*last == *whole);
  } else {
    penstock::ensure(last.error().reason == whole.error().reason);
    penstock::ensure(last.error().reason->status == 502);
    penstock::ensure(last.error().detail == whole.error().detail);
  }
}

void check_rewritten(const ResponseHead& head, Method request) {
  std::string written;
  h1::append_response(written, head);
  ResponseHead again;
  const auto size = h1::parse_response(written, h1::Limits{}, request, again);
  penstock::ensure(size && *size == written.size());
  penstock::ensure(again.status == head.status && again.framing == head.framing);
  penstock::ensure(again.content_length == head.content_length);
  penstock::ensure(again.upgrade_websocket == head.upgrade_websocket);
  // What is said of the connection with 1xx is not passed on.
  if (head.status >= 200) penstock::ensure(again.keep_alive == head.keep_alive);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto request = (data[0] & 1) != 0 ? Method::head : Method::get;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  ResponseHead head;
  const auto whole = h1::parse_response(bytes, kLimits, request, head);
  if (size <= 1500) check_pieces(bytes, request, whole);
  if (!whole || *whole == 0) return 0;
  penstock::ensure(bytes.substr(0, *whole).ends_with("\r\n\r\n"));
  check_rewritten(head, request);
  return 0;
}
