#include "http/cookie.h"

#include <gtest/gtest.h>

namespace penstock::http {
namespace {

std::string_view cookie(std::string_view line, std::string_view name) {
  Fields fields;
  fields.add(Name::cookie, line);
  return cookie_of(fields, name);
}

TEST(Cookie, IsFoundByItsName) {
  EXPECT_EQ(cookie("a=1; bucket=x; c=3", "bucket"), "x");
  EXPECT_EQ(cookie("bucket=x", "bucket"), "x");
  EXPECT_EQ(cookie("a=1;bucket=x;c=3", "bucket"), "x");
  EXPECT_EQ(cookie("bucket=a=b==", "bucket"), "a=b==");
  EXPECT_EQ(cookie("bucket=\"x\"", "bucket"), "\"x\"");
  EXPECT_EQ(cookie("bucket=first; bucket=second", "bucket"), "first");
}

TEST(Cookie, IsNotFoundUnderAnotherName) {
  EXPECT_EQ(cookie("Bucket=x; mybucket=y; bucket2=z; a=bucket=1; bucket", "bucket"), "");
  EXPECT_EQ(cookie("", "bucket"), "");
  EXPECT_EQ(cookie(";;; ;=;", "bucket"), "");
  EXPECT_EQ(cookie_of(Fields{}, "bucket"), "");
}

TEST(Cookie, ThatIsEmptyIsNone) {
  EXPECT_EQ(cookie("bucket=; a=1", "bucket"), "");
}

TEST(Cookie, MayStandInAnyOfSeveralLines) {
  Fields fields;
  fields.add(Name::cookie, "a=1");
  fields.add("Other", "bucket=no");
  fields.add(Name::cookie, "bucket=yes");
  EXPECT_EQ(cookie_of(fields, "bucket"), "yes");
}

TEST(Cookie, IsSeenWhereAnAnswerSetsIt) {
  Fields fields;
  fields.add(Name::set_cookie, "a=1; Path=/; bucket=2");
  EXPECT_TRUE(sets_cookie(fields, "a"));
  EXPECT_FALSE(sets_cookie(fields, "bucket"));
}

}  // namespace
}  // namespace penstock::http
