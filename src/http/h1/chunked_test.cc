#include "http/h1/chunked.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace penstock::http::h1 {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

struct Decoded {
  std::string data;
  std::size_t consumed = 0;
  bool done = false;
  const Reason* reason = nullptr;
  std::string_view detail = {};
  std::vector<std::string> trailers = {};
  friend bool operator==(const Decoded&, const Decoded&) = default;
};

// Feeds `bytes` in pieces of `step` bytes, each from another buffer.
Decoded decode(std::string_view bytes, std::size_t step, const ChunkedLimits& limits = {},
               Side sender = Side::client) {
  ChunkedDecoder decoder(sender, limits);
  Decoded out;
  for (std::size_t begin = 0; begin < bytes.size() && !out.done; begin += step) {
    const std::string piece(bytes.substr(begin, step));
    std::string_view rest = piece;
    while (!rest.empty() && !out.done) {
      const auto result = decoder.feed(rest);
      if (!result) {
        out.reason = result.error().reason;
        out.detail = result.error().detail;
        EXPECT_FALSE(decoder.feed("0"));
        return out;
      }
      out.data += result->data;
      out.consumed += result->consumed;
      out.done = result->done;
      rest.remove_prefix(result->consumed);
    }
  }
  EXPECT_EQ(decoder.done(), out.done);
  for (const auto& field : decoder.trailers())
    out.trailers.push_back(std::string(field.name) + ": " + std::string(field.value));
  return out;
}

Decoded decode_all_ways(std::string_view bytes, const ChunkedLimits& limits = {}) {
  auto whole = decode(bytes, bytes.size() + 1, limits);
  for (std::size_t step = 1; step < 20; ++step) {
    auto pieces = decode(bytes, step, limits);
    // An error does not say how much was well before it.
    if (whole.reason != nullptr) pieces.data = whole.data, pieces.consumed = whole.consumed;
    EXPECT_EQ(pieces, whole) << bytes << " in pieces of " << step;
  }
  return whole;
}

TEST(ChunkedDecoder, GivesTheDataWithoutItsFrame) {
  const auto out = decode_all_ways("5\r\nhello\r\n7;a=b\r\n, world\r\n0\r\n\r\nGET");
  EXPECT_EQ(out.data, "hello, world");
  EXPECT_TRUE(out.done);
  EXPECT_EQ(out.consumed, 31U);
  const auto empty = decode_all_ways("0\r\n\r\n");
  EXPECT_TRUE(empty.done);
  EXPECT_EQ(empty.data, "");
}

TEST(ChunkedDecoder, CopiesNoData) {
  ChunkedDecoder decoder(Side::client);
  const auto bytes = "5\r\nhello"sv;
  const auto piece = decoder.feed(bytes);
  ASSERT_TRUE(piece);
  EXPECT_EQ(piece->data.data(), bytes.data() + 3);
}

TEST(ChunkedDecoder, TakesWhatTheGrammarAllows) {
  for (const auto line :
       {"5"sv, "05"sv, "0000000000000000000000005"sv, "5;a"sv, "5 ;a"sv, "5\t; a"sv, "5;a=b"sv,
        "5;a = b"sv, "5;a ;b"sv, "5;a=b ; c"sv, "5;a=\"b\""sv, "5;a=\"\""sv, "5;a=\"b\" ;c"sv,
        "5;a=\"\\\"\\\\;\t\xff\";c=d"sv, "5;!#$%&'*+-.^_`|~=x"sv}) {
    const auto out = decode_all_ways(std::string(line) + "\r\nhello\r\n0;x\r\n\r\n");
    EXPECT_TRUE(out.done) << line << out.detail;
    EXPECT_EQ(out.data, "hello") << line;
  }
  const auto hex = decode_all_ways("aB\r\n" + std::string(0xab, 'x') + "\r\n0000\r\n\r\n");
  EXPECT_TRUE(hex.done);
}

TEST(ChunkedDecoder, RefusesWhatItDoesNot) {
  for (const auto& line : {""s,
                           " 5"s,
                           "\t5"s,
                           "+5"s,
                           "-5"s,
                           "0x5"s,
                           "g"s,
                           "5g"s,
                           "5 5"s,
                           "5,5"s,
                           "5 "s,
                           "5\t"s,
                           "5;"s,
                           "5; "s,
                           "5;;a"s,
                           "5;=b"s,
                           "5;a="s,
                           "5;a=b "s,
                           "5;a=\"b\" "s,
                           "5;a "s,
                           "5;a=\"b"s,
                           "5;a=\"b\"c"s,
                           "5;a=b c"s,
                           "5;a b"s,
                           "5;a=\"b\x01\""s,
                           "5;a=\"b\x7f\""s,
                           "5;a=\"\\\0\""s,
                           "5;a\0"s,
                           "5;a=@"s,
                           "5a;\"b\""s,
                           "5:a"s,
                           "5\0"s,
                           "5\x0b"s,
                           "8000000000000000"s,
                           "ffffffffffffffff"s,
                           "10000000000000005"s,
                           "fffffffffffffffffffff"s,
                           "\r"s,
                           "5\r"s,
                           "5\n"s,
                           "\n5"s,
                           "\r\n5"s,
                           "5;a\r"s,
                           "5;a\n"s,
                           "5;a=\"\r\n\""s,
                           "5;a=\"\n\""s,
                           "5.0"s}) {
    const auto out = decode_all_ways(line + "\r\nhello\r\n0\r\n\r\n");
    EXPECT_EQ(out.reason, &reasons::kMalformedRequest) << line;
    EXPECT_FALSE(out.detail.empty());
  }
  for (const auto bytes :
       {"5\nhello\r\n0\r\n\r\n"sv, "5\r\nhello\n0\r\n\r\n"sv, "5\r\nhello0\r\n\r\n"sv,
        "5\r\nhello!\r\n0\r\n\r\n"sv, "5\r\nhello\r0\r\n\r\n"sv, "5\r\nhello\r\r\n0\r\n\r\n"sv,
        "5\r\nhell\r\n0\r\n\r\n"sv, "5\r\nhello\r\n\r\n0\r\n\r\n"sv, "0\r\n\n"sv, "0\r\n\rX"sv,
        "0\n\r\n"sv, "5\r\nhello\r\n0 \r\n\r\n"sv}) {
    EXPECT_EQ(decode_all_ways(bytes).reason, &reasons::kMalformedRequest) << bytes;
  }
}

TEST(ChunkedDecoder, TakesTheLargestSize) {
  EXPECT_EQ(decode_all_ways("7fffffffffffffff\r\nhello").data, "hello");
}

TEST(ChunkedDecoder, TellsWhoseFaultItIs) {
  EXPECT_EQ(decode("x", 1, {}, Side::upstream).reason, &reasons::kUpstreamMalformed);
  EXPECT_EQ(decode("0\r\nA b\r\n", 1, {}, Side::upstream).reason, &reasons::kUpstreamMalformed);
  EXPECT_EQ(decode("0\r\nAbcdef", 1, {.trailer_bytes = 5}, Side::upstream).reason,
            &reasons::kUpstreamHeaderTooLarge);
}

TEST(ChunkedDecoder, KeepsTrailers) {
  const auto out = decode_all_ways("1\r\na\r\n0\r\nX-A: b\r\nx-c:  d \t\r\nX-E:\r\n\r\nrest");
  EXPECT_TRUE(out.done) << out.detail;
  EXPECT_EQ(out.trailers, (std::vector<std::string>{"X-A: b", "x-c: d", "X-E: "}));
}

TEST(ChunkedDecoder, DropsWhatMayNotBeATrailer) {
  const auto out = decode_all_ways(
      "0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: a\r\nX-Ok: 1\r\n"
      "Authorization: b\r\nX-User-Id: root\r\nConnection: close\r\nTrailer: a\r\n\r\n");
  EXPECT_TRUE(out.done) << out.detail;
  EXPECT_EQ(out.trailers, (std::vector<std::string>{"X-Ok: 1"}));
}

TEST(ChunkedDecoder, JudgesTrailersLikeFields) {
  for (const auto& lines :
       {"A : b\r\n"s, " A: b\r\n"s, "A: b\r\n c\r\n"s, ": b\r\n"s, "A\r\n"s, "A b: c\r\n"s,
        "A: b\0\r\n"s, "A: b\x01\r\n"s, "A: b\x7f\r\n"s, "A: b\rc\r\n"s, "A: b\nB: c\r\n"s,
        "A: b\n"s, "\xe9: b\r\n"s, "A: b\r\r\n"s}) {
    EXPECT_EQ(decode_all_ways("0\r\n" + lines + "\r\n").reason, &reasons::kMalformedRequest)
        << lines;
  }
}

TEST(ChunkedDecoder, HasLimits) {
  const ChunkedLimits limits{.line = 30, .overhead = 40, .trailer_bytes = 20, .trailers = 2};
  const auto detail = [&](const std::string& bytes) {
    const auto out = decode_all_ways(bytes, limits);
    return out.reason == nullptr ? ""
                                 : std::string(out.reason->code) + ' ' + std::string(out.detail);
  };
  const auto extended = [](std::size_t line) {
    return "1;" + std::string(line - 2, 'a') + "\r\nx\r\n";
  };
  EXPECT_EQ(detail(extended(30) + "0\r\n\r\n"), "");
  EXPECT_EQ(detail(extended(31)), "malformed_request A chunk line is too long.");
  // 14 bytes of overhead each, for one byte of data each.
  EXPECT_EQ(detail(extended(30) + extended(30) + extended(29) + "0\r\n\r\n"), "");
  EXPECT_EQ(detail(extended(30) + extended(30) + extended(30) + extended(30)),
            "malformed_request The chunk lines are too long for the data between them.");
  EXPECT_EQ(detail("0\r\nA: bcdef\r\nB: cdefg\r\n\r\n"), "header_too_large ");
  EXPECT_EQ(detail("0\r\nA:\r\nB:\r\nD:\r\n\r\n"), "too_many_headers ");
  EXPECT_EQ(detail("0\r\n" + std::string(25, 'a')), "header_too_large ");
  std::string dribble;
  for (int i = 0; i < 1000; ++i) dribble += "1\r\nx\r\n";
  EXPECT_EQ(detail(dribble + "0\r\n\r\n"), "");
}

TEST(ChunkedDecoder, StartsAnewWhenReset) {
  ChunkedDecoder decoder(Side::client);
  EXPECT_FALSE(decoder.feed("x"));
  decoder.reset();
  ASSERT_TRUE(decoder.feed("0\r\nA: b\r\n\r\n"));
  EXPECT_TRUE(decoder.done());
  EXPECT_EQ(decoder.trailers().size(), 1U);
  decoder.reset();
  ASSERT_TRUE(decoder.feed("0\r\n\r\n"));
  EXPECT_TRUE(decoder.trailers().empty());
}

TEST(ChunkHead, RoundTrips) {
  for (const std::uint64_t size : {1ULL, 15ULL, 16ULL, 0xabcdefULL, 0x7fffffffffffffffULL}) {
    std::array<char, kChunkHead> buffer{};
    std::string bytes(chunk_head(buffer, size));
    EXPECT_TRUE(bytes.ends_with("\r\n"));
    EXPECT_EQ(std::stoull(bytes, nullptr, 16), size);
  }
  Fields trailers;
  trailers.add("X-A", "b");
  std::array<char, kChunkHead> buffer{};
  std::string bytes(chunk_head(buffer, 5));
  bytes += "hello\r\n";
  append_last_chunk(bytes, trailers);
  const auto out = decode_all_ways(bytes);
  EXPECT_EQ(out.data, "hello");
  EXPECT_EQ(out.trailers, (std::vector<std::string>{"X-A: b"}));
}

}  // namespace
}  // namespace penstock::http::h1
