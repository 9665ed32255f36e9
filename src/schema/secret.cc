#include "schema/secret.h"

#include <algorithm>

#include "base/ascii.h"

namespace penstock::schema {
namespace {

constexpr std::string_view kFile = "file:";
constexpr std::string_view kVariable = "PENSTOCK_SECRET_";
constexpr std::size_t kLongestName = 255;

bool is_letter_or_digit(char c) {
  return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
}

bool is_file(std::string_view name) {
  if (name.empty() || name.size() > kLongestName) return false;
  while (true) {
    const auto part = name.substr(0, name.find('/'));
    const bool plain = std::all_of(part.begin(), part.end(), [](char c) {
      return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
    });
    if (!plain || part.empty() || part == "." || part == "..") return false;
    if (part.size() == name.size()) return true;
    name.remove_prefix(part.size() + 1);
  }
}

bool is_variable(std::string_view name) {
  return name.size() > kVariable.size() && name.size() <= kLongestName &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '_'; });
}

}  // namespace

bool asks_for_secret(std::string_view reference) {
  return reference.starts_with(kFile) || reference.starts_with(kVariable);
}

bool is_secret(std::string_view text) {
  return text.starts_with("${") && text.find('}') == text.size() - 1 &&
         asks_for_secret(text.substr(2));
}

std::optional<SecretName> SecretName::parse(std::string_view text) {
  if (!is_secret(text)) return std::nullopt;
  auto name = text.substr(2, text.size() - 3);
  if (is_variable(name)) return SecretName{Home::environment, std::string(name)};
  if (!name.starts_with(kFile)) return std::nullopt;
  name.remove_prefix(kFile.size());
  if (!is_file(name)) return std::nullopt;
  return SecretName{Home::file, std::string(name)};
}

}  // namespace penstock::schema
