#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace penstock::schema {

// What a secret is called where it is kept: `${file:NAME}`, a file below the folder of secrets, or
// `${PENSTOCK_SECRET_NAME}`, a variable of the environment.
struct SecretName {
  enum class Home : std::uint8_t { file, environment };
  Home home = Home::file;
  std::string name;

  // nullopt for what is no such reference, or names a file that could lie elsewhere.
  static std::optional<SecretName> parse(std::string_view text);

  static constexpr std::string_view kExpected =
      "a secret's name: ${file:NAME} or ${PENSTOCK_SECRET_NAME}";
  static constexpr std::string_view kPattern =
      "^\\$\\{(file:[A-Za-z0-9._/-]+|PENSTOCK_SECRET_[A-Za-z0-9_]+)\\}$";
};

// Whether a scalar is such a reference and nothing else, be it a good one or not.
bool is_secret(std::string_view text);
// Whether what stands between `${` and `}` asks for a secret.
bool asks_for_secret(std::string_view reference);

// The value of a config field that holds a secret. A document can only name one; its value came
// from where secrets are kept, and nothing shows it: not findings, dumps, logs or references.
class Secret {
 public:
  Secret() = default;
  Secret(std::string reference, std::string value)
      : reference_(std::move(reference)), value_(std::move(value)) {}

  bool empty() const { return reference_.empty(); }
  const std::string& reference() const { return reference_; }  // As the document has it.
  const std::string& reveal() const { return value_; }         // Any bytes.
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string reference_;
  std::string value_;
};

// Looks a secret up. `warning` says what is not good about where it is kept; the error is a phrase.
struct FoundSecret {
  std::string value;
  std::string warning = {};
};
using SecretSource = std::function<std::expected<FoundSecret, std::string>(const SecretName& name)>;

}  // namespace penstock::schema
