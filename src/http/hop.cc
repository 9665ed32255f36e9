#include "http/hop.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <limits>

#include "base/ascii.h"
#include "http/h1/syntax.h"

namespace penstock::http {
namespace {

using NameSet = std::uint64_t;  // By the number of Name.
static_assert(static_cast<std::size_t>(Name::http2_settings) < 64);

constexpr NameSet bit(Name name) {
  return NameSet{1} << static_cast<unsigned>(name);
}
consteval NameSet set_of(std::initializer_list<Name> names) {
  NameSet set = 0;
  for (auto name : names) set |= bit(name);
  return set;
}

constexpr NameSet kHopByHop =
    set_of({Name::connection, Name::keep_alive, Name::proxy_connection, Name::proxy_authenticate,
            Name::proxy_authorization, Name::te, Name::transfer_encoding, Name::upgrade,
            Name::http2_settings});
constexpr NameSet kIdentity = set_of({Name::x_user_id, Name::x_tenant_id, Name::x_consumer_id,
                                      Name::x_auth_method, Name::x_auth_scopes});
// What `Connection` may not remove.
constexpr NameSet kNotOptions =
    set_of({Name::host, Name::content_length, Name::via, Name::max_forwards});
// What the gateway writes itself or decides by, and so nobody may imitate.
constexpr NameSet kGuarded = kHopByHop | kIdentity | kNotOptions |
                             set_of({Name::forwarded, Name::x_forwarded_for, Name::x_forwarded_host,
                                     Name::x_forwarded_port, Name::x_forwarded_prefix,
                                     Name::x_forwarded_proto, Name::x_real_ip, Name::x_request_id});

// Names the gateway does not look at otherwise.
constexpr std::string_view kProxyAuthenticationInfo = "Proxy-Authentication-Info";
constexpr std::array<std::string_view, 2> kClientCertificate{"Client-Cert", "Client-Cert-Chain"};

// What `Connection` lists: known names as bits, others as text, a view of the field's value.
class Options {
 public:
  // False: there are too many.
  bool add(std::string_view list) {
    return h1::each_element(list, [this](std::string_view option) { return take(option); });
  }
  bool empty() const { return count_ == 0; }
  NameSet known() const { return known_; }
  bool lists(std::string_view name) const {
    const auto* const end = others_.data() + others_size_;
    return std::any_of(others_.data(), end, [name](std::string_view other) {
      return equals_ignoring_case(other, name);
    });
  }

 private:
  bool take(std::string_view option) {
    if (++count_ > kMaxConnectionOptions) return false;
    const auto name = name_of(option);
    if (name != Name::other)
      known_ |= bit(name) & ~kNotOptions;
    else
      others_[others_size_++] = option;
    return true;
  }

  NameSet known_ = 0;
  std::size_t count_ = 0;
  std::size_t others_size_ = 0;
  std::array<std::string_view, kMaxConnectionOptions> others_;
};

bool lists_trailers(std::string_view te) {
  return !h1::each_element(
      te, [](std::string_view coding) { return !equals_ignoring_case(coding, "trailers"); });
}

bool is_plain(char c) {
  return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
}

bool names_certificate(std::string_view name) {
  return std::ranges::any_of(kClientCertificate, [name](std::string_view certificate) {
    return equals_ignoring_case(name, certificate);
  });
}

// Whether a name that is none of ours would be one to a recipient that takes all separators for the
// same: CGI turns `-` into `_`, older servers every mark.
bool imitates(std::string_view name) {
  constexpr std::size_t kLongest = 32;  // None of ours is longer.
  if (name.size() > kLongest) return false;
  if (std::ranges::all_of(name, [](char c) { return is_plain(c) || c == '-'; }))
    return names_certificate(name);
  std::array<char, kLongest> text;
  std::ranges::transform(name, text.begin(), [](char c) { return is_plain(c) ? c : '-'; });
  const std::string_view spelled(text.data(), name.size());
  return (bit(name_of(spelled)) & kGuarded) != 0 || names_certificate(spelled);
}

struct Scan {
  Options options;
  bool te_trailers = false;
  bool fits = true;
};

void scan(const Fields& fields, Scan& found) {
  for (const auto& field : fields) {
    if (field.id == Name::connection)
      found.fits = found.fits && found.options.add(field.value);
    else if (field.id == Name::te)
      found.te_trailers = found.te_trailers || lists_trailers(field.value);
  }
}

}  // namespace

bool is_gateways_own(std::string_view name) {
  constexpr auto free = kIdentity | set_of({Name::x_real_ip, Name::x_forwarded_prefix});
  constexpr auto ours =
      (kGuarded & ~free) | set_of({Name::traceparent, Name::tracestate, Name::trailer});
  const auto known = name_of(name);
  return known == Name::other ? imitates(name) : (bit(known) & ours) != 0;
}

Result<void> clean(RequestHead& head) {
  Scan found;
  scan(head.fields, found);
  if (!found.fits)
    return fail(reasons::kMalformedRequest, "The Connection field lists too many options.");
  const NameSet drop = kHopByHop | kIdentity | found.options.known();
  head.fields.remove_if([&](const Field& field) {
    if (field.id != Name::other) return (drop & bit(field.id)) != 0;
    return imitates(field.name) || equals_ignoring_case(field.name, kProxyAuthenticationInfo) ||
           found.options.lists(field.name);
  });
  if (found.te_trailers) head.fields.add(Name::te, "trailers");
  if (head.upgrade_websocket) head.fields.add(Name::upgrade, "websocket");
  return {};
}

Result<void> clean(ResponseHead& head) {
  Scan found;
  scan(head.fields, found);
  if (!found.fits)
    return fail(reasons::kUpstreamMalformed, "The Connection field lists too many options.");
  const NameSet drop = kHopByHop | found.options.known();
  head.fields.remove_if([&](const Field& field) {
    if (field.id != Name::other) return (drop & bit(field.id)) != 0;
    return equals_ignoring_case(field.name, kProxyAuthenticationInfo) ||
           found.options.lists(field.name);
  });
  if (head.upgrade_websocket) head.fields.add(Name::upgrade, "websocket");
  return {};
}

void clean_trailers(Fields& trailers) {
  trailers.remove_if([](const Field& field) {
    if (field.id != Name::other) return (kGuarded & bit(field.id)) != 0;
    return imitates(field.name) || equals_ignoring_case(field.name, kProxyAuthenticationInfo);
  });
}

Via::Via(std::string_view pseudonym, std::size_t max_passes)
    : http10_(fmt::format("1.0 {}", pseudonym)),
      http11_(fmt::format("1.1 {}", pseudonym)),
      max_passes_(max_passes) {}

std::size_t Via::passes(const Fields& fields) const {
  constexpr std::string_view kSpace = " \t";
  const auto pseudonym = std::string_view(http11_).substr(4);
  std::size_t count = 0;
  for (const auto& field : fields) {
    if (field.id != Name::via) continue;
    h1::each_element(field.value, [&](std::string_view hop) {
      hop.remove_prefix(std::min(hop.find_first_of(kSpace), hop.size()));  // The protocol.
      hop.remove_prefix(std::min(hop.find_first_not_of(kSpace), hop.size()));
      const auto received_by = hop.substr(0, hop.find_first_of(" \t("));
      if (equals_ignoring_case(received_by, pseudonym)) ++count;
      return true;
    });
  }
  return count;
}

void Via::append(Fields& fields, std::uint8_t minor_version) const {
  fields.add(Name::via, minor_version == 0 ? http10_ : http11_);
}

Result<Hops> count_down_max_forwards(RequestHead& head, Arena& arena) {
  if (head.method != Method::options && head.method != Method::trace) return Hops::forward;
  const auto* field = head.fields.find(Name::max_forwards);
  if (field == nullptr) return Hops::forward;
  if (head.fields.count(Name::max_forwards) > 1)
    return fail(reasons::kMalformedRequest, "There is more than one Max-Forwards field.");
  const auto value = field->value;
  if (value.empty() || !std::ranges::all_of(value, is_digit))
    return fail(reasons::kMalformedRequest, "Max-Forwards must be a number.");
  // More than fits is as good as the most that does (RFC 9110 §7.6.2).
  std::uint32_t hops = 0;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), hops);
  if (parsed.ec != std::errc{}) hops = std::numeric_limits<std::uint32_t>::max();
  if (hops == 0) return Hops::answer_here;
  const auto text = fmt::format_int(hops - 1);
  head.fields.set(Name::max_forwards, arena.copy({text.data(), text.size()}));
  return Hops::forward;
}

}  // namespace penstock::http
