#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

// An IPv4 or IPv6 address without port or zone. An IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) is
// the IPv4 address it stands for, so that a dual-stack socket and a plain one name the same client.
class IpAddress {
 public:
  static constexpr std::size_t kMaxText = 46;  // With the final NUL of inet_ntop.

  constexpr IpAddress() = default;  // 0.0.0.0
  static constexpr IpAddress v4(std::uint32_t bits) { return {0, kMapped | bits}; }
  static IpAddress v6(std::span<const std::uint8_t, 16> bytes);
  // Strict: four decimal numbers without leading zeros, or RFC 4291 §2.2; no brackets, no zone.
  static std::optional<IpAddress> parse(std::string_view text);

  // 127.0.0.0/8 or ::1: this machine alone.
  constexpr bool is_loopback() const {
    return is_v4() ? (v4_bits() >> 24) == 127 : high_ == 0 && low_ == 1;
  }
  constexpr bool is_v4() const { return high_ == 0 && (low_ >> 32) == (kMapped >> 32); }
  constexpr std::uint32_t v4_bits() const { return static_cast<std::uint32_t>(low_); }
  std::array<std::uint8_t, 16> v6_bytes() const;
  // The upper and lower half of the 128 bits; IPv4 stands in its mapped form.
  constexpr std::uint64_t high() const { return high_; }
  constexpr std::uint64_t low() const { return low_; }
  static constexpr IpAddress of_halves(std::uint64_t high, std::uint64_t low) {
    return {high, low};
  }

  // Writes the text without NUL and gives its view; the canonical form of RFC 5952.
  std::string_view write(std::span<char, kMaxText> buffer) const;
  std::string to_text() const;

  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  static constexpr std::uint64_t kMapped = 0xffff'0000'0000;
  constexpr IpAddress(std::uint64_t high, std::uint64_t low) : high_(high), low_(low) {}
  std::uint64_t high_ = 0;
  std::uint64_t low_ = kMapped;
};

// What a socket is bound or connected to: IPv4, IPv6 or a unix socket.
class Address {
 public:
  Address() = default;  // No address: family AF_UNSPEC.
  Address(const IpAddress& ip, std::uint16_t port);
  // `path` is absolute and short enough for sockaddr_un.
  static std::expected<Address, std::string> unix_socket(std::string_view path);
  // `127.0.0.1:8080`, `[::]:8080`, `unix:/run/x.sock`. Names are not resolved here; port 0 is
  // allowed and means any. The error says what to write instead.
  static std::expected<Address, std::string> parse(std::string_view text);
  // As accept, getsockname and getaddrinfo give it. Other families give an empty Address. The zone
  // of a link-local address is kept.
  static Address from(const sockaddr* address, socklen_t size);

  const sockaddr* raw() const { return &storage_.any; }
  socklen_t raw_size() const { return size_; }
  int family() const { return storage_.any.sa_family; }
  bool empty() const { return size_ == 0; }
  bool is_unix() const { return family() == AF_UNIX; }
  std::optional<IpAddress> ip() const;  // None for a unix socket.
  std::uint16_t port() const;           // 0 for a unix socket.
  std::string_view path() const;        // Empty unless a unix socket with a name.

  // What parse() reads; `unix:` for an unnamed peer. A zone shows as `%2` and is not read back.
  std::string to_text() const;

  std::size_t hash() const;
  friend bool operator==(const Address& a, const Address& b);
  friend std::strong_ordering operator<=>(const Address& a, const Address& b);

 private:
  // The largest first: it is the one that `{}` sets to zero, and a zone must not be left over.
  union Storage {
    sockaddr_un un;
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  };
  Storage storage_{};
  socklen_t size_ = 0;
};

// `10.0.0.0/8`, `2001:db8::/32`, or one address. An IPv6 prefix never holds IPv4 addresses, not
// even
// `::/0`.
class Cidr {
 public:
  // Refuses host bits that are set (`10.0.0.1/8`), since such a text is most often a mistake, and
  // says which prefix was probably meant.
  static std::expected<Cidr, std::string> parse(std::string_view text);

  bool contains(const IpAddress& ip) const;
  IpAddress first() const { return first_; }
  IpAddress last() const { return last_; }
  std::string to_text() const;
  friend auto operator<=>(const Cidr&, const Cidr&) = default;

 private:
  Cidr(const IpAddress& first, const IpAddress& last, unsigned bits)
      : first_(first), last_(last), bits_(bits) {}
  IpAddress first_;
  IpAddress last_;
  unsigned bits_;  // Of the 128; an IPv4 prefix counts from 96.
};

// Many prefixes as sorted ranges: a look-up is one binary search, whatever the overlaps.
class CidrSet {
 public:
  CidrSet() = default;
  explicit CidrSet(std::span<const Cidr> cidrs);
  static std::expected<CidrSet, std::string> parse(std::span<const std::string> texts);

  bool contains(const IpAddress& ip) const;
  bool empty() const { return v4_.empty() && v6_.empty(); }

 private:
  struct Range {
    IpAddress first;
    IpAddress last;
  };
  static std::vector<Range> merged(std::vector<Range> ranges);
  std::vector<Range> v4_;
  std::vector<Range> v6_;
};

}  // namespace penstock

template <>
struct std::hash<penstock::Address> {
  std::size_t operator()(const penstock::Address& address) const { return address.hash(); }
};
template <>
struct std::hash<penstock::IpAddress> {
  std::size_t operator()(const penstock::IpAddress& ip) const {
    return (ip.high() ^ (ip.low() * 0x9e3779b97f4a7c15)) * 0xbf58476d1ce4e5b9;
  }
};
