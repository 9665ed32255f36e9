#include "net/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <new>
#include <unordered_set>

namespace penstock {
namespace {

std::string ip_text(std::string_view text) {
  const auto ip = IpAddress::parse(text);
  return ip ? ip->to_text() : "refused";
}

TEST(IpAddress, ReadsAndWritesItsCanonicalForm) {
  EXPECT_EQ(ip_text("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(ip_text("255.255.255.255"), "255.255.255.255");
  EXPECT_EQ(ip_text("0.0.0.0"), "0.0.0.0");
  EXPECT_EQ(ip_text("::"), "::");
  EXPECT_EQ(ip_text("::1"), "::1");
  EXPECT_EQ(ip_text("2001:DB8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
}

TEST(IpAddress, IsIpv4WhenMapped) {
  EXPECT_EQ(ip_text("::ffff:10.1.2.3"), "10.1.2.3");
  EXPECT_EQ(ip_text("::ffff:a01:203"), "10.1.2.3");
  EXPECT_EQ(IpAddress::parse("::ffff:10.1.2.3"), IpAddress::v4(0x0a010203));
  EXPECT_TRUE(IpAddress::parse("::ffff:0.0.0.0")->is_v4());
  EXPECT_FALSE(IpAddress::parse("::10.1.2.3")->is_v4());
}

TEST(IpAddress, RefusesWhatIsNearlyOne) {
  using std::string_view_literals::operator""sv;
  for (auto text : {""sv,
                    "1"sv,
                    "1.2.3"sv,
                    "1.2.3.4.5"sv,
                    "1.2.3.4."sv,
                    ".1.2.3.4"sv,
                    "01.2.3.4"sv,
                    "1.2.3.256"sv,
                    "1.2.3.-4"sv,
                    "1.2.3.4 "sv,
                    " 1.2.3.4"sv,
                    "0x7f.0.0.1"sv,
                    "1..2.3"sv,
                    "1.2.3.4\0"sv,
                    "::1\0"sv,
                    ":"sv,
                    ":::"sv,
                    "[::1]"sv,
                    "fe80::1%eth0"sv,
                    "1::2::3"sv,
                    "12345::"sv,
                    "::ffff:1.2.3"sv,
                    "a.b.c.d"sv,
                    "1:2:3:4:5:6:7:8:9"sv})
    EXPECT_EQ(ip_text(text), "refused") << text;
}

TEST(Address, ReadsBackWhatItWrites) {
  for (auto text : {"127.0.0.1:8080", "0.0.0.0:0", "[::]:8443", "[2001:db8::1]:65535",
                    "unix:/run/penstock.sock"}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address) << text << ": " << address.error();
    EXPECT_EQ(address->to_text(), text);
    EXPECT_EQ(Address::from(address->raw(), address->raw_size()), *address);
  }
}

TEST(Address, HasNoZoneWhateverStoodInItsPlace) {
  alignas(Address) std::array<std::byte, sizeof(Address)> place;
  place.fill(std::byte{0xff});
  const auto* const address = new (place.data()) Address(*IpAddress::parse("::1"), 80);
  EXPECT_EQ(address->to_text(), "[::1]:80");
}

TEST(Address, KnowsItsParts) {
  const auto v4 = *Address::parse("10.0.0.1:80");
  EXPECT_EQ(v4.ip(), IpAddress::v4(0x0a000001));
  EXPECT_EQ(v4.port(), 80);
  EXPECT_EQ(v4.family(), AF_INET);
  EXPECT_TRUE(v4.path().empty());
  const auto un = *Address::parse("unix:/a");
  EXPECT_TRUE(un.is_unix());
  EXPECT_FALSE(un.ip());
  EXPECT_EQ(un.path(), "/a");
  EXPECT_TRUE(Address().empty());
  EXPECT_EQ(Address().to_text(), "-");
}

TEST(Address, SaysWhatToWriteInstead) {
  const auto error = [](std::string_view text) {
    const auto address = Address::parse(text);
    return address ? "accepted" : address.error();
  };
  EXPECT_NE(error("127.0.0.1").find("a port is missing"), std::string::npos);
  EXPECT_NE(error("[::1]").find("a port is missing"), std::string::npos);
  EXPECT_NE(error("::1:80").find("needs brackets"), std::string::npos);
  EXPECT_NE(error("localhost:80").find("no IP address"), std::string::npos);
  EXPECT_NE(error(":80").find("no IP address"), std::string::npos);
  EXPECT_NE(error("[]:80").find("no IP address"), std::string::npos);
  EXPECT_NE(error("[127.0.0.1]:80").find("no IP address"), std::string::npos);
  EXPECT_NE(error("127.0.0.1:").find("from 0 to 65535"), std::string::npos);
  EXPECT_NE(error("127.0.0.1:65536").find("from 0 to 65535"), std::string::npos);
  EXPECT_NE(error("127.0.0.1:080").find("from 0 to 65535"), std::string::npos);
  EXPECT_NE(error("127.0.0.1:+80").find("from 0 to 65535"), std::string::npos);
  EXPECT_NE(error("unix:run/x").find("absolute"), std::string::npos);
  EXPECT_NE(error("unix:/" + std::string(200, 'x')).find("at most 107 bytes"), std::string::npos);
}

TEST(Address, OfADualStackSocketNamesTheSameClient) {
  sockaddr_in6 mapped{};
  mapped.sin6_family = AF_INET6;
  mapped.sin6_port = htons(4000);
  ASSERT_EQ(inet_pton(AF_INET6, "::ffff:192.0.2.1", &mapped.sin6_addr), 1);
  const auto address = Address::from(reinterpret_cast<const sockaddr*>(&mapped), sizeof(mapped));
  EXPECT_EQ(address.to_text(), "192.0.2.1:4000");
  EXPECT_EQ(address.ip(), IpAddress::parse("192.0.2.1"));
}

TEST(Address, OfAnUnnamedOrShortPeerIsHarmless) {
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  const auto* raw = reinterpret_cast<const sockaddr*>(&un);
  EXPECT_EQ(Address::from(raw, sizeof(sa_family_t)).to_text(), "unix:");
  EXPECT_TRUE(Address::from(raw, 0).empty());
  EXPECT_TRUE(Address::from(nullptr, 0).empty());
  std::strcpy(un.sun_path, "/x");
  EXPECT_EQ(Address::from(raw, sizeof(un)), *Address::parse("unix:/x"));
  sockaddr_in in{};
  in.sin_family = AF_INET;
  EXPECT_TRUE(Address::from(reinterpret_cast<const sockaddr*>(&in), 4).empty());
}

TEST(Address, IsAKey) {
  std::unordered_set<Address> set{*Address::parse("10.0.0.1:80"), *Address::parse("10.0.0.1:81"),
                                  *Address::parse("[::1]:80"), *Address::parse("unix:/a")};
  EXPECT_EQ(set.size(), 4U);
  EXPECT_TRUE(set.contains(*Address::parse("10.0.0.1:81")));
  EXPECT_LT(*Address::parse("10.0.0.1:80"), *Address::parse("10.0.0.2:1"));
  EXPECT_NE(*Address::parse("10.0.0.1:80"), *Address::parse("unix:/a"));
}

TEST(Cidr, HoldsItsNetworkAndNothingElse) {
  const auto net = *Cidr::parse("10.0.0.0/8");
  EXPECT_TRUE(net.contains(*IpAddress::parse("10.0.0.0")));
  EXPECT_TRUE(net.contains(*IpAddress::parse("10.255.255.255")));
  EXPECT_TRUE(net.contains(*IpAddress::parse("::ffff:10.1.1.1")));
  EXPECT_FALSE(net.contains(*IpAddress::parse("11.0.0.0")));
  EXPECT_FALSE(net.contains(*IpAddress::parse("9.255.255.255")));
  const auto v6 = *Cidr::parse("2001:db8::/33");
  EXPECT_TRUE(v6.contains(*IpAddress::parse("2001:db8:7fff::1")));
  EXPECT_FALSE(v6.contains(*IpAddress::parse("2001:db8:8000::1")));
  EXPECT_TRUE(Cidr::parse("::1")->contains(*IpAddress::parse("::1")));
  EXPECT_FALSE(Cidr::parse("::1")->contains(*IpAddress::parse("::2")));
}

TEST(Cidr, OfIpv6NeverHoldsIpv4) {
  EXPECT_TRUE(Cidr::parse("::/0")->contains(*IpAddress::parse("2001:db8::1")));
  EXPECT_FALSE(Cidr::parse("::/0")->contains(*IpAddress::parse("10.0.0.1")));
  EXPECT_FALSE(Cidr::parse("0.0.0.0/0")->contains(*IpAddress::parse("::1")));
  EXPECT_TRUE(Cidr::parse("::ffff:10.0.0.0/104")->contains(*IpAddress::parse("10.9.9.9")));
}

TEST(Cidr, ReadsBackWhatItWrites) {
  for (auto text : {"0.0.0.0/0", "10.0.0.0/8", "10.1.2.3/32", "::/0", "2001:db8::/32", "::1/128"})
    EXPECT_EQ(Cidr::parse(text)->to_text(), text);
  EXPECT_EQ(Cidr::parse("10.1.2.3")->to_text(), "10.1.2.3/32");
  EXPECT_EQ(Cidr::parse("::ffff:10.0.0.0/104")->to_text(), "10.0.0.0/8");
}

TEST(Cidr, RefusesHostBitsAndSaysWhatWasMeant) {
  const auto error = Cidr::parse("10.1.2.3/8").error();
  EXPECT_NE(error.find("`10.0.0.0/8`"), std::string::npos) << error;
  EXPECT_NE(Cidr::parse("2001:db8::1/32").error().find("`2001:db8::/32`"), std::string::npos);
  for (auto text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "::/129",
                    "10.0.0.0/8/8", "10.0/8", "example.com"})
    EXPECT_FALSE(Cidr::parse(text)) << text;
}

TEST(CidrSet, AnswersAsItsMembersWould) {
  const std::vector<std::string> texts{"10.0.0.0/8",    "10.1.0.0/16", "192.168.1.1", "192.168.1.2",
                                       "2001:db8::/32", "::/0",        "0.0.0.0/32",  "10.0.0.0/9"};
  const auto set = *CidrSet::parse(texts);
  std::vector<Cidr> cidrs;
  for (const auto& text : texts) cidrs.push_back(*Cidr::parse(text));
  for (auto text : {"0.0.0.0", "0.0.0.1", "9.255.255.255", "10.0.0.0", "10.200.0.1", "11.0.0.0",
                    "192.168.1.0", "192.168.1.1", "192.168.1.2", "192.168.1.3", "::", "ffff::"}) {
    const auto ip = *IpAddress::parse(text);
    bool any = false;
    for (const auto& cidr : cidrs) any = any || cidr.contains(ip);
    EXPECT_EQ(set.contains(ip), any) << text;
  }
  EXPECT_FALSE(CidrSet().contains(*IpAddress::parse("::1")));
  EXPECT_TRUE(CidrSet().empty());
  EXPECT_FALSE(CidrSet::parse(std::vector<std::string>{"10.0.0.0/8", "x"}));
}

TEST(IpAddress, KnowsWhichAreThisMachineAlone) {
  for (const auto* const text : {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"})
    EXPECT_TRUE(IpAddress::parse(text)->is_loopback()) << text;
  for (const auto* const text : {"0.0.0.0", "128.0.0.1", "10.0.0.127", "::", "::2", "fe80::1"})
    EXPECT_FALSE(IpAddress::parse(text)->is_loopback()) << text;
}

}  // namespace
}  // namespace penstock
