#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/h1/parser.h"

namespace penstock::http::h1 {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using namespace penstock::reasons;

constexpr const Reason* kBad = &kUpstreamMalformed;

struct Case {
  std::string bytes;
  const Reason* reason = nullptr;  // nullptr: accepted.
  std::string_view detail = {};    // Part of it.
};

std::string with(std::string_view lines, std::string_view first = "HTTP/1.1 200 OK") {
  return std::string(first) + "\r\n" + std::string(lines) + "\r\n";
}

void expect_same_byte_by_byte(const std::string& bytes, const Result<std::size_t>& expected) {
  ResponseReader reader({});
  ResponseHead head;
  Result<std::size_t> last = 0;
  for (std::size_t i = 1; i <= bytes.size() && last && *last == 0; ++i) {
    const auto arrived = bytes.substr(0, i);
    last = reader.read(arrived, Method::get, head);
  }
  ASSERT_EQ(last.has_value(), expected.has_value()) << bytes;
  if (last) {
    EXPECT_EQ(*last, *expected) << bytes;
  } else {
    EXPECT_EQ(last.error().reason, expected.error().reason) << bytes;
    EXPECT_EQ(last.error().detail, expected.error().detail) << bytes;
  }
}

void expect_all(const std::vector<Case>& cases) {
  for (const auto& test : cases) {
    ResponseHead head;
    const auto result = parse_response(test.bytes, {}, Method::get, head);
    if (test.reason == nullptr) {
      ASSERT_TRUE(result) << test.bytes << result.error().detail;
      EXPECT_EQ(*result, test.bytes.size()) << test.bytes;
    } else {
      ASSERT_FALSE(result) << test.bytes;
      EXPECT_EQ(result.error().reason, test.reason) << test.bytes << result.error().detail;
      EXPECT_NE(result.error().detail.find(test.detail), std::string_view::npos)
          << test.bytes << result.error().detail;
    }
    expect_same_byte_by_byte(test.bytes, result);
  }
}

TEST(ParseResponse, GivesViewsOfItsBytes) {
  const auto bytes = with("Content-Length: 5\r\nX-A: b\r\n", "HTTP/1.1 404 Not  Here") + "hello";
  ResponseHead head;
  const auto size = parse_response(bytes, {}, Method::get, head);
  ASSERT_TRUE(size);
  EXPECT_EQ(*size, bytes.size() - 5);
  EXPECT_EQ(head.status, 404);
  EXPECT_EQ(head.phrase, "Not  Here");
  EXPECT_EQ(head.framing, Framing::length);
  EXPECT_EQ(head.content_length, 5U);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.fields.size(), 2U);
}

TEST(ParseResponse, JudgesTheStatusLine) {
  const auto line = [](std::string_view text) { return std::string(text) + "\r\n\r\n"; };
  expect_all({
      {line("HTTP/1.1 200 OK")},
      {line("HTTP/1.1 200 ")},
      {line("HTTP/1.1 200")},
      {line("HTTP/1.0 200 OK")},
      {line("HTTP/1.5 200 OK")},
      {line("HTTP/1.1 100 Continue")},
      {line("HTTP/1.1 299 Odd")},
      {line("HTTP/1.1 599 Odd")},
      {line("HTTP/1.1 200 \xc3\xa9t\xc3\xa9\tok")},
      {line("HTTP/1.1 200  OK")},
      {line("HTTP/1.1  200 OK"), kBad, "three digits"},
      {line("HTTP/1.1\t200 OK"), kBad, "malformed"},
      {line("HTTP/1.1 200OK"), kBad, "three digits"},
      {line("HTTP/1.1 200\tOK"), kBad, "three digits"},
      {line("HTTP/1.1 2000 OK"), kBad, "three digits"},
      {line("HTTP/1.1 20 OK"), kBad, "three digits"},
      {line("HTTP/1.1 2x0 OK"), kBad, "three digits"},
      {line("HTTP/1.1 -20 OK"), kBad, "three digits"},
      {line("HTTP/1.1 +20 OK"), kBad, "three digits"},
      {line("HTTP/1.1 000 OK"), kBad, "between 100"},
      {line("HTTP/1.1 099 OK"), kBad, "between 100"},
      {line("HTTP/1.1 600 OK"), kBad, "between 100"},
      {line("HTTP/1.1 999 OK"), kBad, "between 100"},
      {line("HTTP/1.1 OK"), kBad, "malformed"},
      {line("HTTP/1.1 "), kBad, "malformed"},
      {line("HTTP/1.1"), kBad, "malformed"},
      {line("HTTP/1. 200 OK"), kBad, "malformed"},
      {line("HTTP/1.10 200 OK"), kBad, "malformed"},
      {line("HTTP/2.0 200 OK"), kBad, "begin"},
      {line("HTTP/2 200"), kBad, "begin"},
      {line("HTTP/0.9 200 OK"), kBad, "begin"},
      {line("http/1.1 200 OK"), kBad, "begin"},
      {line("HTTPS/1.1 200 OK"), kBad, "begin"},
      {line("ICY 200 OK"), kBad, "begin"},
      {line(" HTTP/1.1 200 OK"), kBad, "begin"},
      {line("200 OK"), kBad, "begin"},
      {line("<html>"), kBad, "begin"},
      {"\r\n" + line("HTTP/1.1 200 OK"), kBad, "malformed"},
      {line("HTTP/1.1 200 O\0K"s), kBad, "control"},
      {line("HTTP/1.1 200 O\x01K"), kBad, "control"},
      {line("HTTP/1.1 200 OK\x7f"), kBad, "control"},
      {line("HTTP/1.1 200 O\rK"), kBad, "CR without LF"},
      {"HTTP/1.1 200 OK\n\r\n", kBad, "LF without CR"},
      {"HTTP/1.1 200 OK\n\n", kBad, "LF without CR"},
      {"HTTP/1.1 200 OK\r\n\n", kBad, "LF without CR"},
      {line("HTTP/1.1 200 " + std::string(9000, 'a')), &kUpstreamHeaderTooLarge},
  });
}

TEST(ParseResponse, JudgesFieldLines) {
  expect_all({
      {with("A: b\r\nA: c\r\nB:\r\n")},
      {with("A: \xff\t\"\r\n")},
      {with("A : b\r\n"), kBad, "colon"},
      {with("A: b\r\n c\r\n"), kBad, "white space"},
      {with(" A: b\r\n"), kBad, "white space"},
      {with(": b\r\n"), kBad, "no name"},
      {with("A\r\n"), kBad, "no colon"},
      {with("A b\r\n"), kBad, "colon"},
      {with("A[: b\r\n"), kBad, "token"},
      {with("A: b\0\r\n"s), kBad, "control"},
      {with("A: b\x1b\r\n"), kBad, "control"},
      {with("A: b\x7f\r\n"), kBad, "control"},
      {with("A: b\rc\r\n"), kBad, "CR without LF"},
      {with("A: b\nC: d\r\n"), kBad, "LF without CR"},
      {with("Connection: a b\r\n"), kBad, "list of tokens"},
      {with("A: " + std::string(33000, 'b') + "\r\n"), &kUpstreamHeaderTooLarge},
  });
  std::string many;
  for (int i = 0; i < 101; ++i) many += "A: b\r\n";
  expect_all({{with(many), &kUpstreamHeaderTooLarge}, {with(many.substr(6))}});
}

TEST(ParseResponse, JudgesFraming) {
  const auto framed = [](std::string_view lines, std::string_view first = "HTTP/1.1 200 OK") {
    return with(std::string(lines) + "\r\n", first);
  };
  constexpr auto v1_0 = "HTTP/1.0 200 OK"sv;
  expect_all({
      {framed("Content-Length: 9223372036854775807")},
      {framed("Transfer-Encoding: chunked")},
      {framed("Content-Length: 5", v1_0)},
      {framed("Content-Length: 5, 5"), kBad, "number"},
      {framed("Content-Length: 5\r\nContent-Length: 5"), kBad, "repeated"},
      {framed("Content-Length: 5\r\nContent-Length: 6"), kBad, "repeated"},
      {framed("Content-Length:"), kBad, "number"},
      {framed("Content-Length: -1"), kBad, "number"},
      {framed("Content-Length: +1"), kBad, "number"},
      {framed("Content-Length: abc"), kBad, "number"},
      {framed("Content-Length: 9223372036854775808"), kBad, "number"},
      {framed("Content-Length: 99999999999999999999"), kBad, "number"},
      {framed("Content-Length: x", "HTTP/1.1 304 Not Modified"), kBad, "number"},
      {framed("Content-Length: x", "HTTP/1.1 204 No Content"), kBad, "number"},
      {framed("Content-Length: 5\r\nTransfer-Encoding: chunked"), kBad, "both"},
      {framed("Transfer-Encoding: chunked\r\nContent-Length: 5"), kBad, "both"},
      {framed("Transfer-Encoding: chunked, chunked"), kBad, "repeated"},
      {framed("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), kBad, "repeated"},
      {framed("Transfer-Encoding: chunked;a=b"), kBad, "malformed"},
      {framed("Transfer-Encoding:"), kBad, "malformed"},
      {framed("Transfer-Encoding: chunked", v1_0), kBad, "HTTP/1.1"},
      {framed("Transfer-Encoding: gzip"), &kUpstreamTransferCoding},
      {framed("Transfer-Encoding: identity"), &kUpstreamTransferCoding},
      {framed("Transfer-Encoding: gzip, chunked"), &kUpstreamTransferCoding},
      {framed("Transfer-Encoding: chunked, gzip"), &kUpstreamTransferCoding},
      {framed("Transfer-Encoding: xchunked"), &kUpstreamTransferCoding},
      {framed("Transfer-Encoding: chunked", "HTTP/1.1 101 Switching Protocols"), kBad, "101"},
      {framed("Transfer-Encoding: chunked", "HTTP/1.1 204 No Content")},
      {framed("Transfer-Encoding: chunked", "HTTP/1.1 103 Early Hints")},
      {framed("Transfer-Encoding: chunked", "HTTP/1.1 304 Not Modified")},
  });
}

struct Body {
  std::string_view first;
  std::string_view lines;
  Method request;
  Framing framing;
  bool stays;
};

TEST(ParseResponse, FindsTheBodyAndWhetherTheConnectionStays) {
  constexpr auto length = "Content-Length: 5\r\n"sv;
  constexpr auto chunked = "Transfer-Encoding: chunked\r\n"sv;
  const std::vector<Body> cases{
      {"HTTP/1.1 200 OK", "", Method::get, Framing::until_close, false},
      {"HTTP/1.1 200 OK", "Connection: keep-alive\r\n", Method::get, Framing::until_close, false},
      {"HTTP/1.1 200 OK", length, Method::get, Framing::length, true},
      {"HTTP/1.1 200 OK", "Content-Length: 0\r\n", Method::get, Framing::length, true},
      {"HTTP/1.1 200 OK", chunked, Method::get, Framing::chunked, true},
      {"HTTP/1.1 205 Reset Content", chunked, Method::get, Framing::chunked, true},
      {"HTTP/1.1 200 OK", "", Method::head, Framing::none, true},
      {"HTTP/1.1 200 OK", length, Method::head, Framing::none, true},
      {"HTTP/1.1 200 OK", chunked, Method::head, Framing::none, true},
      {"HTTP/1.1 304 Not Modified", length, Method::get, Framing::none, true},
      {"HTTP/1.1 204 No Content", length, Method::get, Framing::none, true},
      {"HTTP/1.1 204 No Content", chunked, Method::get, Framing::none, false},
      {"HTTP/1.1 100 Continue", "", Method::post, Framing::none, true},
      {"HTTP/1.1 103 Early Hints", length, Method::get, Framing::none, true},
      {"HTTP/1.1 204 No Content", "Connection: close\r\n", Method::get, Framing::none, false},
      {"HTTP/1.0 200 OK", length, Method::get, Framing::length, false},
      {"HTTP/1.0 200 OK", "Content-Length: 5\r\nConnection: keep-alive\r\n", Method::get,
       Framing::length, true},
      {"HTTP/1.1 200 OK", "Content-Length: 5\r\nConnection: close\r\n", Method::get,
       Framing::length, false},
  };
  for (const auto& test : cases) {
    const auto bytes = with(test.lines, test.first);
    ResponseHead head;
    ASSERT_TRUE(parse_response(bytes, {}, test.request, head)) << bytes;
    EXPECT_EQ(head.framing, test.framing) << bytes;
    EXPECT_EQ(head.keep_alive, test.stays) << bytes;
  }
}

TEST(ParseResponse, KnowsASwitchToWebSocket) {
  const auto switches = [](std::string_view lines, std::string_view first) {
    const auto bytes = with(lines, first);
    ResponseHead head;
    EXPECT_TRUE(parse_response(bytes, {}, Method::get, head)) << bytes;
    return head.upgrade_websocket;
  };
  constexpr auto first = "HTTP/1.1 101 Switching Protocols"sv;
  constexpr auto both = "Connection: Upgrade\r\nUpgrade: websocket\r\n"sv;
  EXPECT_TRUE(switches(both, first));
  EXPECT_FALSE(switches(both, "HTTP/1.0 101 Switching Protocols"));
  EXPECT_FALSE(switches(both, "HTTP/1.1 200 OK"));
  EXPECT_FALSE(switches("", first));
  EXPECT_FALSE(switches("Upgrade: websocket\r\n", first));
  EXPECT_FALSE(switches("Connection: upgrade\r\nUpgrade: h2c\r\n", first));
}

}  // namespace
}  // namespace penstock::http::h1
