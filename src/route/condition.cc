#include "route/condition.h"

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/hex.h"
#include "http/h1/syntax.h"
#include "http/hop.h"

namespace penstock {
namespace {

// Takes one byte from the front of `text`, decoded. A `%` that begins no escape is itself.
char take_decoded(std::string_view& text) {
  const char c = text.front();
  if (c == '%' && text.size() >= 3) {
    const int high = hex_value(text[1]);
    const int low = hex_value(text[2]);
    if (high >= 0 && low >= 0) {
      text.remove_prefix(3);
      return static_cast<char>(high * 16 + low);
    }
  }
  text.remove_prefix(1);
  return c;
}

bool decodes_to(std::string_view encoded, std::string_view plain) {
  while (!encoded.empty() && !plain.empty()) {
    if (take_decoded(encoded) != plain.front()) return false;
    plain.remove_prefix(1);
  }
  return encoded.empty() && plain.empty();
}

void append_decoded(std::string_view encoded, std::string& out) {
  while (!encoded.empty()) out.push_back(take_decoded(encoded));
}

}  // namespace

std::string to_text(const Condition& condition) {
  const bool header = condition.subject == Condition::Subject::header;
  auto name = fmt::format("{} {}", header ? "header" : "query", condition.name);
  switch (condition.op) {
    case Condition::Operator::equals:
      return fmt::format("{} = {}", name, condition.value);
    case Condition::Operator::present:
      return name + " present";
    case Condition::Operator::absent:
      return name + " absent";
    case Condition::Operator::regex:
      return fmt::format("{} matches {}", name, condition.value);
  }
  return name;
}

std::optional<std::string_view> header_value(const http::Fields* fields, http::Name id,
                                             std::string_view name, std::string& scratch) {
  if (fields == nullptr) return {};
  std::optional<std::string_view> value;
  bool joined = false;
  for (const auto& field : *fields) {
    if (field.id != id || (id == http::Name::other && !equals_ignoring_case(field.name, name)))
      continue;
    if (!value) {
      value = field.value;
      continue;
    }
    if (!joined) scratch = *value;
    joined = true;
    scratch += id == http::Name::cookie ? "; " : ", ";
    scratch += field.value;
  }
  return joined ? scratch : value;
}

std::optional<std::string_view> query_value(std::string_view query, std::string_view name,
                                            std::string& scratch) {
  std::optional<std::string_view> value;
  bool copied = false;
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    if (!decodes_to(pair.substr(0, equals), name)) continue;
    const auto encoded = pair.substr(std::min(equals + 1, pair.size()));
    if (!value && !encoded.contains('%')) {
      value = encoded;
      continue;
    }
    if (!copied) scratch = value.value_or("");
    copied = true;
    if (value) scratch += ',';
    append_decoded(encoded, scratch);
    value = scratch;
  }
  return copied ? scratch : value;
}

std::string_view fault_of_name(Condition::Subject subject, std::string_view name) {
  if (name.empty()) return "a condition names what it looks at";
  if (subject == Condition::Subject::query) return {};
  if (!http::h1::is_token(name)) return "this is no name of a header field";
  if (http::name_of(name) == http::Name::host) return "the host is asked for by `hosts`";
  http::RequestHead head;
  head.upgrade_websocket = true;
  head.fields.add(name, "trailers");
  if (!http::clean(head) || head.fields.find(name) == nullptr)
    return "this field is removed before routes are asked, so it is never there";
  return {};
}

}  // namespace penstock
