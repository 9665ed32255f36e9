#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "route/request.h"

namespace penstock {

// What a route asks of one header field or one query parameter.
//
// A field that comes on several lines has one value, the lines joined by `, ` (RFC 9110 §5.3; a
// Cookie's by `; `). A query parameter's name and value are compared percent-decoded, `+` being a
// plus; one that comes several times has its values joined by `,`. So what occurs twice equals
// neither of its values: a request that services could read in two ways takes the way of none.
struct Condition {
  enum class Subject : std::uint8_t { header, query };
  enum class Operator : std::uint8_t { equals, present, absent, regex };

  Subject subject = Subject::header;
  Operator op = Operator::present;
  std::string name;   // A header's in any case, a parameter's decoded.
  std::string value;  // With `equals` and `regex`.

  friend auto operator<=>(const Condition&, const Condition&) = default;
};

// `header X-Version: v2`, `query debug present`: for messages.
std::string to_text(const Condition& condition);

// What a header field or a query parameter holds in a request; nothing if it is not there. The view
// is of the request, or of `scratch`.
std::optional<std::string_view> header_value(const http::Fields* fields, http::Name id,
                                             std::string_view name, std::string& scratch);
std::optional<std::string_view> query_value(std::string_view query, std::string_view name,
                                            std::string& scratch);

// What is wrong with a condition's name; empty if nothing is. Fields that never come so far are
// refused: those that end at this hop, and those by which the gateway names its caller.
std::string_view fault_of_name(Condition::Subject subject, std::string_view name);

}  // namespace penstock
