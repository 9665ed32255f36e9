#include "route/pattern.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace penstock {
namespace {

// `a {id} *`, or the error.
std::string shape(std::string_view text) {
  const auto pattern = Pattern::parse(text);
  if (!pattern) return "refused: " + pattern.error();
  std::string out;
  for (const auto& [parameter, segment] : pattern->segments)
    out += parameter ? fmt::format("({})", segment) : fmt::format("[{}]", segment);
  return out + (pattern->below ? "*" : "");
}

TEST(Pattern, IsReadSegmentBySegment) {
  EXPECT_EQ(shape("/"), "[]");
  EXPECT_EQ(shape("/*"), "*");
  EXPECT_EQ(shape("/api/orders/{orderId}"), "[api][orders](orderId)");
  EXPECT_EQ(shape("/api/users/*"), "[api][users]*");
  EXPECT_EQ(shape("/{a}/{b-2}/x/"), "(a)(b-2)[x][]");
  EXPECT_EQ(shape("/a;v=1/b:c@d,!$&'()+"), "[a;v=1][b:c@d,!$&'()+]");
}

TEST(Pattern, IsInTheFormOfARequestsPath) {
  EXPECT_EQ(shape("/%7euser/%c3%a9/a%2fb"), "[~user][%C3%A9][a%2Fb]");
  EXPECT_EQ(shape("/%61pi"), "[api]");
}

TEST(Pattern, SaysWhatToWriteInstead) {
  const auto refused = [](std::string_view text, std::string_view why) {
    const auto got = shape(text);
    EXPECT_TRUE(got.starts_with("refused: ") && got.contains(why)) << text << " -> " << got;
  };
  refused("", "begins with `/`");
  refused("api", "begins with `/`");
  refused("/a//b", "one slash");
  refused("//", "one slash");
  refused("/a//*", "one slash");
  refused("/a/../b", "normalised");
  refused("/%2e%2E/b", "normalised");
  refused("/a*", "only at the end");
  refused("/*/a", "only at the end");
  refused("/a/**", "only at the end");
  refused("/a b", "%20");
  refused("/caf\u00e9", "%C3");
  refused("/a?b", "%3F");
  refused("/a#b", "%23");
  refused("/a%00", "none can match");
  refused("/a%5c", "none can match");
  refused("/a%", "two hex digits");
  refused("/a%2", "two hex digits");
  refused("/a%zz", "two hex digits");
  refused("/x{id}", "fill its segment");
  refused("/{id}.json", "fill its segment");
  refused("/{a}{b}", "fill its segment");
  refused("/{id", "fill its segment");
  refused("/id}", "fill its segment");
  refused("/{}", "no name");
  refused("/{1a}", "no name");
  refused("/{id:[0-9]+}", "no name");
  refused("/{id}/x/{id}", "twice");
  refused("/" + std::string(kMaxPatternSize, 'a'), "at most");
  std::string segments;
  std::string parameters;
  for (std::size_t i = 0; i <= kMaxPatternSegments; ++i) segments += "/a";
  for (std::size_t i = 0; i <= kMaxParameters; ++i) parameters += fmt::format("/{{p{}}}", i);
  refused(segments, "segments");
  refused(parameters, "parameters");
}

TEST(RouteHost, IsLowerCaseWithoutTrailingDot) {
  EXPECT_EQ(parse_route_host("API.Example.com."), "api.example.com");
  EXPECT_EQ(parse_route_host("localhost"), "localhost");
  EXPECT_EQ(parse_route_host("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(parse_route_host("[2001:DB8:0:0:0:0:0:1]"), "[2001:db8::1]");
  for (auto text : {"", ".", "a:80", "*.a", "a b", "a..b", ".a", "[::1]:80", "[", "[]", "http://a",
                    "ex\u00e4mple"})
    EXPECT_FALSE(parse_route_host(text)) << text;
}

TEST(Method, MayBeAnyToken) {
  EXPECT_TRUE(is_method("GET"));
  EXPECT_TRUE(is_method("M-SEARCH"));
  EXPECT_FALSE(is_method(""));
  EXPECT_FALSE(is_method("A B"));
}

}  // namespace
}  // namespace penstock
