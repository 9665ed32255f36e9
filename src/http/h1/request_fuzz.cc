#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/ensure.h"
#include "http/h1/parser.h"
#include "http/h1/writer.h"
#include "http/target.h"

// Whatever a client sends: the verdict is the same in pieces, what is accepted is well-formed,
// means the same once written anew, and has one canonical target.
namespace {

using penstock::Arena;
using penstock::Error;
using penstock::Result;
using namespace penstock::http;

constexpr h1::Limits kLimits{.request_line = 200, .header_bytes = 600, .headers = 20};

void same(const Result<std::size_t>& a, const Result<std::size_t>& b) {
  penstock::ensure(a.has_value() == b.has_value());
  if (a) {
    penstock::ensure(*a == *b);
  } else {
    penstock::ensure(a.error().reason == b.error().reason && a.error().detail == b.error().detail);
    penstock::ensure(a.error().reason != nullptr);
  }
}

void check_pieces(std::string_view bytes, const Result<std::size_t>& whole) {
  h1::RequestReader reader(kLimits);
  RequestHead head;
  Result<std::size_t> last = 0;
  for (std::size_t i = 1; i <= bytes.size() && last && *last == 0; ++i) {
    const std::string arrived(bytes.substr(0, i));  // Its end is guarded.
    last = reader.read(arrived, head);
  }
  // What is wrong in a first line that has not ended may be told later.
  if (last && !whole && bytes.find("\r\n", 1) == std::string_view::npos) return;
  same(last, whole);
}

void check_rewritten(const RequestHead& head) {
  std::string written;
  h1::append_request(written, head);
  RequestHead again;
  const auto size = h1::parse_request(written, h1::Limits{}, again);
  // Of HTTP/1.0 there may be no Host, which a request of today needs.
  if (head.authority.empty() || !head.fields.has(Name::host)) return;
  penstock::ensure(size && *size == written.size());
  penstock::ensure(again.method_text == head.method_text && again.target == head.target);
  penstock::ensure(again.authority == head.authority && again.framing == head.framing);
  penstock::ensure(again.content_length == head.content_length);
  penstock::ensure(again.keep_alive == head.keep_alive || head.upgrade_websocket);
  penstock::ensure(again.upgrade_websocket == head.upgrade_websocket);
}

void check_target(const RequestHead& head) {
  Arena arena;
  const auto target = canonical_target(head, arena);
  if (!target) return;
  auto copy = head;
  copy.target = target->text;
  copy.authority = target->authority.text;
  const auto again = canonical_target(copy, arena);
  penstock::ensure(again && again->text == target->text);
  penstock::ensure(again->authority.text == target->authority.text);
  const auto path = target->path;
  penstock::ensure(path == "*" || path.starts_with('/'));
  penstock::ensure(path.find("//") == std::string_view::npos);
  const auto slashed = std::string(path) + "/";
  penstock::ensure(slashed.find("/./") == std::string::npos);
  penstock::ensure(slashed.find("/../") == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  RequestHead head;
  const auto whole = h1::parse_request(bytes, kLimits, head);
  if (size <= 1500) check_pieces(bytes, whole);
  if (!whole || *whole == 0) return 0;
  penstock::ensure(bytes.substr(0, *whole).ends_with("\r\n\r\n"));
  penstock::ensure(head.framing != Framing::until_close);
  penstock::ensure(head.fields.count(Name::host) <= 1);
  check_rewritten(head);
  check_target(head);
  return 0;
}
