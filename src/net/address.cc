#include "net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/ascii.h"

namespace penstock {
namespace {

std::uint64_t load_big_endian(const std::uint8_t* at) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = (value << 8) | at[i];
  return value;
}

void store_big_endian(std::uint64_t value, std::uint8_t* at) {
  for (int i = 7; i >= 0; --i, value >>= 8) at[i] = static_cast<std::uint8_t>(value);
}

// Decimal, no sign, no leading zeros, at most `most`.
std::optional<unsigned> parse_number(std::string_view text, unsigned most) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text.front() == '0')) return {};
  unsigned value = 0;
  for (char c : text) {
    if (!is_digit(c)) return {};
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value > most) return {};
  return value;
}

std::optional<IpAddress> parse_v4(std::string_view text) {
  std::uint32_t bits = 0;
  for (int i = 0; i < 4; ++i) {
    const auto end = i < 3 ? text.find('.') : text.size();
    if (end == std::string_view::npos) return {};
    const auto number = parse_number(text.substr(0, end), 255);
    if (!number) return {};
    bits = (bits << 8) | *number;
    text.remove_prefix(i < 3 ? end + 1 : end);
  }
  return IpAddress::v4(bits);
}

std::optional<IpAddress> parse_v6(std::string_view text) {
  char buffer[IpAddress::kMaxText];
  if (text.size() >= sizeof(buffer) || text.contains('\0')) return {};
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  std::array<std::uint8_t, 16> bytes;
  if (inet_pton(AF_INET6, buffer, bytes.data()) != 1) return {};
  return IpAddress::v6(bytes);
}

// With the lowest `bits` of the 128 set, or cleared.
IpAddress with_low_bits(const IpAddress& ip, unsigned bits, bool set) {
  const auto ones = [](unsigned n) {
    return n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1;
  };
  const auto low = ones(std::min(bits, 64U));
  const auto high = bits > 64 ? ones(bits - 64) : 0;
  if (set) return IpAddress::of_halves(ip.high() | high, ip.low() | low);
  return IpAddress::of_halves(ip.high() & ~high, ip.low() & ~low);
}

}  // namespace

IpAddress IpAddress::v6(std::span<const std::uint8_t, 16> bytes) {
  return {load_big_endian(bytes.data()), load_big_endian(bytes.data() + 8)};
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.contains(':')) return parse_v6(text);
  return parse_v4(text);
}

std::array<std::uint8_t, 16> IpAddress::v6_bytes() const {
  std::array<std::uint8_t, 16> bytes;
  store_big_endian(high_, bytes.data());
  store_big_endian(low_, bytes.data() + 8);
  return bytes;
}

std::string_view IpAddress::write(std::span<char, kMaxText> buffer) const {
  if (!is_v4()) {
    const auto bytes = v6_bytes();
    inet_ntop(AF_INET6, bytes.data(), buffer.data(), kMaxText);
    return buffer.data();
  }
  char* at = buffer.data();
  char* const end = at + kMaxText;
  for (int shift = 24; shift >= 0; shift -= 8) {
    at = std::to_chars(at, end, (v4_bits() >> shift) & 0xff).ptr;
    if (shift > 0) *at++ = '.';
  }
  return {buffer.data(), at};
}

std::string IpAddress::to_text() const {
  char buffer[kMaxText];
  return std::string(write(buffer));
}

Address::Address(const IpAddress& ip, std::uint16_t port) {
  if (ip.is_v4()) {
    storage_.v4.sin_family = AF_INET;
    storage_.v4.sin_port = htons(port);
    storage_.v4.sin_addr.s_addr = htonl(ip.v4_bits());
    size_ = sizeof(sockaddr_in);
    return;
  }
  const auto bytes = ip.v6_bytes();
  storage_.v6.sin6_family = AF_INET6;
  storage_.v6.sin6_port = htons(port);
  std::memcpy(&storage_.v6.sin6_addr, bytes.data(), bytes.size());
  size_ = sizeof(sockaddr_in6);
}

std::expected<Address, std::string> Address::unix_socket(std::string_view path) {
  if (!path.starts_with('/') || path.contains('\0'))
    return std::unexpected("the path of a unix socket must be absolute, like `unix:/run/x.sock`");
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    return std::unexpected(fmt::format("the path of a unix socket may have at most {} bytes",
                                       sizeof(sockaddr_un::sun_path) - 1));
  Address address;
  address.storage_.un.sun_family = AF_UNIX;
  std::memcpy(address.storage_.un.sun_path, path.data(), path.size());
  address.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

std::expected<Address, std::string> Address::parse(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) return unix_socket(text.substr(kUnix.size()));
  const auto colon = text.rfind(':');
  const auto bracket = text.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && bracket > colon))
    return std::unexpected(
        "a port is missing: write `127.0.0.1:8080`, `[::1]:8080` or `unix:/path`");
  const auto port = parse_number(text.substr(colon + 1), 65535);
  if (!port) return std::unexpected("the port must be a number from 0 to 65535");
  auto host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.contains(':'))
    return std::unexpected("an IPv6 address needs brackets before its port: `[::1]:8080`");
  const auto ip = IpAddress::parse(host);
  if (!ip || bracketed != host.contains(':'))
    return std::unexpected("this is no IP address; for all addresses write `0.0.0.0` or `[::]`");
  return Address(*ip, static_cast<std::uint16_t>(*port));
}

Address Address::from(const sockaddr* address, socklen_t size) {
  Address out;
  if (address == nullptr || size < sizeof(sa_family_t)) return out;
  const auto at_least = [&](std::size_t n) { return size >= n; };
  switch (address->sa_family) {
    case AF_INET:
      out.size_ = at_least(sizeof(sockaddr_in)) ? sizeof(sockaddr_in) : 0;
      break;
    case AF_INET6:
      out.size_ = at_least(sizeof(sockaddr_in6)) ? sizeof(sockaddr_in6) : 0;
      break;
    case AF_UNIX:
      out.size_ = std::min<socklen_t>(size, sizeof(sockaddr_un));
      break;
    default:
      break;
  }
  std::memcpy(&out.storage_, address, out.size_);
  // Not identity but a hint for traffic classes: two sockets of one peer may differ in it.
  if (out.size_ != 0 && out.family() == AF_INET6) out.storage_.v6.sin6_flowinfo = 0;
  return out;
}

std::optional<IpAddress> Address::ip() const {
  if (family() == AF_INET) return IpAddress::v4(ntohl(storage_.v4.sin_addr.s_addr));
  if (family() != AF_INET6) return {};
  std::array<std::uint8_t, 16> bytes;
  std::memcpy(bytes.data(), &storage_.v6.sin6_addr, bytes.size());
  return IpAddress::v6(bytes);
}

std::uint16_t Address::port() const {
  if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
  if (family() == AF_INET6) return ntohs(storage_.v6.sin6_port);
  return 0;
}

std::string_view Address::path() const {
  constexpr std::size_t kPath = offsetof(sockaddr_un, sun_path);
  if (!is_unix() || size_ <= kPath) return {};
  // The kernel counts the final NUL in, and an abstract name begins with one: no path, then.
  const char* const path = storage_.un.sun_path;
  return {path, strnlen(path, size_ - kPath)};
}

std::string Address::to_text() const {
  if (empty()) return "-";
  if (is_unix()) return fmt::format("unix:{}", path());
  const auto address = ip();
  if (family() == AF_INET || address->is_v4())
    return fmt::format("{}:{}", address->to_text(), port());
  const auto zone = storage_.v6.sin6_scope_id;
  if (zone != 0) return fmt::format("[{}%{}]:{}", address->to_text(), zone, port());
  return fmt::format("[{}]:{}", address->to_text(), port());
}

std::size_t Address::hash() const {
  if (is_unix()) return std::hash<std::string_view>{}(path());
  const auto address = ip();
  if (!address) return 0;
  return std::hash<IpAddress>{}(*address) ^ (std::size_t{port()} * 0x9e3779b97f4a7c15);
}

std::strong_ordering operator<=>(const Address& a, const Address& b) {
  if (const auto order = a.family() <=> b.family(); order != 0) return order;
  if (a.is_unix()) return a.path() <=> b.path();
  if (const auto order = a.ip() <=> b.ip(); order != 0) return order;
  if (const auto order = a.port() <=> b.port(); order != 0) return order;
  if (a.family() != AF_INET6) return std::strong_ordering::equal;
  return a.storage_.v6.sin6_scope_id <=> b.storage_.v6.sin6_scope_id;
}

bool operator==(const Address& a, const Address& b) {
  return (a <=> b) == 0;
}

std::expected<Cidr, std::string> Cidr::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto host = text.substr(0, slash);
  const auto ip = IpAddress::parse(host);
  if (!ip)
    return std::unexpected(
        fmt::format("`{}` is no address or prefix like `10.0.0.0/8` or `2001:db8::/32`", text));
  const unsigned width = host.contains(':') ? 128 : 32;
  auto bits = std::optional<unsigned>(width);
  if (slash != std::string_view::npos) bits = parse_number(text.substr(slash + 1), width);
  if (!bits)
    return std::unexpected(
        fmt::format("the prefix length of `{}` must be a number from 0 to {}", text, width));
  const auto host_bits = width - *bits;
  const auto first = with_low_bits(*ip, host_bits, false);
  if (first != *ip) {
    const auto meant = Cidr(first, first, 128 - host_bits);
    return std::unexpected(
        fmt::format("`{}` has bits set beyond its prefix; write `{}` for the network or leave "
                    "`/{}` out for the "
                    "one address",
                    text, meant.to_text(), *bits));
  }
  return Cidr(first, with_low_bits(*ip, host_bits, true), 128 - host_bits);
}

bool Cidr::contains(const IpAddress& ip) const {
  return ip.is_v4() == first_.is_v4() && first_ <= ip && ip <= last_;
}

std::string Cidr::to_text() const {
  const bool v4 = first_.is_v4() && bits_ >= 96;
  return fmt::format("{}/{}", first_.to_text(), v4 ? bits_ - 96 : bits_);
}

CidrSet::CidrSet(std::span<const Cidr> cidrs) {
  for (const auto& cidr : cidrs)
    (cidr.first().is_v4() ? v4_ : v6_).push_back({cidr.first(), cidr.last()});
  v4_ = merged(std::move(v4_));
  v6_ = merged(std::move(v6_));
}

std::expected<CidrSet, std::string> CidrSet::parse(std::span<const std::string> texts) {
  std::vector<Cidr> cidrs;
  cidrs.reserve(texts.size());
  for (const auto& text : texts) {
    auto cidr = Cidr::parse(text);
    if (!cidr) return std::unexpected(std::move(cidr.error()));
    cidrs.push_back(*cidr);
  }
  return CidrSet(cidrs);
}

std::vector<CidrSet::Range> CidrSet::merged(std::vector<Range> ranges) {
  std::ranges::sort(ranges, {}, &Range::first);
  std::vector<Range> out;
  for (const auto& range : ranges) {
    if (!out.empty() && range.first <= out.back().last)
      out.back().last = std::max(out.back().last, range.last);
    else
      out.push_back(range);
  }
  return out;
}

bool CidrSet::contains(const IpAddress& ip) const {
  const auto& ranges = ip.is_v4() ? v4_ : v6_;
  const auto after = std::ranges::upper_bound(ranges, ip, {}, &Range::first);
  return after != ranges.begin() && ip <= std::prev(after)->last;
}

}  // namespace penstock
