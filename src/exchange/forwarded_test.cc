#include "exchange/forwarded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Lines = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// Trusts 10/8 and fd00::/8. Requests arrive over http at port 8080, asking for `api.example`.
class ForwardedTest : public testing::Test {
 protected:
  ForwardedTest() {
    const std::vector<std::string> texts{"10.0.0.0/8", "fd00::/8"};
    trusted = *CidrSet::parse(texts);
  }

  Forwarded find(std::string_view peer_text, Lines lines) {
    peer = *Address::parse(peer_text);
    fields.clear();
    for (const auto& [name, value] : lines) fields.add(name, value);
    return find_client({.peer = peer, .scheme = "http", .host = "api.example", .port = 8080},
                       trusted, fields, arena);
  }
  std::string client(std::string_view header, std::string_view value) {
    return std::string(find("10.0.0.1:5000", {{header, value}}).client_text);
  }
  std::vector<std::string> sent(const Forwarded& forwarded) {
    write_forwarded(forwarded, fields);
    std::vector<std::string> out;
    for (const auto& field : fields)
      out.push_back(std::string(field.name) + ": " + std::string(field.value));
    return out;
  }

  CidrSet trusted;
  Address peer;
  http::Fields fields;
  Arena arena;
};

TEST_F(ForwardedTest, AStrangersWordIsIgnoredAndOverwritten) {
  const auto found = find("192.0.2.9:5000", {{"X-Forwarded-For", "1.1.1.1"},
                                             {"Forwarded", "for=2.2.2.2;proto=https;host=evil"},
                                             {"X-Real-IP", "3.3.3.3"},
                                             {"X-Forwarded-Proto", "https"},
                                             {"X-Forwarded-Host", "evil"},
                                             {"X-Forwarded-Port", "1"},
                                             {"X-Forwarded-Prefix", "/x"},
                                             {"x-forwarded-client-cert", "x"},
                                             {"Accept", "*/*"}});
  EXPECT_EQ(found.client_text, "192.0.2.9");
  EXPECT_EQ(found.client, IpAddress::parse("192.0.2.9"));
  EXPECT_FALSE(found.peer_trusted);
  EXPECT_THAT(sent(found),
              ElementsAre("Accept: */*", "X-Forwarded-For: 192.0.2.9", "X-Forwarded-Proto: http",
                          "X-Forwarded-Host: api.example", "X-Forwarded-Port: 8080"));
}

TEST_F(ForwardedTest, ATrustedPeersWordIsKeptAndAppendedTo) {
  const auto found = find("10.0.0.1:5000", {{"X-Forwarded-For", "6.6.6.6, 192.0.2.7"},
                                            {"X-Forwarded-For", "10.0.0.2"},
                                            {"X-Forwarded-Proto", "https"},
                                            {"X-Forwarded-Host", "shop.example:8443"},
                                            {"X-Forwarded-Prefix", "/shop"},
                                            {"X-Real-IP", "6.6.6.6"},
                                            {"Forwarded", "for=6.6.6.6"}});
  EXPECT_EQ(found.client_text, "192.0.2.7");
  EXPECT_TRUE(found.peer_trusted);
  EXPECT_THAT(sent(found),
              ElementsAre("X-Forwarded-Prefix: /shop",
                          "X-Forwarded-For: 6.6.6.6, 192.0.2.7, 10.0.0.2, 10.0.0.1",
                          "X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example:8443",
                          "X-Forwarded-Port: 8443"));
}

TEST_F(ForwardedTest, TheWalkEndsAtTheFirstAddressNotTrusted) {
  EXPECT_EQ(client("X-Forwarded-For", "192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(client("X-Forwarded-For", "6.6.6.6,192.0.2.7 ,\t10.2.2.2,10.3.3.3"), "192.0.2.7");
  EXPECT_EQ(client("X-Forwarded-For", "10.2.2.2, 10.3.3.3"), "10.2.2.2");
  EXPECT_EQ(client("X-Forwarded-For", "2001:db8::7, fd00::1"), "2001:db8::7");
  EXPECT_EQ(client("X-Forwarded-For", "[2001:DB8::7]:443"), "2001:db8::7");
  EXPECT_EQ(client("X-Forwarded-For", "192.0.2.7:1234"), "192.0.2.7");
  EXPECT_EQ(client("X-Forwarded-For", "::ffff:192.0.2.7, ::ffff:10.1.1.1"), "192.0.2.7");
  EXPECT_EQ(client("X-Forwarded-For", ", 192.0.2.7,, "), "192.0.2.7");
  EXPECT_EQ(client("X-Forwarded-For", ""), "10.0.0.1");
  EXPECT_EQ(client("Accept", "*/*"), "10.0.0.1");
}

TEST_F(ForwardedTest, TheWalkStopsBeforeWhatIsNoAddress) {
  for (auto bad :
       {"x", "1.2.3", "unknown", "_hidden", "\"1.2.3.4\"", "1.2.3.4:x", "1.2.3.4:", "1.2.3.4:70000",
        "[1.2.3.4]", "[::1", "::1]:1", "1.2.3.4 5.6.7.8", "010.1.1.1"}) {
    EXPECT_EQ(client("X-Forwarded-For", bad), "10.0.0.1") << bad;
    EXPECT_EQ(client("X-Forwarded-For", "192.0.2.7, " + std::string(bad) + ", 10.4.4.4"),
              "10.4.4.4")
        << bad;
  }
}

TEST_F(ForwardedTest, ForwardedIsReadAsTheRfcWritesIt) {
  EXPECT_EQ(client("Forwarded", "for=192.0.2.43"), "192.0.2.43");
  EXPECT_EQ(client("Forwarded", "For=\"[2001:db8:cafe::17]:4711\""), "2001:db8:cafe::17");
  EXPECT_EQ(client("Forwarded", "for=192.0.2.60;proto=http;by=203.0.113.43"), "192.0.2.60");
  EXPECT_EQ(client("Forwarded", "for=192.0.2.43, for=\"[fd00::1]\""), "192.0.2.43");
  EXPECT_EQ(client("Forwarded", "for=192.0.2.43 , by=\"a,\\\"b\";for=10.1.1.1"), "192.0.2.43");
  EXPECT_EQ(client("Forwarded", "for=\"\\1\\9\\2.0.2.43:_port\""), "192.0.2.43");
  EXPECT_EQ(client("Forwarded", "for=192.0.2.43:80;;proto=http;"), "192.0.2.43");
  EXPECT_EQ(client("Forwarded", ",, for=192.0.2.43,"), "192.0.2.43");
}

TEST_F(ForwardedTest, ForwardedStopsAtWhatHidesOrIsBroken) {
  for (auto bad : {"for=unknown", "for=_SEVKISEK", "by=10.1.1.1", "for=", "for=\"1.2.3.4", "for",
                   "for=192.0.2.1;for=192.0.2.2", "for = 192.0.2.1", "for=192.0.2.1 x", "=1",
                   "for=\"192.0.2.1\"x", "for=\"\\"})
    EXPECT_EQ(client("Forwarded", bad), "10.0.0.1") << bad;
  EXPECT_EQ(client("Forwarded", "for=192.0.2.7, for=_x, for=10.4.4.4"), "10.4.4.4");
}

TEST_F(ForwardedTest, AnOpenQuoteCannotSwallowWhatAProxyAppended) {
  EXPECT_EQ(client("Forwarded", "for=6.6.6.6;x=\", for=192.0.2.7"), "10.0.0.1");
  EXPECT_EQ(client("Forwarded", "for=6.6.6.6;x=\", for=\"192.0.2.7\""), "10.0.0.1");
  const auto found =
      find("10.0.0.1:1", {{"Forwarded", "for=\"6.6.6.6"}, {"Forwarded", "for=10.4.4.4"}});
  EXPECT_EQ(found.client_text, "10.4.4.4");
}

TEST_F(ForwardedTest, ForwardedIsHandedOnAsXForwarded) {
  const auto found =
      find("10.0.0.1:1", {{"Forwarded", "for=6.6.6.6;host=evil"},
                          {"Forwarded",
                           "for=\"[2001:db8::1]:9\";proto=HTTPS;host=\"shop.example\", "
                           "for=10.1.1.1;proto=http;host=inner"},
                          {"X-Forwarded-Proto", "http"}});
  EXPECT_EQ(found.client_text, "2001:db8::1");
  EXPECT_THAT(sent(found), ElementsAre("X-Forwarded-For: 2001:db8::1, 10.1.1.1, 10.0.0.1",
                                       "X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example",
                                       "X-Forwarded-Port: 443"));
}

TEST_F(ForwardedTest, XForwardedForWinsOverForwarded) {
  const auto found = find(
      "10.0.0.1:1", {{"Forwarded", "for=6.6.6.6;proto=https"}, {"X-Forwarded-For", "192.0.2.7"}});
  EXPECT_EQ(found.client_text, "192.0.2.7");
  EXPECT_EQ(found.scheme, "http");
}

TEST_F(ForwardedTest, OnlyTheNearestElementsCount) {
  std::string list = "192.0.2.7";
  for (std::size_t i = 0; i < kMaxForwardedElements; ++i) list += ", 10.9.9.9";
  const auto found = find("10.0.0.1:1", {{"X-Forwarded-For", list}});
  EXPECT_EQ(found.client_text, "10.9.9.9");
  EXPECT_EQ(std::ranges::count(found.chain, ','), static_cast<int>(kMaxForwardedElements));
  EXPECT_TRUE(found.chain.ends_with("10.9.9.9, 10.0.0.1"));
  EXPECT_FALSE(found.chain.contains("192.0.2.7"));
}

TEST_F(ForwardedTest, ClaimsAreTakenOnlyWhenWellFormed) {
  const auto found = find("10.0.0.1:1", {{"X-Forwarded-Proto", "gopher"},
                                         {"X-Forwarded-Host", "a b"},
                                         {"X-Forwarded-Port", "99999"}});
  EXPECT_EQ(found.scheme, "http");
  EXPECT_EQ(found.host, "api.example");
  EXPECT_EQ(found.port, "8080");
  const auto listed = find("10.0.0.1:1", {{"X-Forwarded-Proto", "http, wss"},
                                          {"X-Forwarded-Host", "evil, shop.example"},
                                          {"X-Forwarded-Port", "1, 444"}});
  EXPECT_EQ(listed.scheme, "https");
  EXPECT_EQ(listed.host, "shop.example");
  EXPECT_EQ(listed.port, "444");
  EXPECT_EQ(find("10.0.0.1:1", {{"X-Forwarded-Host", "[2001:db8::1]"}}).port, "80");
}

TEST_F(ForwardedTest, AUnixPeerHasNoAddress) {
  const auto found = find("unix:/run/x", {{"X-Forwarded-For", "1.1.1.1"}});
  EXPECT_FALSE(found.client);
  EXPECT_EQ(found.client_text, "unix");
  EXPECT_FALSE(found.peer_trusted);
  EXPECT_THAT(sent(found), ElementsAre("X-Forwarded-Proto: http", "X-Forwarded-Host: api.example",
                                       "X-Forwarded-Port: 8080"));
}

TEST(RequestId, IsKeptFromTrustedPeersWhenSane) {
  const auto choose = [](std::string_view value, bool trusted) {
    http::Fields fields;
    fields.add("X-Request-ID", value);
    return std::string(choose_request_id(fields, trusted, "fresh"));
  };
  EXPECT_EQ(choose("abc-1.2_3", true), "abc-1.2_3");
  EXPECT_EQ(choose("abc", false), "fresh");
  EXPECT_EQ(choose("", true), "fresh");
  EXPECT_EQ(choose("a b", true), "fresh");
  EXPECT_EQ(choose("a\"b", true), "fresh");
  EXPECT_EQ(choose(std::string(kMaxRequestId, 'a'), true), std::string(kMaxRequestId, 'a'));
  EXPECT_EQ(choose(std::string(kMaxRequestId + 1, 'a'), true), "fresh");
}

TEST(RequestId, IsMadeWhenThereIsNoneOrTwo) {
  http::Fields fields;
  EXPECT_EQ(choose_request_id(fields, true, "fresh"), "fresh");
  fields.add("X-Request-Id", "a");
  fields.add("X-Request-Id", "a");
  EXPECT_EQ(choose_request_id(fields, true, "fresh"), "fresh");
}

}  // namespace
}  // namespace penstock
