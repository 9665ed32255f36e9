#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.h"
#include "http/h1/syntax.h"
#include "http/message.h"
#include "policy/cors/cors.h"

namespace penstock {
namespace {

using Text = schema::Located<std::string>;

std::string uppered(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c & ~0x20);
  return out;
}

class Check {
 public:
  Check(const CorsConfig& config, const std::string& path, schema::Findings& findings)
      : config_(config), path_(path), findings_(findings) {}

  void all() {
    each(config_.origins, "origins", &Check::origin);
    each(config_.methods, "methods", &Check::method);
    each(config_.headers, "headers", &Check::header);
    each(config_.expose_headers, "exposeHeaders", &Check::exposed);
    for (const auto& origin : config_.origins)
      if (origin.value == "*" && config_.origins.size() > 1)
        return error(origin, path_ + ".origins",
                     "expected it alone: it stands for every origin there is");
  }

 private:
  void each(const std::vector<Text>& list, std::string_view key,
            void (Check::*one)(const Text&, const std::string&)) {
    for (std::size_t i = 0; i < list.size(); ++i)
      (this->*one)(list[i], fmt::format("{}.{}[{}]", path_, key, i));
  }

  void origin(const Text& origin, const std::string& path) {
    if (const auto parsed = OriginPattern::parse(origin.value); !parsed)
      return error(origin, path, parsed.error());
    if (!config_.credentials) return;
    if (origin.value == "*")
      error(origin, path,
            "expected origins by name, as credentials is true: else every site could read what "
            "its visitors may see here");
    if (equals_ignoring_case(origin.value, "null"))
      findings_.warning(origin.at, path,
                        "found \"null\" and credentials: any site can ask as `null`, from a frame "
                        "without an origin, and read what its visitors may see here");
  }

  void method(const Text& method, const std::string& path) {
    if (method.value == "*") return;
    if (!http::h1::is_token(method.value)) return error(method, path, "expected a method or `*`");
    const auto upper = uppered(method.value);
    if (upper == "CONNECT" || upper == "TRACE" || upper == "TRACK")
      return error(method, path, "expected another method: browsers never send it");
    if (upper != method.value && http::method_of(upper) != http::Method::other)
      error(method, path, fmt::format("expected {}: methods are case-sensitive", upper));
  }

  void header(const Text& name, const std::string& path) {
    if (!http::h1::is_token(name.value)) error(name, path, "expected the name of a field, or `*`");
  }

  void exposed(const Text& name, const std::string& path) {
    header(name, path);
    if (name.value == "*" && config_.credentials)
      error(name, path,
            "expected fields by name, as credentials is true: then browsers take `*` for a name");
  }

  void error(const Text& text, const std::string& path, std::string_view expected) {
    findings_.error(text.at, path,
                    fmt::format("found {}, {}", schema::in_quotes(text.value), expected));
  }

  const CorsConfig& config_;
  const std::string& path_;
  schema::Findings& findings_;
};

}  // namespace

void Cors::check(const Config& config, const std::string& path, schema::Findings& findings) {
  Check(config, path, findings).all();
}

}  // namespace penstock
