#include "http/h1/rebase.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "http/h1/parser.h"

namespace penstock::http::h1 {
namespace {

bool within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

TEST(MoveToArena, ARequestNoLongerNeedsTheBytesItCameIn) {
  std::string bytes = "POST /a?b HTTP/1.1\r\nHost: x.test\r\nX-Odd:  v \r\n\r\n";
  RequestHead head;
  const auto size = parse_request(bytes, {}, head);
  ASSERT_TRUE(size && *size == bytes.size());
  Arena arena;
  move_to_arena(head, bytes, arena);
  std::ranges::fill(bytes, '#');
  EXPECT_EQ(head.method_text, "POST");
  EXPECT_EQ(head.target, "/a?b");
  EXPECT_EQ(head.authority, "x.test");
  EXPECT_EQ(head.fields.find(Name::host)->value, "x.test");
  EXPECT_EQ(head.fields.find("x-odd")->name, "X-Odd");
  EXPECT_EQ(head.fields.find("x-odd")->value, "v");
}

TEST(MoveToArena, AResponseNoLongerNeedsTheBytesItCameIn) {
  std::string bytes = "HTTP/1.1 200 Fine\r\nX-Odd: v\r\nX-Empty:\r\n\r\n";
  ResponseHead head;
  const auto size = parse_response(bytes, {}, Method::get, head);
  ASSERT_TRUE(size && *size == bytes.size());
  Arena arena;
  move_to_arena(head, bytes, arena);
  std::ranges::fill(bytes, '#');
  EXPECT_EQ(head.phrase, "Fine");
  EXPECT_EQ(head.fields.find("x-odd")->value, "v");
  EXPECT_EQ(head.fields.find("x-empty")->value, "");
}

TEST(MoveToArena, WhatStandsElsewhereStaysWhereItIs) {
  constexpr std::string_view kStatic = "static";
  const std::string bytes = "bytes";
  RequestHead head;
  head.method_text = kStatic;
  head.target = std::string_view(bytes).substr(1, 2);
  head.fields.add("X", kStatic);
  Arena arena;
  move_to_arena(head, bytes, arena);
  EXPECT_EQ(head.method_text.data(), kStatic.data());
  EXPECT_EQ(head.fields.find("X")->value.data(), kStatic.data());
  EXPECT_EQ(head.target, "yt");
  EXPECT_FALSE(within(head.target, bytes));
}

}  // namespace
}  // namespace penstock::http::h1
