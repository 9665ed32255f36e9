#include "control/admin_token.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/ascii.h"
#include "control/durable_file.h"

namespace penstock {
namespace {

constexpr std::string_view kPrefix = "pst_";  // So that a token is known for one where it leaks.
constexpr std::size_t kBytes = 32;
constexpr std::size_t kDigits = 43;  // Of base64url (RFC 4648 §5), without padding.
constexpr std::size_t kLongestFile = 4096;

std::string base64url(std::span<const unsigned char> bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  unsigned bits = 0;
  unsigned held = 0;
  for (const auto byte : bytes) {
    bits = (bits << 8) | byte;
    for (held += 8; held >= 6; held -= 6) text += digits[(bits >> (held - 6)) & 63];
  }
  if (held > 0) text += digits[(bits << (6 - held)) & 63];
  return text;
}

bool is_token(std::string_view text) {
  const auto is_digit_of_it = [](char c) {
    return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '-' || c == '_';
  };
  return text.size() == kPrefix.size() + kDigits && text.starts_with(kPrefix) &&
         std::ranges::all_of(text, is_digit_of_it);
}

}  // namespace

std::string AdminToken::path_in(const std::string& state_dir) {
  return state_dir + "/admin.token";
}

std::expected<AdminToken, std::string> AdminToken::open(const std::string& state_dir) {
  const auto path = path_in(state_dir);
  if (access(path.c_str(), F_OK) == 0) {
    chmod(path.c_str(), 0600);  // Whatever a restored backup made of it.
    return read(state_dir);
  }
  std::array<unsigned char, kBytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    return std::unexpected("there is no randomness to make an admin token of");
  AdminToken token(std::string(kPrefix) + base64url(bytes), true);
  auto written = write_durably(path, token.text_ + "\n", 0600);
  if (!written) return std::unexpected(std::move(written.error()));
  return token;
}

std::expected<AdminToken, std::string> AdminToken::read(const std::string& state_dir) {
  const auto path = path_in(state_dir);
  auto content = read_whole(path, kLongestFile);
  if (!content) return std::unexpected(std::move(content.error()));
  while (content->ends_with('\n') || content->ends_with('\r')) content->pop_back();
  if (!is_token(*content))
    return std::unexpected("found no admin token in " + path +
                           ", expected one line that begins with pst_; remove the file to have a "
                           "new one made at the next start");
  return AdminToken(std::move(*content), false);
}

bool AdminToken::matches(std::string_view presented) const {
  return presented.size() == text_.size() &&
         CRYPTO_memcmp(presented.data(), text_.data(), text_.size()) == 0;
}

}  // namespace penstock
