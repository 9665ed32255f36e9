#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ascii.h"
#include "base/ensure.h"
#include "exchange/forwarded.h"

// Lines of values, the first byte of each saying of which field. Whatever a peer says, what is sent
// on is one line each, and a peer not trusted changes nothing.
namespace penstock {
namespace {

http::Fields read_fields(std::string_view bytes) {
  constexpr http::Name kNames[] = {http::Name::x_forwarded_for,   http::Name::forwarded,
                                   http::Name::x_forwarded_proto, http::Name::x_forwarded_host,
                                   http::Name::x_forwarded_port,  http::Name::x_request_id};
  http::Fields fields;
  while (!bytes.empty() && fields.size() < 100) {
    const auto line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
    if (line.empty()) continue;
    const auto name = kNames[static_cast<unsigned char>(line[0]) % std::size(kNames)];
    fields.add(name, trim_ows(line.substr(1)));
  }
  return fields;
}

void check(const Address& peer, http::Fields fields, bool is_trusted) {
  static const CidrSet trusted = [] {
    const Cidr cidrs[] = {*Cidr::parse("10.0.0.0/8"), *Cidr::parse("fd00::/8")};
    return CidrSet(cidrs);
  }();
  Arena arena;
  const auto found = find_client({.peer = peer, .scheme = "http", .host = "a", .port = 80}, trusted,
                                 fields, arena);
  ensure(found.peer_trusted == is_trusted && found.client.has_value());
  ensure(found.client_text == found.client->to_text());
  ensure(found.scheme == "http" || found.scheme == "https");
  ensure(found.chain.ends_with(peer.ip()->to_text()));
  if (!is_trusted) ensure(found.client == peer.ip() && found.chain == found.client_text);
  ensure(choose_request_id(fields, is_trusted, "fresh").size() <= kMaxRequestId);
  write_forwarded(found, fields);
  ensure(fields.count(http::Name::x_forwarded_for) == 1 && !fields.has(http::Name::forwarded));
  ensure(fields.count(http::Name::x_forwarded_host) == 1);

  // What was sent on leads the next gateway to the same client, or to the last it can vouch for.
  if (!is_trusted) return;
  const auto again = find_client({.peer = peer, .scheme = "http", .host = "a", .port = 80}, trusted,
                                 fields, arena);
  ensure(again.scheme == found.scheme && again.host == found.host);
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto friendly = *penstock::Address::parse("10.0.0.1:1");
  static const auto stranger = *penstock::Address::parse("[2001:db8::1]:1");
  const auto fields = penstock::read_fields({reinterpret_cast<const char*>(data), size});
  penstock::check(friendly, fields, true);
  penstock::check(stranger, fields, false);
  return 0;
}
