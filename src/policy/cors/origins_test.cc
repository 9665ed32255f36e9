#include "policy/cors/origins.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(OriginPattern, IsBroughtIntoTheFormThatBrowsersSend) {
  const auto text = [](std::string_view origin) { return OriginPattern::parse(origin)->text; };
  EXPECT_EQ(text("https://App.Example.com"), "https://app.example.com");
  EXPECT_EQ(text("https://app.example.com:443"), "https://app.example.com");
  EXPECT_EQ(text("http://app.example.com:80"), "http://app.example.com");
  EXPECT_EQ(text("http://app.example.com:443"), "http://app.example.com:443");
  EXPECT_EQ(text("http://localhost:3000"), "http://localhost:3000");
  EXPECT_EQ(text("http://[::1]:3000"), "http://[::1]:3000");
  EXPECT_EQ(text("capacitor://localhost"), "capacitor://localhost");
  EXPECT_EQ(text("*"), "*");
  EXPECT_EQ(text("null"), "null");
  const auto wild = *OriginPattern::parse("https://*.example.com:8443");
  EXPECT_EQ(wild.text, "https://");
  EXPECT_EQ(wild.below, ".example.com:8443");
}

TEST(OriginPattern, SaysWhatToWriteInstead) {
  const auto error = [](std::string_view origin) {
    const auto parsed = OriginPattern::parse(origin);
    return parsed ? "taken: " + parsed->text : parsed.error();
  };
  for (const auto* bad : {"", "app.example.com", "https:/a.b", "://a.b", "1s://a.b", "ht tp://a"})
    EXPECT_TRUE(error(bad).starts_with("expected a scheme and a host")) << bad << error(bad);
  for (const auto* bad : {"https://a.b/", "https://a.b/c", "https://a.b?c", "https://me@a.b"})
    EXPECT_TRUE(error(bad).starts_with("expected scheme, host and port alone")) << bad;
  for (const auto* bad : {"https://a.b:", "https://a.b:0", "https://a.b:65536", "https://a.b:x",
                          "https://a.b:080", "https://[::1]:x"})
    EXPECT_TRUE(error(bad).starts_with("expected a port")) << bad << error(bad);
  for (const auto* bad : {"https://*", "https://a.*.b", "https://*a.b", "https://*.*.b"})
    EXPECT_TRUE(error(bad).starts_with("expected `*` in place of")) << bad << error(bad);
  for (const auto* bad :
       {"https://", "https://a..b", "https://.a", "https://a.", "https://\xc3\xa9.b",
        "https://[::1", "https://[0:0:0:0:0:0:0:1]", "https://*.[::1]", "https://a b"})
    EXPECT_TRUE(error(bad).starts_with("expected a host")) << bad << error(bad);
}

TEST(Origins, AreComparedBySchemeHostAndPort) {
  const Origins origins({"https://app.example.com", "http://localhost:3000"});
  EXPECT_TRUE(origins.allow("https://app.example.com"));
  EXPECT_TRUE(origins.allow("https://app.example.com:443"));
  EXPECT_TRUE(origins.allow("HTTPS://APP.example.com:443"));
  EXPECT_TRUE(origins.allow("http://localhost:3000"));
  for (const auto* other :
       {"", "null", "*", "http://app.example.com", "https://app.example.com:80",
        "https://app.example.com.evil.example", "https://evil-app.example.com",
        "https://app.example.com/", "https://app.example.com, https://app.example.com",
        "https://app.example.com@evil.example", "https://app.example.com.", "app.example.com",
        "http://localhost", "http://localhost:30000"})
    EXPECT_FALSE(origins.allow(other)) << other;
}

TEST(Origins, AWildcardStandsForOneOrMoreLabels) {
  const Origins origins({"https://*.example.com"});
  EXPECT_TRUE(origins.allow("https://a.example.com"));
  EXPECT_TRUE(origins.allow("https://b.a.example.com:443"));
  for (const auto* other :
       {"https://example.com", "https://.example.com", "https://a..example.com",
        "http://a.example.com", "https://a.example.com:8443", "https://evilexample.com",
        "https://evil.example/.example.com", "https://evil.example:1.example.com",
        "https://evil@a.example.com", "https://a.example.com.evil.example", "null",
        "https://evil.example#.example.com", "https://evil example.com"})
    EXPECT_FALSE(origins.allow(other)) << other;
}

TEST(Origins, AWildcardKeepsItsPort) {
  const Origins origins({"http://*.example.com:8080"});
  EXPECT_TRUE(origins.allow("http://a.example.com:8080"));
  EXPECT_FALSE(origins.allow("http://a.example.com"));
}

TEST(Origins, NullIsAllowedOnlyWhereItIsNamed) {
  EXPECT_TRUE(Origins({"null"}).allow("null"));
  EXPECT_FALSE(Origins({"null"}).allow(""));
  EXPECT_FALSE(Origins({"https://a.b"}).allow("null"));
}

TEST(Origins, AStarIsEverybody) {
  const Origins origins({"*"});
  EXPECT_TRUE(origins.any());
  EXPECT_TRUE(origins.allow("https://a.b"));
  EXPECT_TRUE(origins.allow(""));
}

TEST(Origins, AHostileOriginCostsLittle) {
  const Origins origins({"https://*.example.com"});
  EXPECT_FALSE(origins.allow("https://" + std::string(30'000, '.') + ".example.com"));
  EXPECT_FALSE(origins.allow("https://" + std::string(30'000, 'a') + ".example.com"));
  EXPECT_FALSE(OriginPattern::parse("https://" + std::string(30'000, 'a')));
}

}  // namespace
}  // namespace penstock
