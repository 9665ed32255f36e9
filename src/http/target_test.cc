#include "http/target.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock::http {
namespace {

using namespace std::string_view_literals;

// The canonical target, or `!` and what is wrong.
std::string canonical(std::string_view target, Method method = Method::get,
                      TargetRules rules = {}) {
  RequestHead head;
  head.method = method;
  head.target = target;
  const auto authority = target_authority(method, target);
  if (!authority) return "!" + std::string(authority.error().detail);
  head.authority = authority->empty() ? "host"sv : *authority;
  Arena arena;
  const auto result = canonical_target(head, arena, rules);
  if (!result) return "!" + std::string(result.error().detail);
  const auto whole =
      std::string(result->path) + (result->has_query ? "?" : "") + std::string(result->query);
  EXPECT_EQ(result->text, whole) << target;
  return whole;
}

TEST(CanonicalTarget, DoesNotCopyWhatIsCanonical) {
  for (const auto target :
       {"/"sv, "/a"sv, "/a/b/"sv, "/a?b"sv, "/a?"sv, "/.a"sv, "/..a/...?x"sv, "/%20%C3%A9"sv,
        "/a;b=c,d/e:f@g/!$&'()*+=~-._"sv, "/a?b/../c//d?%2f%00"sv}) {
    RequestHead head;
    head.method = Method::get;
    head.target = target;
    head.authority = "host:8080";
    Arena arena;
    const auto result = canonical_target(head, arena);
    ASSERT_TRUE(result) << target << result.error().detail;
    EXPECT_EQ(result->text.data(), target.data()) << target;
    EXPECT_EQ(result->text, target);
    EXPECT_EQ(result->authority.text.data(), head.authority.data());
  }
}

TEST(CanonicalTarget, HasOneFormForOneMeaning) {
  struct Case {
    std::string_view target;
    std::string_view expected;
  };
  for (const auto& [target, expected] : std::initializer_list<Case>{
           {"/%61%2d%5F%7e", "/a-_~"},
           {"/%c3%a9%3a", "/%C3%A9%3A"},
           {"/a%20b", "/a%20b"},
           {"/%2561", "/%2561"},
           {"/%0a%7f", "/%0A%7F"},
           {"/%3f%23", "/%3F%23"},
           {"//", "/"},
           {"//a//b///", "/a/b/"},
           {"/.", "/"},
           {"/./", "/"},
           {"/a/.", "/a/"},
           {"/a/./b", "/a/b"},
           {"/a/..", "/"},
           {"/a/../", "/"},
           {"/a/../b", "/b"},
           {"/a/b/..", "/a/"},
           {"/a/b/../", "/a/"},
           {"/a/b/../c", "/a/c"},
           {"/a/b/../../c", "/c"},
           {"/a/b/c/./../../g", "/a/g"},
           {"/a//../b", "/b"},
           {"/a/.//../b", "/b"},
           {"/a/%2e/b", "/a/b"},
           {"/a/%2E%2e/b", "/b"},
           {"/a/.%2e", "/"},
           {"/a/%2e%2e", "/"},
           {"/a/..%3b/b", "/a/..%3B/b"},
           {"/a/...", "/a/..."},
           {"/a/.b/..c", "/a/.b/..c"},
           {"/a/../?b", "/?b"},
           {"/a/..?b=%2e%2e/%61", "/?b=%2e%2e/%61"},
           {"http://a", "/"},
           {"http://a/", "/"},
           {"http://a/b/../c?d", "/c?d"},
           {"http://a?b", "/?b"},
           {"http://a/b?http://c/", "/b?http://c/"},
           {"HTTPS://A/B", "/B"},
           {"/?a[]=b&c={d|e}\\^`", "/?a[]=b&c={d|e}\\^`"},
           {"/http://a/../b", "/http:/b"},
       }) {
    EXPECT_EQ(canonical(target), expected) << target;
    if (expected.front() == '/') {
      EXPECT_EQ(canonical(expected), expected);
    }
  }
}

TEST(CanonicalTarget, RefusesWhatCouldBeReadInTwoWays) {
  struct Case {
    std::string_view target;
    std::string_view detail;
  };
  for (const auto& [target, detail] : std::initializer_list<Case>{
           {"/..", "!The path climbs above its root."},
           {"/../a", "!The path climbs above its root."},
           {"/a/../../b", "!The path climbs above its root."},
           {"/%2e%2e/a", "!The path climbs above its root."},
           {"//../a", "!The path climbs above its root."},
           {"/a/..//..", "!The path climbs above its root."},
           {"/a%2fb", "!The path has an encoded slash."},
           {"/a%2Fb", "!The path has an encoded slash."},
           {"/a%5cb", "!The path has an encoded backslash."},
           {"/a%5Cb", "!The path has an encoded backslash."},
           {"/a\\b", "!The path has a backslash."},
           {"/a%00", "!The path has an encoded NUL."},
           {"/%", "!The path has a malformed percent-encoding."},
           {"/%4", "!The path has a malformed percent-encoding."},
           {"/%4g", "!The path has a malformed percent-encoding."},
           {"/%zz/", "!The path has a malformed percent-encoding."},
           {"/%%41", "!The path has a malformed percent-encoding."},
           {"/%u0041", "!The path has a malformed percent-encoding."},
           {"/a\"b", "!The path has a character that must be percent-encoded."},
           {"/<a>", "!The path has a character that must be percent-encoded."},
           {"/a|b", "!The path has a character that must be percent-encoded."},
           {"/a^b", "!The path has a character that must be percent-encoded."},
           {"/{a}", "!The path has a character that must be percent-encoded."},
           {"/[a]", "!The path has a character that must be percent-encoded."},
           {"/a`b", "!The path has a character that must be percent-encoded."},
           {"/?%", "!The query has a malformed percent-encoding."},
           {"/?%4", "!The query has a malformed percent-encoding."},
           {"/?a=100%&b", "!The query has a malformed percent-encoding."},
           {"/?a=\"b\"", "!The query has a character that must be percent-encoded."},
           {"/?<a>", "!The query has a character that must be percent-encoded."},
           {"http://a:b/", "!The port is not a number up to 65535."},
       })
    EXPECT_EQ(canonical(target), detail) << target;
}

TEST(CanonicalTarget, KeepsAnEncodedSlashWhereTheRulesSay) {
  const TargetRules rules{.encoded_slash = true};
  EXPECT_EQ(canonical("/a%2fb", Method::get, rules), "/a%2Fb");
  EXPECT_EQ(canonical("/a%252Fb", Method::get, rules), "/a%252Fb");
  EXPECT_EQ(canonical("/a...%2f..b", Method::get, rules), "/a...%2F..b");
  for (const auto* hidden : {"/a/..%2fb", "/a%2f../b", "/a%2F%2e%2Fb", "/a%2f..", "/%2F."})
    EXPECT_EQ(canonical(hidden, Method::get, rules),
              "!The path hides a dot segment in encoded slashes.")
        << hidden;
  EXPECT_EQ(canonical("/a%5cb", Method::get, rules), "!The path has an encoded backslash.");
}

TEST(CanonicalTarget, KnowsTheWholeServer) {
  EXPECT_EQ(canonical("*", Method::options), "*");
  EXPECT_EQ(canonical("http://a", Method::options), "*");
  EXPECT_EQ(canonical("http://a:80", Method::options), "*");
  EXPECT_EQ(canonical("http://a/", Method::options), "/");
  EXPECT_EQ(canonical("http://a?b", Method::options), "/?b");
  EXPECT_EQ(canonical("*", Method::get), "!The target `*` is for OPTIONS only.");
}

TEST(CanonicalTarget, SaysWhetherTheTargetAsksForHttps) {
  for (const auto& [target, https] : std::initializer_list<std::pair<std::string_view, bool>>{
           {"/", false}, {"http://a/", false}, {"https://a/", true}, {"HTTPS://a", true}}) {
    RequestHead head;
    head.method = Method::get;
    head.target = target;
    Arena arena;
    const auto result = canonical_target(head, arena);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->https, https) << target;
  }
}

TEST(CanonicalTarget, HasNoAuthorityWithoutHost) {
  RequestHead head;
  head.method = Method::get;
  head.target = "/";
  Arena arena;
  const auto result = canonical_target(head, arena);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->authority.host, "");
  EXPECT_FALSE(result->authority.port);
}

TEST(ParseAuthority, HasOneFormForOneHost) {
  struct Case {
    std::string_view text;
    std::string_view host;
    int port;
    std::string_view expected;
  };
  for (const auto& test : std::initializer_list<Case>{
           {"example.com", "example.com", -1, "example.com"},
           {"EXAMPLE.Com.", "example.com", -1, "example.com"},
           {"a:80", "a", 80, "a:80"},
           {"a.:0080", "a", 80, "a:80"},
           {"a:", "a", -1, "a"},
           {"a:0", "a", 0, "a:0"},
           {"a:65535", "a", 65535, "a:65535"},
           {"%41%2D%5f", "a-_", -1, "a-_"},
           {"a%c3%a9", "a%C3%A9", -1, "a%C3%A9"},
           {"a%2eb", "a.b", -1, "a.b"},
           {"a%2e", "a", -1, "a"},
           {"127.0.0.1:1", "127.0.0.1", 1, "127.0.0.1:1"},
           {"[::1]", "[::1]", -1, "[::1]"},
           {"[0:0:0:0:0:0:0:1]:8080", "[::1]", 8080, "[::1]:8080"},
           {"[2001:DB8::A]", "[2001:db8::a]", -1, "[2001:db8::a]"},
           {"[::FFFF:1.2.3.4]:", "[::ffff:1.2.3.4]", -1, "[::ffff:1.2.3.4]"},
       }) {
    Arena arena;
    const auto result = parse_authority(test.text, arena);
    ASSERT_TRUE(result) << test.text << result.error().detail;
    EXPECT_EQ(result->host, test.host);
    EXPECT_EQ(result->port ? *result->port : -1, test.port);
    EXPECT_EQ(result->text, test.expected);
    const auto again = parse_authority(result->text, arena);
    ASSERT_TRUE(again) << result->text;
    EXPECT_EQ(again->text.data(), result->text.data());
  }
}

TEST(ParseAuthority, RefusesWhatIsNone) {
  for (const auto text :
       {""sv,          ":"sv,         ":80"sv,           "."sv,         ".."sv,        "a.."sv,
        "a%2e."sv,     "a b"sv,       "a@b"sv,           "a:b@c"sv,     "a/"sv,        "a%"sv,
        "a%1"sv,       "a%00"sv,      "a%7f"sv,          "a:1:2"sv,     "a:65536"sv,   "a: 1"sv,
        "[::1"sv,      "[::1]a"sv,    "[[::1]]"sv,       "[::1\0a]"sv,  "[::1%25a]"sv, "[:::1]"sv,
        "[1::2::3]"sv, "[12345::]"sv, "[::1.2.3.256]"sv, "[1.2.3.4]"sv, "::1"sv,       "a]"sv,
        "\x80"sv}) {
    Arena arena;
    EXPECT_FALSE(parse_authority(text, arena)) << text;
    EXPECT_FALSE(fault_of_authority(text).empty());
  }
  EXPECT_TRUE(fault_of_authority(std::string(255, 'a')).empty());
  EXPECT_FALSE(fault_of_authority(std::string(256, 'a')).empty());
}

}  // namespace
}  // namespace penstock::http
