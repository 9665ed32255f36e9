#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "base/ensure.h"
#include "http/target.h"

// A canonical target or authority is its own canonical form, is not longer than what it was made of
// (but for IPv6 addresses), and holds nothing that is refused.
namespace {

using namespace penstock::http;

void check_authority(std::string_view text) {
  penstock::Arena arena;
  const auto authority = parse_authority(text, arena);
  penstock::ensure(authority.has_value() == fault_of_authority(text).empty());
  if (!authority) return;
  penstock::ensure(!authority->host.empty());
  const auto again = parse_authority(authority->text, arena);
  penstock::ensure(again && again->text.data() == authority->text.data());
  penstock::ensure(again->host == authority->host && again->port == authority->port);
}

void check_target(std::string_view text, Method method, TargetRules rules) {
  const auto authority = target_authority(method, text);
  if (!authority) return;
  RequestHead head;
  head.method = method;
  head.target = text;
  head.authority = *authority;
  penstock::Arena arena;
  const auto target = canonical_target(head, arena, rules);
  if (!target) return;
  penstock::ensure(target->text.size() <= text.size() + 1);
  penstock::ensure(target->path.find('\\') == std::string_view::npos);
  head.target = target->text;
  const auto again = canonical_target(head, arena, rules);
  penstock::ensure(again && again->path == target->path && again->query == target->query);
  penstock::ensure(again->has_query == target->has_query);
  if (target->text != "*") penstock::ensure(again->text.data() == target->text.data());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_authority(text);
  const auto method = (data[0] & 1) != 0 ? Method::options : Method::get;
  check_target(text, method, {.encoded_slash = (data[0] & 2) != 0});
  return 0;
}
