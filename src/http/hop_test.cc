#include "http/hop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace penstock::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Lines = std::initializer_list<std::pair<std::string_view, std::string_view>>;

Fields fields_of(Lines lines) {
  Fields fields;
  for (const auto& [name, value] : lines) fields.add(name, value);
  return fields;
}

std::vector<std::string> texts(const Fields& fields) {
  std::vector<std::string> out;
  for (const auto& field : fields)
    out.push_back(std::string(field.name) + ": " + std::string(field.value));
  return out;
}

std::vector<std::string> cleaned_request(Lines lines, bool upgrade = false) {
  RequestHead head;
  head.fields = fields_of(lines);
  head.upgrade_websocket = upgrade;
  EXPECT_TRUE(clean(head));
  return texts(head.fields);
}

std::vector<std::string> cleaned_response(Lines lines, bool upgrade = false) {
  ResponseHead head;
  head.fields = fields_of(lines);
  head.upgrade_websocket = upgrade;
  EXPECT_TRUE(clean(head));
  return texts(head.fields);
}

TEST(Clean, RemovesWhatEndsAtThisHop) {
  const Lines lines{{"Connection", "keep-alive"},       {"Keep-Alive", "timeout=5"},
                    {"Proxy-Connection", "close"},      {"Proxy-Authenticate", "Basic"},
                    {"proxy-authorization", "Basic x"}, {"TE", "gzip"},
                    {"Transfer-Encoding", "chunked"},   {"Upgrade", "h2c"},
                    {"HTTP2-Settings", "AAMAAABk"},     {"Proxy-Authentication-Info", "x"}};
  EXPECT_THAT(cleaned_request(lines), IsEmpty());
  EXPECT_THAT(cleaned_response(lines), IsEmpty());
}

TEST(Clean, KeepsTheRestInOrder) {
  const Lines lines{{"Host", "a"}, {"X-A", "1"}, {"Accept", "*/*"}, {"x-a", "2"}, {"Cookie", "c"}};
  const auto expected = ElementsAre("Host: a", "X-A: 1", "Accept: */*", "x-a: 2", "Cookie: c");
  EXPECT_THAT(cleaned_request(lines), expected);
  EXPECT_THAT(cleaned_response(lines), expected);
}

TEST(Clean, RemovesWhatConnectionListsInAnyLineAndCase) {
  const Lines lines{{"x-one", "1"},
                    {"Connection", "close , X-ONE,, \tx-two"},
                    {"X-Two", "2"},
                    {"connection", "Cookie"},
                    {"Cookie", "c"},
                    {"X-Three", "3"},
                    {"Cache-Control", "no-store"},
                    {"Connection", "cache-control"}};
  EXPECT_THAT(cleaned_request(lines), ElementsAre("X-Three: 3"));
  EXPECT_THAT(cleaned_response(lines), ElementsAre("X-Three: 3"));
}

TEST(Clean, DoesNotLetConnectionRemoveWhatTheMessageNeeds) {
  const Lines lines{{"Connection", "Host, Content-Length, Via, Max-Forwards, close"},
                    {"Host", "a"},
                    {"Content-Length", "3"},
                    {"Via", "1.1 penstock"},
                    {"Max-Forwards", "1"}};
  const auto expected =
      ElementsAre("Host: a", "Content-Length: 3", "Via: 1.1 penstock", "Max-Forwards: 1");
  EXPECT_THAT(cleaned_request(lines), expected);
  EXPECT_THAT(cleaned_response(lines), expected);
}

TEST(Clean, TakesPartsOfNamesForNothing) {
  EXPECT_THAT(
      cleaned_request({{"Connection", "X-A b, \"X-B\", X, X-AA"}, {"X-A", "1"}, {"X-B", "2"}}),
      ElementsAre("X-A: 1", "X-B: 2"));
}

TEST(Clean, KeepsTrailersOfTe) {
  EXPECT_THAT(cleaned_request({{"TE", "gzip;q=0.5, Trailers"}, {"Connection", "TE"}}),
              ElementsAre("TE: trailers"));
  EXPECT_THAT(cleaned_request({{"TE", "gzip"}, {"te", "trailers"}}), ElementsAre("TE: trailers"));
  EXPECT_THAT(cleaned_request({{"TE", "trailers;q=1"}}), IsEmpty());
  EXPECT_THAT(cleaned_response({{"TE", "trailers"}}), IsEmpty());
}

TEST(Clean, KeepsUpgradeOnlyToWebsocket) {
  const Lines lines{{"Connection", "upgrade, X-A"}, {"Upgrade", "foo, WebSocket"}, {"X-A", "1"}};
  EXPECT_THAT(cleaned_request(lines), IsEmpty());
  EXPECT_THAT(cleaned_request(lines, true), ElementsAre("Upgrade: websocket"));
  EXPECT_THAT(cleaned_response(lines), IsEmpty());
  EXPECT_THAT(cleaned_response(lines, true), ElementsAre("Upgrade: websocket"));
}

TEST(Clean, RemovesWhatSaysWhoIsCallingFromRequestsOnly) {
  const Lines lines{{"X-User-Id", "1"},          {"x-tenant-id", "1"},   {"X-Consumer-Id", "1"},
                    {"X-Auth-Method", "1"},      {"X-Auth-Scopes", "1"}, {"Client-Cert", ":x:"},
                    {"client-cert-chain", ":x:"}};
  EXPECT_THAT(cleaned_request(lines), IsEmpty());
  EXPECT_EQ(cleaned_response(lines).size(), 7U);
}

TEST(Clean, RemovesImitationsFromRequests) {
  for (auto name : {"X_User_Id", "x_tenant-id", "X-Consumer_Id", "X.Auth.Method", "X|Auth|Scopes",
                    "Content_Length", "Transfer_Encoding", "X_Forwarded_For", "X_Real_IP",
                    "X_Request_Id", "Client_Cert", "Proxy_Authorization", "HTTP2_Settings"})
    EXPECT_THAT(cleaned_request({{name, "1"}}), IsEmpty()) << name;
  for (auto name : {"X_Other", "User_Agent", "X-User-Ids", "X__User_Id", "X-User-Id-", "_"})
    EXPECT_EQ(cleaned_request({{name, "1"}}).size(), 1U) << name;
}

TEST(Clean, RefusesTooManyOptions) {
  std::string list;
  for (std::size_t i = 0; i < kMaxConnectionOptions; ++i) list += "close,";
  RequestHead request;
  request.fields.add("Connection", list);
  EXPECT_TRUE(clean(request));
  request.fields.add("Connection", list);
  request.fields.add("Connection", "x");
  const auto refused = clean(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, &reasons::kMalformedRequest);
  ResponseHead response;
  response.fields = request.fields;
  EXPECT_EQ(clean(response).error().reason, &reasons::kUpstreamMalformed);
}

TEST(CleanTrailers, LeavesOnlyWhatMeansNothingToTheGateway) {
  auto trailers = fields_of({{"grpc-status", "0"},
                             {"X-User-Id", "1"},
                             {"x_user_id", "1"},
                             {"Content-Length", "5"},
                             {"Host", "b"},
                             {"X-Forwarded-For", "1.1.1.1"},
                             {"Connection", "x"},
                             {"Digest", "x"}});
  clean_trailers(trailers);
  EXPECT_THAT(texts(trailers), ElementsAre("grpc-status: 0", "Digest: x"));
}

TEST(Via, IsAppendedWithTheVersionReceived) {
  const Via via;
  auto fields = fields_of({{"Via", "1.1 edge"}});
  via.append(fields, 1);
  via.append(fields, 0);
  EXPECT_THAT(texts(fields),
              ElementsAre("Via: 1.1 edge", "Via: 1.1 penstock", "Via: 1.0 penstock"));
}

TEST(Via, FindsItsPseudonymWhereverItStands) {
  const Via via("penstock", 1);
  const auto passes = [&](std::string_view value) {
    return via.passes(fields_of({{"Via", value}}));
  };
  EXPECT_EQ(passes("1.1 penstock"), 1U);
  EXPECT_EQ(passes("1.0 a, 1.1 Penstock (x), HTTP/1.1\tpenstock(y) ,1.1  penstock"), 3U);
  EXPECT_EQ(passes("1.1 a (, 1.1 penstock"), 1U);
  EXPECT_EQ(passes("1.1 penstock2, 1.1 my-penstock, penstock, 1.1 penstock:80, 1.1"), 0U);
  EXPECT_EQ(passes(""), 0U);
  EXPECT_TRUE(via.loops(fields_of({{"Via", "1.1 penstock"}})));
  EXPECT_FALSE(via.loops(fields_of({{"Via", "1.1 other"}, {"X-Via", "1.1 penstock"}})));
}

TEST(Via, LetsGatewaysOfOneNameStandBehindEachOther) {
  const Via via;
  Fields fields;
  for (std::size_t i = 0; i < Via::kMaxPasses; ++i) {
    EXPECT_FALSE(via.loops(fields));
    via.append(fields, 1);
  }
  EXPECT_TRUE(via.loops(fields));
}

struct Counted {
  std::optional<Hops> hops;
  std::string left;
};

Counted count_down(Method method, Lines lines) {
  static Arena arena;
  RequestHead head;
  head.method = method;
  head.fields = fields_of(lines);
  const auto hops = count_down_max_forwards(head, arena);
  if (!hops) {
    EXPECT_EQ(hops.error().reason, &reasons::kMalformedRequest);
    return {};
  }
  const auto* field = head.fields.find(Name::max_forwards);
  return {*hops, field == nullptr ? "" : std::string(field->value)};
}

TEST(MaxForwards, IsCountedDownForOptionsAndTrace) {
  for (auto method : {Method::options, Method::trace}) {
    EXPECT_EQ(count_down(method, {}).hops, Hops::forward);
    EXPECT_EQ(count_down(method, {{"Max-Forwards", "0"}}).hops, Hops::answer_here);
    EXPECT_EQ(count_down(method, {{"Max-Forwards", "000"}}).hops, Hops::answer_here);
    const auto ten = count_down(method, {{"max-forwards", "10"}});
    EXPECT_EQ(ten.hops, Hops::forward);
    EXPECT_EQ(ten.left, "9");
    EXPECT_EQ(count_down(method, {{"Max-Forwards", "99999999999999999999"}}).left, "4294967294");
  }
}

TEST(MaxForwards, MustBeOneNumber) {
  for (auto value : {"", "-1", "+1", "1.0", "1, 1", "x", "1x"})
    EXPECT_FALSE(count_down(Method::options, {{"Max-Forwards", value}}).hops) << value;
  EXPECT_FALSE(count_down(Method::options, {{"Max-Forwards", "1"}, {"Max-Forwards", "1"}}).hops);
}

TEST(MaxForwards, IsNobodysBusinessOtherwise) {
  const auto got = count_down(Method::get, {{"Max-Forwards", "x"}});
  EXPECT_EQ(got.hops, Hops::forward);
  EXPECT_EQ(got.left, "x");
}

}  // namespace
}  // namespace penstock::http
