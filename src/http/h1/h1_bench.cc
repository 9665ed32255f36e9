#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "base/arena.h"
#include "http/h1/chunked.h"
#include "http/h1/parser.h"
#include "http/h1/writer.h"
#include "http/target.h"

namespace penstock::http {
namespace {

// As a browser's, with ten fields.
constexpr std::string_view kRequest =
    "GET /api/orders/42?expand=lines HTTP/1.1\r\n"
    "Host: api.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: application/json, text/plain, */*\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Authorization: Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxMjMifQ.c2lnbmF0dXJl\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef\r\n"
    "Referer: https://shop.example.com/account\r\n"
    "Connection: keep-alive\r\n"
    "X-Request-Id: 0190b1f2-7c3e-7000-8000-0123456789ab\r\n\r\n";

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Date: Mon, 06 Jul 2026 10:00:00 GMT\r\n"
    "Server: orders\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "Content-Length: 348\r\n"
    "Cache-Control: no-store\r\n"
    "ETag: \"0123456789abcdef\"\r\n"
    "Vary: Accept-Encoding\r\n\r\n";

void parse_request(benchmark::State& state) {
  RequestHead head;
  for (auto _ : state) {
    auto size = h1::parse_request(kRequest, {}, head);
    benchmark::DoNotOptimize(size);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kRequest.size()));
}
BENCHMARK(parse_request);

void parse_response(benchmark::State& state) {
  ResponseHead head;
  for (auto _ : state) {
    auto size = h1::parse_response(kResponse, {}, Method::get, head);
    benchmark::DoNotOptimize(size);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kResponse.size()));
}
BENCHMARK(parse_response);

void parse_request_byte_by_byte(benchmark::State& state) {
  RequestHead head;
  for (auto _ : state) {
    h1::RequestReader reader({});
    for (std::size_t i = 1; i <= kRequest.size(); ++i) {
      auto size = reader.read(kRequest.substr(0, i), head);
      benchmark::DoNotOptimize(size);
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kRequest.size()));
}
BENCHMARK(parse_request_byte_by_byte);

void find_canonical_target(benchmark::State& state, std::string_view text) {
  RequestHead head;
  head.method = Method::get;
  head.target = text;
  head.authority = "api.example.com";
  Arena arena;
  for (auto _ : state) {
    arena.clear();
    auto target = canonical_target(head, arena);
    benchmark::DoNotOptimize(target);
  }
}
BENCHMARK_CAPTURE(find_canonical_target, canonical, "/api/orders/42?expand=lines");
BENCHMARK_CAPTURE(find_canonical_target, not_canonical, "/api/./%6frders//42?expand=lines");

void write_request(benchmark::State& state) {
  RequestHead head;
  const auto size = h1::parse_request(kRequest, {}, head);
  std::string out;
  for (auto _ : state) {
    out.clear();
    h1::append_request(out, head);
    benchmark::DoNotOptimize(out);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size.value_or(0)));
}
BENCHMARK(write_request);

void write_response(benchmark::State& state) {
  ResponseHead head;
  const auto size = h1::parse_response(kResponse, {}, Method::get, head);
  std::string out;
  for (auto _ : state) {
    out.clear();
    h1::append_response(out, head);
    benchmark::DoNotOptimize(out);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size.value_or(0)));
}
BENCHMARK(write_response);

void decode_chunks(benchmark::State& state) {
  std::string body;
  const auto chunk = static_cast<std::size_t>(state.range(0));
  std::array<char, h1::kChunkHead> head{};
  for (std::size_t left = 64 * 1024; left > 0; left -= chunk) {
    body += h1::chunk_head(head, chunk);
    body.append(chunk, 'x');
    body += "\r\n";
  }
  body += "0\r\n\r\n";
  h1::ChunkedDecoder decoder(Side::client);
  for (auto _ : state) {
    decoder.reset();
    for (std::string_view rest = body; !decoder.done();) {
      const auto piece = decoder.feed(rest);
      rest.remove_prefix(piece->consumed);
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(decode_chunks)->Arg(16)->Arg(1024)->Arg(16 * 1024);

}  // namespace
}  // namespace penstock::http
