#include "route/pattern.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// `[a](id) *`, or the error.
std::string shape(std::string_view text) {
  RegexSet regexes;
  const auto pattern = Pattern::parse(text, regexes);
  if (!pattern) return "refused: " + pattern.error();
  std::string out;
  for (const auto& segment : pattern->segments) {
    if (segment.is_literal() || !segment.literals[0].empty())
      out += fmt::format("[{}]", segment.literals[0]);
    for (std::size_t i = 0; i < segment.parameters.size(); ++i) {
      const auto& [name, regex, number] = segment.parameters[i];
      out += regex.empty() ? fmt::format("({})", name) : fmt::format("({} {})", name, regex);
      const auto& literal = segment.literals[i + 1];
      if (!literal.empty()) out += fmt::format("[{}]", literal);
    }
    if (!segment.is_literal()) out += ' ';
  }
  return out + (pattern->below ? "*" : "");
}

TEST(Pattern, IsReadSegmentBySegment) {
  EXPECT_EQ(shape("/"), "[]");
  EXPECT_EQ(shape("/*"), "*");
  EXPECT_EQ(shape("/api/orders/{orderId}"), "[api][orders](orderId) ");
  EXPECT_EQ(shape("/api/users/*"), "[api][users]*");
  EXPECT_EQ(shape("/{a}/{b-2}/x/"), "(a) (b-2) [x][]");
  EXPECT_EQ(shape("/a;v=1/b:c@d,!$&'()+"), "[a;v=1][b:c@d,!$&'()+]");
}

TEST(Pattern, HasParametersAmongLiteralText) {
  EXPECT_EQ(shape("/reports/get(period='{period}')"), "[reports][get(period='](period)[')] ");
  EXPECT_EQ(shape("/{name}.json/x{id}"), "(name)[.json] [x](id) ");
  EXPECT_EQ(shape("/compare/{base}...{head}/*"), "[compare](base)[...](head) *");
  EXPECT_EQ(shape("/f(a={a},b={b})"), "[f(a=](a)[,b=](b)[)] ");
  EXPECT_EQ(shape("/{id}{extension}"), "(id)(extension) ");
  EXPECT_EQ(shape("/%7e{a}%c3"), "[~](a)[%C3] ");
  EXPECT_EQ(shape("/{a}."), "(a)[.] ");
}

TEST(Pattern, HasParametersWithARegex) {
  EXPECT_EQ(shape("/{id:[0-9]+}"), "(id [0-9]+) ");
  EXPECT_EQ(shape("/{id:[0-9]{4}}/x"), "(id [0-9]{4}) [x]");
  EXPECT_EQ(shape("/{id:[^/]+}/x"), "(id [^/]+) [x]");
  EXPECT_EQ(shape(R"(/{id:\}\{}x)"), R"((id \}\{)[x] )");
  EXPECT_EQ(shape("/v{major:[0-9]+}.{minor}"), "[v](major [0-9]+)[.](minor) ");
  EXPECT_EQ(shape("/{t:a:b}"), "(t a:b) ");
  EXPECT_EQ(shape("/{x:a/*}"), "(x a/*) ");
}

TEST(Pattern, IsInTheFormOfARequestsPath) {
  EXPECT_EQ(shape("/%7euser/%c3%a9/a%2fb"), "[~user][%C3%A9][a%2Fb]");
  EXPECT_EQ(shape("/%61pi"), "[api]");
}

TEST(Pattern, EscapesWhatARequestMustAndAPersonNeedNot) {
  EXPECT_EQ(shape("/dossier\""), "[dossier%22]");
  EXPECT_EQ(shape("/caf\u00e9/{a}\u00e9"), "[caf%C3%A9](a)[%C3%A9] ");
}

TEST(Pattern, HasParametersByTheNamesOfDescriptions) {
  EXPECT_EQ(shape("/{id}{.format}"), "(id)(.format) ");
  EXPECT_EQ(shape("/{resource.name}/{_}"), "(resource.name) (_) ");
}

std::vector<std::string> remarks_on(std::string_view text) {
  RegexSet regexes;
  const auto pattern = Pattern::parse(text, regexes);
  return pattern ? pattern->remarks : std::vector<std::string>{"refused: " + pattern.error()};
}

TEST(Pattern, MergesSlashesAsARequestsPathDoes) {
  EXPECT_EQ(shape("//"), "[]");
  EXPECT_EQ(shape("///"), "[]");
  EXPECT_EQ(shape("//*"), "*");
  EXPECT_EQ(shape("/a//b"), "[a][b]");
  EXPECT_EQ(shape("//a///b//"), "[a][b][]");
  EXPECT_EQ(shape("/a//*"), "[a]*");
  EXPECT_EQ(shape("/a//{id}//"), "[a](id) []");
  EXPECT_EQ(shape("/{x:a//b}"), "(x a//b) ");
  for (const auto* text : {"//", "//*", "/a//b", "/a//"})
    EXPECT_THAT(remarks_on(text), ElementsAre(HasSubstr("one slash"))) << text;
  for (const auto* text : {"/", "/*", "/a/", "/{x:a//b}"})
    EXPECT_THAT(remarks_on(text), IsEmpty()) << text;
}

TEST(Pattern, TakesAnEmptyRegexForNone) {
  EXPECT_EQ(shape("/{id:}/x"), "(id) [x]");
  EXPECT_THAT(remarks_on("/{id:}"), ElementsAre(HasSubstr("\"{id}\" or a regex")));
}

TEST(Pattern, MayHaveANameTwice) {
  EXPECT_EQ(shape("/{id}/x/{id}"), "(id) [x](id) ");
  EXPECT_EQ(shape("/{a}{b:(((x)))}{a}"), "(a)(b (((x))))(a) ");
  EXPECT_THAT(remarks_on("/{id}/x/{id}"), ElementsAre(HasSubstr("second \"{id}\"")));
}

TEST(Pattern, SaysWhatToWriteInstead) {
  const auto refused = [](std::string_view text, std::string_view why) {
    const auto got = shape(text);
    EXPECT_TRUE(got.starts_with("refused: ") && got.contains(why)) << text << " -> " << got;
  };
  refused("", "begins with `/`");
  refused("api", "begins with `/`");
  refused("/a/../b", "normalised");
  refused("/%2e%2E/b", "normalised");
  refused("/a*", "only at the end");
  refused("/*/a", "only at the end");
  refused("/a/**", "only at the end");
  refused("/a b", "%20");
  refused("/<a>", "%3C");
  refused("/a?b", "%3F");
  refused("/a#b", "%23");
  refused("/a%00", "none can match");
  refused("/a%5c", "none can match");
  refused("/a%", "two hex digits");
  refused("/a%2", "two hex digits");
  refused("/a%zz", "two hex digits");
  refused("/a/{id/b", "the parameter \"{id\" has no end");
  refused("/{id:{}", "has no end");
  refused("/id}", "without its `{`");
  refused("/a{id}}", "without its `{`");
  refused("/{}", "no name");
  refused("/{1a}", "no name");
  refused("/{.}", "no name");
  refused("/{-1}", "no name");
  refused("/{+path}", "no name");
  refused("/{a/b}", "no name");
  refused("/{id:[}", "cannot be read: missing ]");
  refused("/{id:(?=a)}", "cannot be read");
  refused("/{id:\u00e4}", "ASCII");
  refused("/%{a}41", "two hex digits");
  refused("/{a}*", "only at the end");
  refused("/{a:" + std::string(kMaxRegexSize + 1, 'x') + "}", "at most 1024 bytes");
  refused("/" + std::string(kMaxPatternSize, 'a'), "at most");
  std::string segments;
  std::string parameters;
  for (std::size_t i = 0; i <= kMaxPatternSegments; ++i) segments += "/a";
  for (std::size_t i = 0; i <= kMaxParameters; ++i) parameters += fmt::format("/{{p{}}}", i);
  std::string groups;
  for (int i = 0; i < 64; ++i) groups += "(x)";
  refused("/{a:" + groups + "}-{b}", "at most 64 groups");
  refused(segments, "segments");
  refused(parameters, "parameters");
}

TEST(RouteHost, IsLowerCaseWithoutTrailingDot) {
  EXPECT_EQ(parse_route_host("API.Example.com."), "api.example.com");
  EXPECT_EQ(parse_route_host("localhost"), "localhost");
  EXPECT_EQ(parse_route_host("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(parse_route_host("[2001:DB8:0:0:0:0:0:1]"), "[2001:db8::1]");
  EXPECT_EQ(parse_route_host("*.Example.COM."), "*.example.com");
  EXPECT_EQ(parse_route_host("*.a"), "*.a");
  EXPECT_EQ(parse_route_host("xn--bcher-kva.example"), "xn--bcher-kva.example");
}

TEST(RouteHost, SaysWhatToWriteInstead) {
  const auto refused = [](std::string_view text, std::string_view why) {
    const auto host = parse_route_host(text);
    EXPECT_TRUE(!host && host.error().contains(why)) << text << " -> " << host.value_or("");
  };
  refused("http://a", "a URL");
  refused("a:80", "port");
  refused("[::1]:80", "port");
  refused("*.a:80", "port");
  refused("b\u00fccher.example", "xn--");
  refused("*.b\u00fccher.example", "xn--");
  refused("*", "for any host name none");
  refused("*a.example", "only at the front");
  refused("a.*.example", "only at the front");
  refused("*.*.example", "only at the front");
  refused("*.0.0.1", "an address");
  refused("*.[::1]", "");
  for (auto text : {"", ".", "*.", "*..", "a b", "a..b", ".a", "[", "[]", "http://a", "*.a b"})
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
