#include "net/resolve.h"

#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include "base/ascii.h"

namespace penstock {
namespace {

constexpr std::size_t kMaxName = 253;  // RFC 1035 §2.3.4, as text.
constexpr std::size_t kMaxLabel = 63;

bool is_label(std::string_view label) {
  const auto fits = [](char c) {
    const char lower = to_lower(c);
    return (lower >= 'a' && lower <= 'z') || is_digit(c) || c == '-' || c == '_';
  };
  return !label.empty() && label.size() <= kMaxLabel && label.front() != '-' &&
         label.back() != '-' && std::ranges::all_of(label, fits);
}

// What inet_aton, and so the system's resolver, would take for the end of an address.
bool is_number(std::string_view label) {
  if (label.starts_with("0x") || label.starts_with("0X")) return true;
  return std::ranges::all_of(label, is_digit);
}

std::optional<IpAddress> literal(std::string_view host) {
  const bool bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  if (!bracketed) return IpAddress::parse(host);
  host = host.substr(1, host.size() - 2);
  return host.contains(':') ? IpAddress::parse(host) : std::nullopt;
}

std::string sentence(std::string_view host, int code, int os) {
  const std::string why =
      code == EAI_SYSTEM ? std::generic_category().message(os) : std::string(gai_strerror(code));
  return fmt::format("`{}` does not resolve: {}", host, why);
}

}  // namespace

bool is_host_name(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.size() > kMaxName) return false;
  for (;;) {
    const auto dot = host.find('.');
    const auto label = host.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) return !is_number(label);
    host.remove_prefix(dot + 1);
  }
}

std::expected<std::vector<Address>, std::string> resolve(std::string_view host,
                                                         std::uint16_t port) {
  if (const auto ip = literal(host)) return std::vector{Address(*ip, port)};
  if (!is_host_name(host))
    return std::unexpected(fmt::format("`{}` is neither a host name nor an IP address", host));

  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(std::string(host).c_str(), nullptr, &hints, &found);
  const int os = errno;
  if (code != 0) return std::unexpected(sentence(host, code, os));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);

  std::vector<Address> addresses;
  for (const auto* at = found; at != nullptr && addresses.size() < kMaxResolved; at = at->ai_next) {
    const auto ip = Address::from(at->ai_addr, at->ai_addrlen).ip();
    if (!ip) continue;
    const Address address(*ip, port);
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
  }
  if (addresses.empty()) return std::unexpected(fmt::format("`{}` has no address", host));
  return addresses;
}

}  // namespace penstock
