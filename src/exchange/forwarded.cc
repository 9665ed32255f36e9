#include "exchange/forwarded.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/ascii.h"
#include "http/h1/syntax.h"
#include "http/target.h"

namespace penstock {
namespace {

using http::Field;
using http::Fields;
using http::Name;

// One element of a list: an address as it stands there, and what `Forwarded` says beside it.
struct Element {
  std::string_view node = {};
  std::string_view scheme = {};
  std::string_view host = {};
};

// The last elements of a list, oldest first.
class Elements {
 public:
  void add(const Element& element) { ring_[total_++ % kMaxForwardedElements] = element; }
  void clear() { total_ = 0; }
  std::size_t size() const { return std::min(total_, kMaxForwardedElements); }
  // The i-th from the right.
  const Element& from_right(std::size_t i) const {
    return ring_[(total_ - 1 - i) % kMaxForwardedElements];
  }

 private:
  std::size_t total_ = 0;
  std::array<Element, kMaxForwardedElements> ring_;
};

std::optional<unsigned> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::ranges::all_of(text, is_digit)) return {};
  unsigned port = 0;
  for (char c : text) port = port * 10 + static_cast<unsigned>(c - '0');
  if (port == 0 || port > 65535) return {};
  return port;
}

// An address as proxies write it: `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`, the last two with or
// without a port, which may be obfuscated (RFC 7239 §6).
std::optional<IpAddress> parse_node(std::string_view node) {
  const auto is_port = [](std::string_view text) {
    return text.starts_with(':') && (text.substr(1).starts_with('_') || parse_port(text.substr(1)));
  };
  if (node.starts_with('[')) {
    const auto end = node.find(']');
    if (end == std::string_view::npos) return {};
    const auto rest = node.substr(end + 1);
    const auto inner = node.substr(1, end - 1);
    if (!inner.contains(':') || (!rest.empty() && !is_port(rest))) return {};
    return IpAddress::parse(inner);
  }
  const auto colon = node.find(':');
  if (colon == std::string_view::npos || node.find(':', colon + 1) != std::string_view::npos)
    return IpAddress::parse(node);
  if (!is_port(node.substr(colon))) return {};
  return IpAddress::parse(node.substr(0, colon));
}

// Reads one line of `Forwarded` (RFC 7239 §4). A line that breaks the grammar anywhere cannot be
// cut into elements for sure, since a quoted string may hold commas.
class ForwardedLine {
 public:
  ForwardedLine(std::string_view text, Arena& arena) : text_(text), arena_(arena) {}

  bool read(Elements& out) {
    for (;;) {
      Element element;
      skip_space();
      if (!done() && peek() != ',') {
        if (!read_element(element)) return false;
        out.add(element);
      }
      skip_space();
      if (done()) return true;
      if (!take(',')) return false;
    }
  }

 private:
  bool read_element(Element& element) {
    do {
      if (!read_pair(element)) return false;
    } while (take(';'));
    return true;
  }

  // Empty pairs are allowed by the grammar (`for=a;;proto=http`); a pair given twice is not.
  bool read_pair(Element& element) {
    const auto name = take_token();
    if (name.empty()) return done() || peek() == ';' || peek() == ',';
    std::string_view value;
    if (!take('=') || !read_value(value)) return false;
    auto* const place = equals_ignoring_case(name, "for")     ? &element.node
                        : equals_ignoring_case(name, "proto") ? &element.scheme
                        : equals_ignoring_case(name, "host")  ? &element.host
                                                              : nullptr;
    if (place == nullptr) return true;
    if (!place->empty()) return false;
    *place = value;
    return true;
  }

  bool read_value(std::string_view& value) {
    if (take('"')) return read_quoted(value);
    // Colons and brackets need quotes by the grammar, but many proxies forget them.
    const auto begin = at_;
    while (!done() && (http::h1::is(http::h1::ByteClass::token, peek()) || peek() == ':' ||
                       peek() == '[' || peek() == ']'))
      ++at_;
    value = text_.substr(begin, at_ - begin);
    return !value.empty();
  }

  bool read_quoted(std::string_view& value) {
    const auto begin = at_;
    bool escaped = false;
    while (!done() && peek() != '"') {
      if (peek() == '\\') escaped = true, ++at_;
      if (!done()) ++at_;
    }
    value = text_.substr(begin, at_ - begin);
    if (!take('"')) return false;
    if (escaped) value = unescaped(value);
    return true;
  }

  std::string_view unescaped(std::string_view value) {
    char* const start = arena_.take(value.size());
    char* to = start;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i] == '\\') ++i;
      *to++ = value[i];
    }
    return {start, to};
  }

  bool done() const { return at_ == text_.size(); }
  char peek() const { return text_[at_]; }
  bool take(char c) {
    if (done() || peek() != c) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (!done() && (peek() == ' ' || peek() == '\t')) ++at_;
  }
  std::string_view take_token() {
    const auto begin = at_;
    at_ = http::h1::skip_token(text_, at_);
    return text_.substr(begin, at_ - begin);
  }

  std::string_view text_;
  Arena& arena_;
  std::size_t at_ = 0;
};

void read_forwarded_for(const Fields& fields, Elements& out) {
  for (const auto& field : fields) {
    if (field.id != Name::x_forwarded_for) continue;
    http::h1::each_element(field.value, [&](std::string_view element) {
      out.add({.node = element});
      return true;
    });
  }
}

void read_forwarded(const Fields& fields, Arena& arena, Elements& out) {
  for (const auto& field : fields) {
    if (field.id != Name::forwarded || ForwardedLine(field.value, arena).read(out)) continue;
    out.clear();  // Nothing to the left of the broken line can be reached.
    out.add({});
  }
}

struct Walked {
  IpAddress client;
  std::size_t steps = 0;  // Elements passed, from the right; the client is the last of them.
};

Walked walk(const IpAddress& peer, const CidrSet& trusted, const Elements& elements) {
  Walked walked{peer};
  while (walked.steps < elements.size() && trusted.contains(walked.client)) {
    const auto ip = parse_node(elements.from_right(walked.steps).node);
    if (!ip) break;
    walked.client = *ip;
    ++walked.steps;
  }
  return walked;
}

std::string_view text_of(const IpAddress& ip, Arena& arena) {
  char buffer[IpAddress::kMaxText];
  return arena.copy(ip.write(buffer));
}

// `parts` from the last to the first, with commas.
std::string_view join_reversed(std::span<const std::string_view> parts, Arena& arena) {
  constexpr std::string_view kComma = ", ";
  std::size_t size = 0;
  for (auto part : parts) size += part.size() + kComma.size();
  char* const start = arena.take(size);
  char* at = start;
  for (std::size_t i = parts.size(); i-- > 0;) {
    at = std::ranges::copy(parts[i], at).out;
    if (i > 0) at = std::ranges::copy(kComma, at).out;
  }
  return {start, at};
}

std::string_view chain_of(std::string_view peer, const Elements& elements, std::size_t count,
                          Arena& arena) {
  std::array<std::string_view, kMaxForwardedElements + 1> parts;
  parts[0] = peer;
  for (std::size_t i = 0; i < count; ++i) parts[i + 1] = elements.from_right(i).node;
  return join_reversed(std::span(parts).first(count + 1), arena);
}

// `Forwarded` may hold brackets and ports, X-Forwarded-For better not.
void plain_nodes(Elements& elements, std::size_t count, Arena& arena, Elements& out) {
  for (std::size_t i = count; i-- > 0;)
    out.add({.node = text_of(*parse_node(elements.from_right(i).node), arena)});
}

std::string_view last_of(const Fields& fields, Name name) {
  std::string_view last;
  for (const auto& field : fields) {
    if (field.id != name) continue;
    http::h1::each_element(field.value, [&](std::string_view element) {
      last = element;
      return true;
    });
  }
  return last;
}

// Proxies in front of WebSockets may name their schemes. Empty for any other.
std::string_view known_scheme(std::string_view text) {
  if (equals_ignoring_case(text, "https") || equals_ignoring_case(text, "wss")) return "https";
  if (equals_ignoring_case(text, "http") || equals_ignoring_case(text, "ws")) return "http";
  return {};
}

std::string_view digits_of(std::uint16_t port, Arena& arena) {
  const auto digits = fmt::format_int(port);
  return arena.copy({digits.data(), digits.size()});
}

// What a trusted peer says of the client's request, as far as it is well-formed.
void take_claims(const Element& claims, std::string_view port, Arena& arena, Forwarded& out) {
  const auto scheme = known_scheme(claims.scheme);
  const auto authority = http::parse_authority(claims.host, arena);
  if (!scheme.empty()) out.scheme = scheme;
  if (authority) out.host = authority->text;
  if (parse_port(port))
    out.port = port;
  else if (authority && authority->port)
    out.port = digits_of(*authority->port, arena);
  else if (!scheme.empty() || authority)
    out.port = out.scheme == "https" ? "443" : "80";
}

void believe(const IpAddress& peer, std::string_view peer_text, const CidrSet& trusted,
             const Fields& fields, Arena& arena, Forwarded& out) {
  const bool speaks_forwarded = !fields.has(Name::x_forwarded_for) && fields.has(Name::forwarded);
  Elements elements;
  if (speaks_forwarded)
    read_forwarded(fields, arena, elements);
  else
    read_forwarded_for(fields, elements);
  const auto walked = walk(peer, trusted, elements);
  if (walked.steps > 0) {
    out.client = walked.client;
    out.client_text = text_of(walked.client, arena);
  }
  if (speaks_forwarded) {
    Elements plain;
    plain_nodes(elements, walked.steps, arena, plain);
    out.chain = chain_of(peer_text, plain, walked.steps, arena);
    if (walked.steps > 0) take_claims(elements.from_right(walked.steps - 1), {}, arena, out);
    return;
  }
  out.chain = chain_of(peer_text, elements, elements.size(), arena);
  take_claims({.node = {},
               .scheme = last_of(fields, Name::x_forwarded_proto),
               .host = last_of(fields, Name::x_forwarded_host)},
              last_of(fields, Name::x_forwarded_port), arena, out);
}

}  // namespace

Forwarded find_client(const Arrival& arrival, const CidrSet& trusted, const Fields& fields,
                      Arena& arena) {
  Forwarded out{.client = arrival.peer.ip(),
                .client_text = "unix",
                .scheme = arrival.scheme,
                .host = arrival.host};
  if (arrival.port != 0) out.port = digits_of(arrival.port, arena);
  if (!out.client) return out;
  out.client_text = out.chain = text_of(*out.client, arena);
  out.peer_trusted = trusted.contains(*out.client);
  if (out.peer_trusted) believe(*out.client, out.client_text, trusted, fields, arena, out);
  return out;
}

void write_forwarded(const Forwarded& forwarded, Fields& fields) {
  fields.remove_if([&](const Field& field) {
    constexpr std::string_view kPrefix = "X-Forwarded-";
    switch (field.id) {
      case Name::forwarded:
      case Name::x_real_ip:
      case Name::x_forwarded_for:
      case Name::x_forwarded_proto:
      case Name::x_forwarded_host:
      case Name::x_forwarded_port:
        return true;
      case Name::other:
      case Name::x_forwarded_prefix:
        return !forwarded.peer_trusted &&
               equals_ignoring_case(field.name.substr(0, kPrefix.size()), kPrefix);
      default:
        return false;
    }
  });
  const auto add = [&](Name name, std::string_view value) {
    if (!value.empty()) fields.add(name, value);
  };
  add(Name::x_forwarded_for, forwarded.chain);
  add(Name::x_forwarded_proto, forwarded.scheme);
  add(Name::x_forwarded_host, forwarded.host);
  add(Name::x_forwarded_port, forwarded.port);
}

std::string_view choose_request_id(const Fields& fields, bool peer_trusted,
                                   std::string_view fresh) {
  if (!peer_trusted || fields.count(Name::x_request_id) != 1) return fresh;
  const auto id = fields.find(Name::x_request_id)->value;
  const auto fits = [](char c) {
    const char lower = to_lower(c);
    return is_digit(c) || (lower >= 'a' && lower <= 'z') || c == '.' || c == '_' || c == '-';
  };
  const bool sane = !id.empty() && id.size() <= kMaxRequestId && std::ranges::all_of(id, fits);
  return sane ? id : fresh;
}

}  // namespace penstock
