#include "http/message.h"

#include <gtest/gtest.h>

#include <string>

#include "base/ascii.h"

namespace penstock::http {
namespace {

TEST(Name, IsFoundWhateverItsCase) {
  for (int i = 1; i <= static_cast<int>(Name::http2_settings); ++i) {
    const auto name = static_cast<Name>(i);
    EXPECT_EQ(name_of(text_of(name)), name) << text_of(name);
    EXPECT_EQ(name_of(lowered(text_of(name))), name);
  }
  EXPECT_EQ(name_of("Content-Lengthy"), Name::other);
  EXPECT_EQ(name_of(""), Name::other);
}

TEST(Name, IsNotFoundByWhatOnlyResemblesIt) {
  for (int i = 1; i <= static_cast<int>(Name::http2_settings); ++i) {
    const std::string text(text_of(static_cast<Name>(i)));
    for (std::size_t at = 0; at < text.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        auto changed = text;
        changed[at] = static_cast<char>(byte);
        if (equals_ignoring_case(changed, text)) continue;
        EXPECT_NE(name_of(changed), static_cast<Name>(i)) << changed;
      }
    }
    EXPECT_NE(name_of(text + "x"), static_cast<Name>(i));
  }
}

TEST(Method, IsCaseSensitive) {
  EXPECT_EQ(method_of("GET"), Method::get);
  EXPECT_EQ(method_of("get"), Method::other);
  EXPECT_EQ(method_of(""), Method::other);
}

TEST(Fields, SayWhetherALineIsTheOnlyOne) {
  Fields fields;
  fields.add("X-One", "1");
  fields.add("X-Two", "1");
  fields.add("x-two", "2");
  ASSERT_NE(fields.only("x-one"), nullptr);
  EXPECT_EQ(fields.only("x-one")->value, "1");
  EXPECT_EQ(fields.only("X-Two"), nullptr);
  EXPECT_EQ(fields.only("X-Three"), nullptr);
}

TEST(Preflight, IsAnOptionsThatNamesOriginAndMethod) {
  RequestHead head;
  head.method = Method::options;
  head.fields.add("Origin", "https://a.example");
  EXPECT_EQ(preflight_method(head), "");
  head.fields.add("Access-Control-Request-Method", "PUT");
  EXPECT_EQ(preflight_method(head), "PUT");
  head.method = Method::get;
  EXPECT_EQ(preflight_method(head), "");
}

TEST(Preflight, HasOneLineOfEach) {
  for (const auto* twice : {"Origin", "Access-Control-Request-Method"}) {
    RequestHead head;
    head.method = Method::options;
    head.fields.add("Origin", "https://a.example");
    head.fields.add("Access-Control-Request-Method", "PUT");
    head.fields.add(twice, "GET");
    EXPECT_EQ(preflight_method(head), "") << twice;
  }
}

TEST(Fields, KeepTheirOrderAndRepeats) {
  Fields fields;
  fields.add("X-A", "1");
  fields.add("via", "1.1 a");
  fields.add("x-a", "2");
  EXPECT_EQ(fields.find("X-a")->value, "1");
  EXPECT_EQ(fields.count(Name::via), 1U);
  EXPECT_EQ(fields.remove("x-A"), 2U);
  EXPECT_EQ(fields.size(), 1U);
}

}  // namespace
}  // namespace penstock::http
