#include "http/h1/parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace penstock::http::h1 {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using namespace penstock::reasons;

struct Verdict {
  const Reason* reason = nullptr;  // nullptr: accepted, or still incomplete.
  std::string_view detail;
  std::size_t size = 0;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

std::ostream& operator<<(std::ostream& out, const Verdict& verdict) {
  if (verdict.reason == nullptr) return out << verdict.size << " bytes";
  return out << verdict.reason->code << ": " << verdict.detail;
}

Verdict verdict_of(const Result<std::size_t>& result) {
  if (result) return {nullptr, {}, *result};
  return {result.error().reason, result.error().detail, 0};
}

Verdict whole(std::string_view bytes, const Limits& limits = {}) {
  RequestHead head;
  return verdict_of(parse_request(bytes, limits, head));
}

// As if a new piece arrived at each of the places, each time in another buffer.
Verdict in_pieces(std::string_view bytes, const std::vector<std::size_t>& places,
                  const Limits& limits = {}) {
  RequestReader reader(limits);
  RequestHead head;
  for (const auto place : places) {
    const std::string arrived(bytes.substr(0, place));
    const auto result = reader.read(arrived, head);
    if (!result || *result > 0) return verdict_of(result);
  }
  return {};
}

void expect_same_in_pieces(std::string_view bytes, const Limits& limits = {}) {
  const auto expected = whole(bytes, limits);
  std::vector<std::size_t> every;
  for (std::size_t i = 1; i <= bytes.size(); ++i) every.push_back(i);
  EXPECT_EQ(in_pieces(bytes, every, limits), expected) << bytes;
  for (const auto place : every)
    EXPECT_EQ(in_pieces(bytes, {place, bytes.size()}, limits), expected) << place << ' ' << bytes;
}

struct Case {
  std::string bytes;
  const Reason* reason = nullptr;  // nullptr: accepted.
  std::string_view detail = {};    // Part of it.
};

// A request with good lines around the ones in question.
std::string with(std::string_view lines, std::string_view first = "GET /a HTTP/1.1") {
  return std::string(first) + "\r\nHost: example.com\r\n" + std::string(lines) + "\r\n";
}
std::string with_host(std::string_view host) {
  return "GET /a HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
}

void expect_all(const std::vector<Case>& cases) {
  for (const auto& test : cases) {
    const auto verdict = whole(test.bytes);
    EXPECT_EQ(verdict.reason, test.reason) << test.bytes << '\n' << verdict;
    EXPECT_NE(verdict.detail.find(test.detail), std::string_view::npos) << test.bytes << '\n'
                                                                        << verdict;
    if (test.reason == nullptr) {
      EXPECT_EQ(verdict.size, test.bytes.size()) << test.bytes;
    }
    expect_same_in_pieces(test.bytes);
  }
}

const Reason* const kBad = &kMalformedRequest;

TEST(ParseRequest, GivesViewsOfItsBytes) {
  const auto bytes =
      "POST /a?b=c HTTP/1.1\r\nHost: x.example:81\r\ncontent-length: 12\r\nX-A:\r\n\r\nrest"s;
  RequestHead head;
  const auto size = parse_request(bytes, {}, head);
  ASSERT_TRUE(size);
  EXPECT_EQ(*size, bytes.size() - 4);
  EXPECT_EQ(head.method, Method::post);
  EXPECT_EQ(head.method_text, "POST");
  EXPECT_EQ(head.target, "/a?b=c");
  EXPECT_EQ(head.authority, "x.example:81");
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_EQ(head.framing, Framing::length);
  EXPECT_EQ(head.content_length, 12U);
  EXPECT_TRUE(head.keep_alive);
  ASSERT_EQ(head.fields.size(), 3U);
  EXPECT_EQ(head.fields.all()[1].name, "content-length");
  EXPECT_EQ(head.fields.all()[2].value, "");
  EXPECT_GE(head.target.data(), bytes.data());
}

TEST(ParseRequest, JudgesTheRequestLine) {
  const auto line = [](std::string_view text) {
    return std::string(text) + "\r\nHost: example.com\r\n\r\n";
  };
  expect_all({
      {line("GET / HTTP/1.1")},
      {line("GET /?a=b&c HTTP/1.1")},
      {line("GET / HTTP/1.0")},
      {line("GET / HTTP/1.2")},
      {line("GET / HTTP/1.9")},
      {line("get / HTTP/1.1")},
      {line("M!#$%&'*+-.^_`|~0 / HTTP/1.1")},
      {"\r\n" + line("GET / HTTP/1.1")},
      {"\r\n\r\n" + line("GET / HTTP/1.1"), kBad, "method"},
      {"\n" + line("GET / HTTP/1.1"), kBad, "LF without CR"},
      {"\r" + line("GET / HTTP/1.1"), kBad, "CR without LF"},
      {" " + line("GET / HTTP/1.1"), kBad, "method"},
      {"\0"s + line("GET / HTTP/1.1"), kBad, "method"},
      {line("GET  / HTTP/1.1"), kBad, "target is empty"},
      {line("GET /  HTTP/1.1"), kBad, "version"},
      {line("GET / HTTP/1.1 "), kBad, "follows"},
      {line("GET /a b HTTP/1.1"), kBad, "version"},
      {line("GET\t/ HTTP/1.1"), kBad, "method"},
      {line("GET /\tHTTP/1.1"), kBad, "control"},
      {line("GET /\x0bHTTP/1.1"), kBad, "control"},
      {line("GET /\x7f HTTP/1.1"), kBad, "control"},
      {line("GET /\0 HTTP/1.1"s), kBad, "control"},
      {line("GET /\xc3\xa9 HTTP/1.1"), kBad, "ASCII"},
      {line("GET /a#b HTTP/1.1"), kBad, "fragment"},
      {line("G@T / HTTP/1.1"), kBad, "method"},
      {line("GET: / HTTP/1.1"), kBad, "method"},
      {line("{\"a\": 1}"), kBad, "method"},
      {line("/ HTTP/1.1"), kBad, "method"},
      {line("GET /"), kBad, "no HTTP version"},
      {line("GET"), kBad, "method"},
      {line("GET / "), kBad, "version"},
      {line("GET / HTTP/2.0"), &kVersionUnsupported},
      {line("GET / HTTP/3.0"), &kVersionUnsupported},
      {line("GET / HTTP/0.9"), &kVersionUnsupported},
      {line("GET / http/1.1"), kBad, "version"},
      {line("GET / HTTP/1"), kBad, "version"},
      {line("GET / HTTP/2"), kBad, "version"},
      {line("GET / HTTP/1."), kBad, "version"},
      {line("GET / HTTP/1.10"), kBad, "version"},
      {line("GET / HTTP/01.1"), kBad, "version"},
      {line("GET / HTTP/1,1"), kBad, "version"},
      {line("GET / HTTP /1.1"), kBad, "version"},
      {line("GET / HTTPS/1.1"), kBad, "version"},
      {line("GET / ICY/1.1"), kBad, "version"},
      {line("GET / HTTP/a.1"), kBad, "version"},
      {"GET / HTTP/1.1\nHost: example.com\r\n\r\n", kBad, "LF without CR"},
      {"GET / HTTP/1.1\rHost: example.com\r\n\r\n", kBad, "CR without LF"},
      {"GET / HTTP/1.1\r\r\nHost: example.com\r\n\r\n", kBad, "CR without LF"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &kVersionUnsupported},
      {"\x16\x03\x01\x02", kBad, "method"},
      {"SSH-2.0-OpenSSH_9\r\n", kBad, "method"},
  });
}

TEST(ParseRequest, JudgesTheFormOfTheTarget) {
  const auto line = [](std::string_view text) {
    return std::string(text) + " HTTP/1.1\r\nHost: example.com\r\n\r\n";
  };
  expect_all({
      {line("GET http://example.com/a")},
      {line("GET HTTP://example.com")},
      {line("GET https://example.com:8443?a")},
      {line("OPTIONS *")},
      {line("OPTIONS http://example.com")},
      {line("GET //a/b")},
      {line("GET http://[::1]:80/")},
      {line("GET *"), kBad, "OPTIONS only"},
      {line("OPTIONS **"), kBad, "known form"},
      {line("GET example.com"), kBad, "known form"},
      {line("GET example.com:80"), kBad, "known form"},
      {line("GET a/b"), kBad, "known form"},
      {line("GET ?a"), kBad, "known form"},
      {line("GET http:/a"), kBad, "known form"},
      {line("GET ftp://example.com/"), kBad, "known form"},
      {line("GET ws://example.com/"), kBad, "known form"},
      {line("GET file:///a"), kBad, "known form"},
      {line("GET http:///a"), kBad, "host is empty"},
      {line("GET http://:80/a"), kBad, "host is empty"},
      {line("GET http://user@example.com/"), kBad, "user information"},
      {line("GET http://user:secret@example.com/"), kBad, "user information"},
      {line("GET http://example.com:port/"), kBad, "port"},
      {line("GET http://a,b/"), kBad, "more than one host"},
      {line("CONNECT example.com:443"), &kMethodRefused, "CONNECT"},
      {line("CONNECT example.com"), kBad, "port"},
      {line("CONNECT /a"), kBad, "host"},
      {line("CONNECT http://example.com:80/"), kBad},
      {line("TRACE /"), &kMethodRefused, "TRACE"},
      {line("TRACE *"), kBad},
      {"TRACE / HTTP/1.1\r\n\r\n", kBad, "no Host"},
  });
}

TEST(ParseRequest, JudgesHost) {
  expect_all({
      {with_host("example.com")},
      {with_host("EXAMPLE.com.")},
      {with_host("example.com:")},
      {with_host("example.com:65535")},
      {with_host("under_score")},
      {with_host("a%41b")},
      {with_host("a;b")},
      {with_host("127.0.0.1:80")},
      {with_host("[::1]")},
      {with_host("[2001:DB8::1]:8080")},
      {with_host("[::ffff:1.2.3.4]")},
      {with_host(""), kBad, "host is empty"},
      {with_host(":80"), kBad, "host is empty"},
      {with_host("."), kBad, "label"},
      {with_host("a..b"), kBad, "label"},
      {with_host(".a"), kBad, "label"},
      {with_host("a b"), kBad, "character"},
      {with_host("a\tb"), kBad, "character"},
      {with_host("a,b"), kBad, "more than one"},
      {with_host("a, b"), kBad, "more than one"},
      {with_host("u@a"), kBad, "user information"},
      {with_host("u:p@a"), kBad, "user information"},
      {with_host("a/b"), kBad, "character"},
      {with_host("a\\b"), kBad, "character"},
      {with_host("a?b"), kBad, "character"},
      {with_host("a#b"), kBad, "character"},
      {with_host("http://a"), kBad, "port"},
      {with_host("\"a\""), kBad, "character"},
      {with_host("<a>"), kBad, "character"},
      {with_host("a^b"), kBad, "character"},
      {with_host("a%zz"), kBad, "percent"},
      {with_host("a%4"), kBad, "percent"},
      {with_host("a%00"), kBad, "control"},
      {with_host("a%0a"), kBad, "control"},
      {with_host("\xc3\xa9"), kBad, "character"},
      {with_host("a:b"), kBad, "port"},
      {with_host("a:80:80"), kBad, "port"},
      {with_host("a:-1"), kBad, "port"},
      {with_host("a:+80"), kBad, "port"},
      {with_host("a:8 0"), kBad, "port"},
      {with_host("a:65536"), kBad, "port"},
      {with_host("a:99999999999999999999"), kBad, "port"},
      {with_host("::1"), kBad, "empty"},
      {with_host("2001:db8::1"), kBad, "port"},
      {with_host("[::1"), kBad, "bracket"},
      {with_host("[::1]x"), kBad, "bracket"},
      {with_host("[]"), kBad, "bracket"},
      {with_host("[::g]"), kBad, "IPv6"},
      {with_host("[1.2.3.4]"), kBad, "IPv6"},
      {with_host("[fe80::1%25eth0]"), kBad, "IPv6"},
      {with_host("[v1.a]"), kBad, "IPv6"},
      {with_host("[1:2:3:4:5:6:7:8:9]"), kBad, "IPv6"},
      {with_host(std::string(256, 'a')), kBad, "too long"},
      {"GET / HTTP/1.1\r\n\r\n", kBad, "no Host"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", kBad, "repeated"},
      {"GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n", kBad, "repeated"},
      {"GET / HTTP/1.0\r\n\r\n"},
      {"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", kBad, "repeated"},
      {"GET / HTTP/1.0\r\nHost: a b\r\n\r\n", kBad, "character"},
      {"OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", kBad, "host is empty"},
      {"GET http://a/ HTTP/1.1\r\n\r\n", kBad, "no Host"},
      {"GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n"},
      {"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"},
      {"GET http://a/ HTTP/1.1\r\nHost: b c\r\n\r\n", kBad, "character"},
      {"GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", kBad, "repeated"},
  });
}

TEST(ParseRequest, LetsTheAuthorityOfTheTargetReplaceHost) {
  RequestHead head;
  ASSERT_TRUE(parse_request("GET http://a:1/ HTTP/1.1\r\nHost: b\r\n\r\n", {}, head));
  EXPECT_EQ(head.authority, "a:1");
  EXPECT_EQ(head.fields.find(Name::host)->value, "a:1");
  ASSERT_TRUE(parse_request("GET / HTTP/1.0\r\n\r\n", {}, head));
  EXPECT_EQ(head.authority, "");
}

TEST(ParseRequest, JudgesFieldLines) {
  expect_all({
      {with("A: b\r\n")},
      {with("A:b\r\n")},
      {with("A:\r\n")},
      {with("A: \t b c \t\r\n")},
      {with("A: \xe9\x80\xff\r\n")},
      {with("A: b\tc\r\n")},
      {with("A: \"'(),/:;<=>?@[\\]{}\r\n")},
      {with("!#$%&'*+-.^_`|~09Az: b\r\n")},
      {with("Content_Length: b\r\n")},
      {with("A : b\r\n"), kBad, "before a field's colon"},
      {with("A\t: b\r\n"), kBad, "before a field's colon"},
      {with(" A: b\r\n"), kBad, "begins with white space"},
      {with("\tA: b\r\n"), kBad, "begins with white space"},
      {with("A: b\r\n c\r\n"), kBad, "begins with white space"},
      {with("A: b\r\n\tc\r\n"), kBad, "begins with white space"},
      {with("A: b\r\n \r\n"), kBad, "begins with white space"},
      {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", kBad, "begins with white space"},
      {with(": b\r\n"), kBad, "no name"},
      {with("A\r\n"), kBad, "no colon"},
      {with("A b: c\r\n"), kBad, "before a field's colon"},
      {with("A(b): c\r\n"), kBad, "not a token"},
      {with("A\0: b\r\n"s), kBad, "not a token"},
      {with("\xc3\xa9: b\r\n"), kBad, "not a token"},
      {with("A@: b\r\n"), kBad, "not a token"},
      {with("A;b: c\r\n"), kBad, "not a token"},
      {with("\"A\": c\r\n"), kBad, "not a token"},
      {with("A: b\0c\r\n"s), kBad, "control"},
      {with("A: b\x01"s
            "c\r\n"),
       kBad, "control"},
      {with("A: b\x08\r\n"), kBad, "control"},
      {with("A: b\x0b\r\n"), kBad, "control"},
      {with("A: \x0c"s
            "b\r\n"),
       kBad, "control"},
      {with("A: b\x1f\r\n"), kBad, "control"},
      {with("A: b\x7f\r\n"), kBad, "control"},
      {with("A: b\rc\r\n"), kBad, "CR without LF"},
      {with("A: b\r\r\n"), kBad, "CR without LF"},
      {with("A: b\nB: c\r\n"), kBad, "LF without CR"},
      {with("A: b\n"), kBad, "LF without CR"},
      {with("\nA: b\r\n"), kBad, "LF without CR"},
      {"GET / HTTP/1.1\r\nHost: a\r\n\n", kBad, "LF without CR"},
      {"GET / HTTP/1.1\r\nHost: a\r\n\rX", kBad, "CR without LF"},
      {with("A: a long value, longer than two vectors of bytes\x7f and on\r\n"), kBad, "control"},
      {with("A: a long value, longer than two vectors of bytes\n and on\r\n"), kBad, "LF"},
      {with("A: a long value, longer than two vectors of bytes\t and on\r\n")},
  });
}

TEST(ParseRequest, JudgesContentLength) {
  const auto length = [](std::string_view value) {
    return with("Content-Length: " + std::string(value) + "\r\n", "POST /a HTTP/1.1");
  };
  expect_all({
      {length("0")},
      {length("5")},
      {length("005")},
      {length("00000000000000000000000000000005")},
      {length("9223372036854775807")},
      {length(" 5 ")},
      {with("Content-Length: 5\r\n")},
      {length("9223372036854775808"), kBad, "Content-Length"},
      {length("18446744073709551616"), kBad, "Content-Length"},
      {length("18446744073709551621"), kBad, "Content-Length"},
      {length("99999999999999999999999999"), kBad, "Content-Length"},
      {length(""), kBad, "Content-Length"},
      {length("+5"), kBad, "Content-Length"},
      {length("-5"), kBad, "Content-Length"},
      {length("-0"), kBad, "Content-Length"},
      {length("5 5"), kBad, "Content-Length"},
      {length("5, 5"), kBad, "Content-Length"},
      {length("5,5"), kBad, "Content-Length"},
      {length("5,"), kBad, "Content-Length"},
      {length(",5"), kBad, "Content-Length"},
      {length("5, 6"), kBad, "Content-Length"},
      {length("0x5"), kBad, "Content-Length"},
      {length("5a"), kBad, "Content-Length"},
      {length("a"), kBad, "Content-Length"},
      {length("5.0"), kBad, "Content-Length"},
      {length("5e1"), kBad, "Content-Length"},
      {length("\"5\""), kBad, "Content-Length"},
      {length("5;"), kBad, "Content-Length"},
      {length("\xb2"), kBad, "Content-Length"},
      {length("5\r\nContent-Length: 5"), kBad, "repeated"},
      {length("5\r\ncontent-length: 6"), kBad, "repeated"},
      {length("\r\nContent-Length: 5"), kBad, "repeated"},
      {length("5\r\nA: b\r\nCONTENT-LENGTH:5"), kBad, "repeated"},
  });
}

TEST(ParseRequest, JudgesTransferEncoding) {
  const auto coding = [](std::string_view value) {
    return with("Transfer-Encoding: " + std::string(value) + "\r\n", "POST /a HTTP/1.1");
  };
  expect_all({
      {coding("chunked")},
      {coding("CHUNKED")},
      {coding("\t chunked \t")},
      {with("Transfer-Encoding:chunked\r\n")},
      {with("tRANSFER-eNCODING: Chunked\r\n")},
      {coding("gzip, chunked"), &kTransferCodingUnsupported},
      {coding("gzip;level=9, chunked"), &kTransferCodingUnsupported},
      {coding("deflate, gzip, chunked"), &kTransferCodingUnsupported},
      {coding("identity, chunked"), &kTransferCodingUnsupported},
      {coding("gzip\r\nTransfer-Encoding: chunked"), &kTransferCodingUnsupported},
      {coding("gzip"), kBad, "last"},
      {coding("identity"), kBad, "last"},
      {coding("xchunked"), kBad, "last"},
      {coding("chunked, gzip"), kBad, "last"},
      {coding("chunked, identity"), kBad, "last"},
      {coding("chunked\r\nTransfer-Encoding: gzip"), kBad, "last"},
      {coding("chunked\r\nTransfer-Encoding: identity"), kBad, "last"},
      {coding("chunked, chunked"), kBad, "repeated"},
      {coding("chunked\r\nTransfer-Encoding: chunked"), kBad, "repeated"},
      {coding("chunked, gzip, chunked"), kBad, "repeated"},
      {coding("chunked;a=b"), kBad, "malformed"},
      {coding("chunked;"), kBad, "malformed"},
      {coding("chunked ;"), kBad, "malformed"},
      {coding(""), kBad, "malformed"},
      {coding(","), kBad, "malformed"},
      {coding("chunked,"), kBad, "malformed"},
      {coding(",chunked"), kBad, "malformed"},
      {coding("chunked\r\nTransfer-Encoding:"), kBad, "malformed"},
      {coding("chunked chunked"), kBad, "malformed"},
      {coding("chunked gzip"), kBad, "malformed"},
      {coding("\"chunked\""), kBad, "malformed"},
      {coding("chunk\xe9"), kBad, "malformed"},
      {coding("chunked\x0b"), kBad, "control"},
      {coding("\x0b"s
              "chunked"),
       kBad, "control"},
      {coding("chunked\r\nContent-Length: 5"), kBad, "both"},
      {with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), kBad, "both"},
      {with("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), kBad, "both"},
      {with("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n"), kBad, "both"},
      {with("Transfer-Encoding : chunked\r\n"), kBad, "colon"},
      {with("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0"), kBad, "HTTP/1.1"},
      {with("Transfer-Encoding: identity\r\n", "POST / HTTP/1.0"), kBad, "HTTP/1.1"},
  });
  RequestHead head;
  const auto bytes = coding("chunked");
  ASSERT_TRUE(parse_request(bytes, {}, head));
  EXPECT_EQ(head.framing, Framing::chunked);
}

TEST(ParseRequest, FindsWhetherTheConnectionStays) {
  struct Stays {
    std::string_view first;
    std::string_view lines;
    bool stays;
  };
  constexpr auto v1_1 = "GET / HTTP/1.1"sv;
  constexpr auto v1_0 = "GET / HTTP/1.0"sv;
  const std::vector<Stays> cases{
      {v1_1, "", true},
      {v1_1, "Connection: close\r\n", false},
      {v1_1, "Connection: CLOSE\r\n", false},
      {v1_1, "Connection: keep-alive, close\r\n", false},
      {v1_1, "Connection: keep-alive\r\nConnection: close\r\n", false},
      {v1_1, "Connection:\r\n", true},
      {v1_1, "Connection: , ,a,,\r\n", true},
      {v1_1, "Connection: closed\r\n", true},
      {v1_1, "Connection: content-length, host\r\n", true},
      {v1_0, "", false},
      {v1_0, "Connection: keep-alive\r\n", true},
      {v1_0, "Connection: Keep-Alive, close\r\n", false},
      {v1_0, "Keep-Alive: timeout=5\r\n", false},
      {"GET / HTTP/1.7", "", true},
  };
  for (const auto& test : cases) {
    RequestHead head;
    const auto bytes = with(test.lines, test.first);
    ASSERT_TRUE(parse_request(bytes, {}, head)) << bytes;
    EXPECT_EQ(head.keep_alive, test.stays) << bytes;
  }
  expect_all({{with("Connection: a b\r\n"), kBad, "list of tokens"},
              {with("Connection: \"close\"\r\n"), kBad, "list of tokens"},
              {with("Connection: close;a\r\n"), kBad, "list of tokens"},
              {with("Connection: a\r\nConnection: b/c\r\n"), kBad, "list of tokens"}});
}

TEST(ParseRequest, DoesNotLetConnectionChangeTheFraming) {
  RequestHead head;
  const auto bytes = with("Connection: content-length, close\r\nContent-Length: 3\r\n");
  ASSERT_TRUE(parse_request(bytes, {}, head));
  EXPECT_EQ(head.framing, Framing::length);
  EXPECT_EQ(head.content_length, 3U);
}

TEST(ParseRequest, ServesOneExpectationOnly) {
  constexpr auto post = "POST / HTTP/1.1"sv;
  const auto expects = [](const std::string& bytes) {
    RequestHead head;
    EXPECT_TRUE(parse_request(bytes, {}, head)) << bytes;
    return head.expects_continue;
  };
  EXPECT_TRUE(expects(with("Expect: 100-continue\r\nContent-Length: 1\r\n", post)));
  EXPECT_TRUE(expects(with("Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n", post)));
  EXPECT_FALSE(expects(with("Expect: 100-continue\r\n", post)));
  EXPECT_FALSE(expects(with("Expect: 100-continue\r\nContent-Length: 0\r\n", post)));
  EXPECT_FALSE(expects(with("Expect:\r\nContent-Length: 1\r\n", post)));
  constexpr auto old = "POST / HTTP/1.0"sv;
  EXPECT_FALSE(expects(with("Expect: 100-continue\r\nContent-Length: 1\r\n", old)));
  EXPECT_FALSE(expects(with("Expect: magic\r\nContent-Length: 1\r\n", old)));
  RequestHead head;
  const auto ignored = with("Expect: 100-continue\r\nA: b\r\n", old);
  ASSERT_TRUE(parse_request(ignored, {}, head));
  EXPECT_FALSE(head.fields.has(Name::expect));
  expect_all({{with("Expect: magic\r\n", post), &kExpectationFailed},
              {with("Expect: 100-continue, magic\r\n", post), &kExpectationFailed},
              {with("Expect: magic\r\nExpect: 100-continue\r\n", post), &kExpectationFailed},
              {with("Expect: 100-continue;a=b\r\n", post), &kExpectationFailed}});
}

TEST(ParseRequest, UpgradesToWebSocketOnly) {
  const auto upgrades = [](std::string_view lines, std::string_view first = "GET / HTTP/1.1") {
    const auto bytes = with(lines, first);
    RequestHead head;
    EXPECT_TRUE(parse_request(bytes, {}, head)) << bytes;
    return head.upgrade_websocket;
  };
  EXPECT_TRUE(upgrades("Connection: Upgrade\r\nUpgrade: WebSocket\r\n"));
  EXPECT_TRUE(upgrades("Connection: keep-alive, upgrade\r\nUpgrade: h2c, websocket\r\n"));
  EXPECT_FALSE(upgrades("Upgrade: websocket\r\n"));
  EXPECT_FALSE(upgrades("Connection: upgrade\r\n"));
  EXPECT_FALSE(upgrades("Connection: upgrade\r\nUpgrade: h2c\r\n"));
  EXPECT_FALSE(upgrades("Connection: upgrade\r\nUpgrade: websocket/13\r\n"));
  EXPECT_FALSE(upgrades("Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n"));
  constexpr auto lines = "Connection: upgrade\r\nUpgrade: websocket\r\n"sv;
  EXPECT_FALSE(upgrades(lines, "POST / HTTP/1.1"));
  EXPECT_FALSE(upgrades(lines, "GET / HTTP/1.0"));
  EXPECT_FALSE(upgrades("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n"));
}

TEST(ParseRequest, HasLimits) {
  const Limits limits{.request_line = 20, .header_bytes = 40, .headers = 3};
  const auto expect = [&](const std::string& bytes, const Reason* reason) {
    const auto verdict = whole(bytes, limits);
    EXPECT_EQ(verdict.reason, reason) << bytes << verdict;
    if (reason == nullptr) {
      EXPECT_EQ(verdict.size, bytes.size());
    }
    expect_same_in_pieces(bytes, limits);
  };
  const auto target = [](std::size_t line) { return "/" + std::string(line - 14, 'a'); };
  const auto after = [&](std::string_view fields) {
    return "GET / HTTP/1.1\r\nHost: a\r\n"s + std::string(fields) + "\r\n";
  };
  expect("GET " + target(20) + " HTTP/1.1\r\nHost: a\r\n\r\n", nullptr);
  expect("GET " + target(21) + " HTTP/1.1\r\nHost: a\r\n\r\n", &kRequestLineTooLong);
  expect("GET " + target(90) + " HTTP/1.1\r\nHost: a\r\n\r\n", &kRequestLineTooLong);
  expect(std::string(90, 'A'), &kRequestLineTooLong);
  expect("GET /" + std::string(90, 'a'), &kRequestLineTooLong);
  expect("GET /aaaaaaaaaaaaaaaaaaaaaaaaa\x01", &kRequestLineTooLong);
  expect("GET /aaaaa\x01" + std::string(90, 'a'), &kMalformedRequest);
  expect("GET / HTTP/1.1" + std::string(90, ' '), &kMalformedRequest);
  expect(after("A:" + std::string(29, 'a') + "\r\n"), nullptr);  // 9 + 31
  expect(after("A:" + std::string(30, 'a') + "\r\n"), &kHeaderTooLarge);
  expect(after("A:" + std::string(90, 'a') + "\r\n"), &kHeaderTooLarge);
  expect(after(std::string(90, 'a')), &kHeaderTooLarge);
  expect(after("A: b\r\nB: c\r\n"), nullptr);
  expect(after("A: b\r\nB: c\r\nD: e\r\n"), &kTooManyHeaders);
  expect(after("A: b\r\nB: c\r\nD"), &kTooManyHeaders);
}

TEST(ParseRequest, RefusesWhatIsWrongAsSoonAsItShows) {
  RequestHead head;
  for (const auto bytes : {"\x16"sv, "GET / X"sv, "GET /\n"sv, "\r\n\r"sv, "G{"sv, "GET  "sv}) {
    RequestReader reader({});
    const auto result = reader.read(bytes, head);
    EXPECT_FALSE(result && *result == 0 && bytes != "\r\n\r") << bytes;
  }
  // Within a head that is long already.
  for (const auto wrong : {"\n"sv, "\0"sv, "\rX"sv}) {
    RequestReader reader({});
    auto bytes = with("A: " + std::string(200, 'a'));
    bytes.resize(bytes.size() - 2);
    ASSERT_EQ(reader.read(bytes, head), 0U);
    bytes += wrong;
    EXPECT_FALSE(reader.read(bytes, head)) << wrong;
  }
}

TEST(RequestReader, ReadsOneHeadAfterAnother) {
  RequestReader reader({});
  RequestHead head;
  const auto first = with("A: b\r\n");
  const auto both = first + with("C: d\r\n");
  ASSERT_EQ(reader.read(both, head), first.size());
  EXPECT_NE(head.fields.find("A"), nullptr);
  ASSERT_EQ(reader.read(std::string_view(both).substr(first.size(), 30), head), 0U);
  ASSERT_EQ(reader.read(std::string_view(both).substr(first.size()), head),
            both.size() - first.size());
  EXPECT_NE(head.fields.find("C"), nullptr);
}

TEST(HeadScanner, LooksAtAHeadThatDribblesInOnlyAFewTimes) {
  std::string lines;
  for (int i = 0; i < 90; ++i)
    lines += "X-Name-" + std::to_string(i) + ": " + std::string(300, 'v') + "\r\n";
  const auto bytes = with(lines);
  HeadScanner scanner;
  std::size_t times = 0;
  for (std::size_t i = 1; i <= bytes.size(); ++i)
    times += scanner.ready(std::string_view(bytes).substr(0, i), {}) ? 1 : 0;
  EXPECT_LE(times, 70U);
}

}  // namespace
}  // namespace penstock::http::h1
