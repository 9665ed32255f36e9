#include "observe/access_log.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "base/random.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using nlohmann::json;

AccessRecord full_record() {
  AccessRecord record;
  record.time = WallTime(1'767'323'045'678ms);
  record.request_id = "019b7d8c-5a6e-7abc-8def-0123456789ab";
  record.trace_id = "0af7651916cd43dd8448eb211c80319c";
  record.span_id = "b7ad6b7169203331";
  record.client_ip = "192.0.2.7";
  record.method = "GET";
  record.host = "api.example.com";
  record.path = "/api/orders/7";
  record.query = "token=secret";
  record.route_id = "orders-get";
  record.api_version = "v1";
  record.upstream_service = "order-service";
  record.upstream_endpoint = "10.0.1.10:8080";
  record.attempts = 2;
  record.status_code = 200;
  record.upstream_status = 200;
  record.bytes_in = 10;
  record.bytes_out = 18'446'744'073'709'551'615U;
  record.latency = 12'345'678ns;
  record.upstream_latency = 12'000'999ns;
  record.gateway_latency = 344'679ns;
  record.user_agent = "curl/8";
  record.config_version = 3;
  return record;
}

TEST(AccessLine, HasAStageMapWhereStagesWereMeasured) {
  const std::array<StageTime, 2> stages{{{"match", 1'500ns}, {"forward", 2ms}}};
  auto record = full_record();
  record.stages = stages;
  AccessLine line;
  const std::string text(line.format(record));
  EXPECT_NE(text.find(R"(,"t":{"match":0.001,"forward":2.000},"ratelimit":null)"),
            std::string::npos)
      << text;
}

TEST(AccessLine, SaysWhichLimitIsClosestToItsEnd) {
  auto record = full_record();
  record.ratelimit_policy = "standard \"user\"";
  record.ratelimit_remaining = 57;
  AccessLine line;
  const auto limit = json::parse(line.format(record))["ratelimit"];
  EXPECT_EQ(limit["policy"], "standard \"user\"");
  EXPECT_EQ(limit["remaining"], 57);
}

TEST(AccessLine, IsOneJsonObjectWithEveryField) {
  AccessLine line;
  EXPECT_EQ(
      line.format(full_record()),
      R"({"ts":"2026-01-02T03:04:05.678Z","request_id":"019b7d8c-5a6e-7abc-8def-0123456789ab",)"
      R"("trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331",)"
      R"("client_ip":"192.0.2.7","method":"GET","host":"api.example.com",)"
      R"("path":"/api/orders/7","query":"REDACTED","protocol":"HTTP/1.1",)"
      R"("route_id":"orders-get","api_version":"v1","user_id":null,"tenant_id":null,"auth_method":null,)"
      R"("upstream_service":"order-service","upstream_endpoint":"10.0.1.10:8080",)"
      R"("attempts":2,"status_code":200,"upstream_status":200,"reason":null,"bytes_in":10,)"
      R"("bytes_out":18446744073709551615,"latency_ms":12.345,)"
      R"("upstream_latency_ms":12.000,"gateway_latency_ms":0.344,"ratelimit":null,"tls":null,)"
      R"("user_agent":"curl/8","config_version":3})"
      "\n");
}

TEST(AccessLine, TellsHowTheConnectionIsSecured) {
  AccessLine line;
  auto record = full_record();
  record.tls_version = "TLSv1.3";
  auto tls = json::parse(line.format(record))["tls"];
  EXPECT_EQ(tls["version"], "TLSv1.3");
  EXPECT_TRUE(tls["sni"].is_null());
  record.tls_sni = "api.example.com";
  tls = json::parse(line.format(record))["tls"];
  EXPECT_EQ(tls["sni"], "api.example.com");
}

TEST(AccessLine, HasTheEightNamesAlsoWhenNothingIsKnown) {
  AccessLine line;
  const auto parsed = json::parse(line.format({}));
  for (const auto* name : {"request_id", "trace_id", "user_id", "tenant_id", "route_id",
                           "upstream_service", "status_code", "latency_ms"})
    EXPECT_TRUE(parsed.contains(name)) << name;
  EXPECT_TRUE(parsed["status_code"].is_null());
  EXPECT_TRUE(parsed["query"].is_null());
  EXPECT_TRUE(parsed["upstream_latency_ms"].is_null());
}

TEST(AccessLine, ShowsTheQueryWhenToldTo) {
  AccessLine line(true);
  EXPECT_EQ(json::parse(line.format(full_record()))["query"], "token=secret");
}

TEST(AccessLine, KeepsTheClockAcrossSecondsAndBackwards) {
  AccessLine line;
  AccessRecord record;
  const auto time_of = [&](WallTime time) {
    record.time = time;
    return json::parse(line.format(record))["ts"].get<std::string>();
  };
  EXPECT_EQ(time_of(WallTime(1'767'225'599'999ms)), "2025-12-31T23:59:59.999Z");
  EXPECT_EQ(time_of(WallTime(1'767'225'600'000ms)), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(time_of(WallTime(1'767'225'599'001ms)), "2025-12-31T23:59:59.001Z");
  EXPECT_EQ(time_of(WallTime(-1ms)), "1969-12-31T23:59:59.999Z");
}

TEST(AccessLine, EscapesWhatJsonDoesNotAllow) {
  AccessLine line;
  AccessRecord record;
  const auto agent = "a\"b\\c\nd\re\tf\x01g\x1fh\0i\x7f plain text that is longer"s;
  record.user_agent = agent;
  const auto text = std::string(line.format(record));
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_NE(text.find(R"(a\"b\\c\nd\re\tf\u0001g\u001fh\u0000i)"), std::string::npos);
  EXPECT_EQ(json::parse(text)["user_agent"], agent);
}

TEST(AccessLine, KeepsUtf8AndReplacesWhatIsNone) {
  AccessLine line;
  AccessRecord record;
  const auto seen = [&](std::string_view text) {
    record.path = text;
    return json::parse(line.format(record))["path"].get<std::string>();
  };
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(seen("/gr\xc3\xbc\xc3\x9f/\xe2\x82\xac/\xf0\x9f\x98\x80"),
            "/gr\xc3\xbc\xc3\x9f/\xe2\x82\xac/\xf0\x9f\x98\x80");
  EXPECT_EQ(seen("a\xff"), "a" + bad);
  EXPECT_EQ(seen("\xc0\xaf"), bad + bad);                      // Overlong.
  EXPECT_EQ(seen("\xed\xa0\x80"), bad + bad + bad);            // A surrogate.
  EXPECT_EQ(seen("\xf4\x90\x80\x80"), bad + bad + bad + bad);  // Above U+10FFFF.
  EXPECT_EQ(seen("abc\xe2\x82"), "abc" + bad + bad);           // Cut short.
}

TEST(AccessLine, CutsLongFieldsAtACharacter) {
  AccessLine line(true);
  AccessRecord record;
  const std::string wide = [] {
    std::string text = "x";  // So that the limit falls within a character.
    for (int i = 0; i < 10'000; ++i) text += "\xe2\x82\xac";
    return text;
  }();
  record.path = record.query = record.user_agent = record.host = wide;
  const auto parsed = json::parse(line.format(record));
  const auto path = parsed["path"].get<std::string>();
  EXPECT_LE(path.size(), 4096U + 3);
  EXPECT_TRUE(path.ends_with("\xe2\x82\xac\xe2\x80\xa6"));
}

TEST(AccessLine, IsBoundedWhateverTheFieldsHold) {
  AccessLine line(true);
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    std::string text(round % 2 == 0 ? 40'000 : random.below(300), '\0');
    const auto fill = round % 4 < 2;
    for (auto& c : text) c = static_cast<char>(fill ? 1 : random.next());
    AccessRecord record;
    record.request_id = record.trace_id = record.span_id = record.client_ip = text;
    record.method = record.host = record.path = record.query = record.route_id = text;
    record.api_version = text;
    record.user_id = record.tenant_id = record.auth_method = record.upstream_service = text;
    record.upstream_endpoint = record.reason = record.user_agent = text;
    record.ratelimit_policy = record.tls_version = record.tls_sni = text;
    record.attempts = record.ratelimit_remaining = UINT32_MAX;
    record.bytes_in = record.bytes_out = record.config_version = UINT64_MAX;
    record.latency = Duration::max();
    record.upstream_latency = Duration::max();
    record.gateway_latency = Duration::min();
    record.status_code = record.upstream_status = UINT16_MAX;
    const auto written = line.format(record);
    ASSERT_LE(written.size(), AccessLine::kLongest);
    ASSERT_TRUE(written.ends_with("}\n"));
    ASSERT_TRUE(json::accept(written));
  }
}

TEST(AccessLog, CountsTheLinesThatFindTheRingFull) {
  MetricStore store;
  WorkerSeries series(store);
  LogRing ring(1024);
  AccessLog log(ring, series);
  log.write(full_record());
  log.write(full_record());
  EXPECT_EQ(store.copy().cells[store.counter(Family::log_lines_dropped, {"ring_full"}).slot], 1U);
  EXPECT_TRUE(json::accept(ring.waiting().first));
}

}  // namespace
}  // namespace penstock
