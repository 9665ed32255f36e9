#include "http/h1/writer.h"

#include <gtest/gtest.h>

#include <string>

#include "http/h1/parser.h"

namespace penstock::http::h1 {
namespace {

std::string rewritten(std::string_view bytes) {
  RequestHead head;
  const auto size = parse_request(bytes, {}, head);
  EXPECT_TRUE(size && *size == bytes.size()) << bytes;
  std::string out;
  append_request(out, head);
  return out;
}

std::string rewritten(std::string_view bytes, Method request, std::uint8_t client = 1) {
  ResponseHead head;
  const auto size = parse_response(bytes, {}, request, head);
  EXPECT_TRUE(size && *size == bytes.size()) << bytes;
  std::string out;
  append_response(out, head, client);
  return out;
}

TEST(AppendRequest, WritesFramingAndConnectionFromTheirMeaning) {
  EXPECT_EQ(rewritten("GET /a HTTP/1.0\r\nhost:  a \r\nX:\r\n\r\n"),
            "GET /a HTTP/1.1\r\nhost: a\r\nX: \r\nConnection: close\r\n\r\n");
  EXPECT_EQ(rewritten("POST / HTTP/1.1\r\ncontent-length: 007\r\nHost: a\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n");
  EXPECT_EQ(rewritten("POST / HTTP/1.1\r\nTransfer-encoding: CHUNKED\r\nHost: a\r\n"
                      "Connection: x-a\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(rewritten("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: close, te\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: close, TE\r\n\r\n");
  EXPECT_EQ(rewritten("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
  EXPECT_EQ(rewritten("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                      "Connection: keep-alive, upgrade\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
}

TEST(AppendResponse, WritesFramingAndConnectionFromTheirMeaning) {
  EXPECT_EQ(rewritten("HTTP/1.1 200\r\ncontent-length: 3\r\n\r\n", Method::get),
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(rewritten("HTTP/1.1 200 Fine\r\n\r\n", Method::get),
            "HTTP/1.1 200 Fine\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(rewritten("HTTP/1.1 299\r\nTransfer-Encoding: chunked\r\n\r\n", Method::get),
            "HTTP/1.1 299 \r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(rewritten("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Method::get, 0),
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
}

TEST(AppendResponse, StatesALengthOnlyWhereThereCouldBeContent) {
  EXPECT_EQ(rewritten("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", Method::head),
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(rewritten("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", Method::get),
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(rewritten("HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n", Method::get),
            "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(rewritten("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Method::head),
            "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(
      rewritten("HTTP/1.1 103 Early Hints\r\nLink: a\r\nConnection: close\r\n\r\n", Method::get),
      "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n");
}

TEST(AppendResponse, SwitchesProtocols) {
  EXPECT_EQ(
      rewritten("HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", Method::get),
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
}

TEST(AppendRequest, AllocatesNothingWithinTheCapacity) {
  RequestHead head;
  ASSERT_TRUE(parse_request("GET /a HTTP/1.1\r\nHost: a\r\n\r\n", {}, head));
  std::string out;
  out.reserve(200);
  const auto* const before = out.data();
  append_request(out, head);
  append_request(out, head);
  EXPECT_EQ(out.data(), before);
}

#ifndef NDEBUG
TEST(AppendFieldDeathTest, StopsRatherThanSplitAMessage) {
  std::string out;
  EXPECT_DEATH(append_field(out, "A", "b\r\nC: d"), "belief");
  EXPECT_DEATH(append_field(out, "A", std::string_view("\0", 1)), "belief");
  EXPECT_DEATH(append_field(out, "A:", "b"), "belief");
}
#endif

}  // namespace
}  // namespace penstock::http::h1
