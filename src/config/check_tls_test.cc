#include "config/check_tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/load.h"
#include "net/tls/test_certificates.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// What is said of a file with a listener and a service that have these `tls`.
std::vector<std::string> said(const std::string& listener_tls, const std::string& service_tls) {
  const auto loaded = load_text(
      "gw.yaml",
      "listeners: [ { name: a, address: '1.2.3.4:1'" + listener_tls + " } ]\n" +
          "services: [ { serviceName: s, instances: [ { host: h, port: 1 } ]" + service_tls +
          " } ]\n" +
          "routes: [ { routeId: r, path: /, upstreamService: s, authRequired: false } ]\n",
      [](std::string_view) -> std::optional<std::string> { return std::nullopt; });
  std::vector<std::string> texts;
  for (const auto& finding : loaded.findings) {
    const bool warning = finding.severity == schema::Severity::warning;
    texts.push_back((warning ? "warning: " : "") + to_text(finding));
  }
  return texts;
}
std::vector<std::string> said_of_pair(const std::string& certificate, const std::string& key) {
  return said(
      ", tls: { certificates: [ { certFile: '" + certificate + "', keyFile: '" + key + "' } ] }",
      "");
}

TEST(CheckTls, HasNothingToSayOfAGoodPair) {
  const TestCertificate made;
  EXPECT_THAT(said_of_pair(made.files().certificate, made.files().key), IsEmpty());
}

TEST(CheckTls, PointsAtTheFileThatIsWrong) {
  const TestCertificate made;
  const TestCertificate other;
  EXPECT_THAT(said_of_pair(made.files().certificate, other.files().key),
              ElementsAre(testing::AllOf(StartsWith("gw.yaml:1:"),
                                         HasSubstr(" listeners[0].tls.certificates[0].keyFile: "
                                                   "found \"" +
                                                   other.files().key + "\": its key does not "),
                                         HasSubstr(made.files().certificate))));
  EXPECT_THAT(said_of_pair("/nowhere", made.files().key),
              ElementsAre(HasSubstr("listeners[0].tls.certificates[0].certFile: found "
                                    "\"/nowhere\": it cannot be read: No such file")));
}

TEST(CheckTls, WarnsOfAnExpiredCertificate) {
  const TestCertificate expired({.valid_from = -7200, .valid_to = -3600});
  EXPECT_THAT(said_of_pair(expired.files().certificate, expired.files().key),
              ElementsAre(testing::AllOf(StartsWith("warning: "), HasSubstr(".certFile: found "),
                                         HasSubstr("expired"))));
}

TEST(CheckTls, WantsACertificateAtTheLeast) {
  EXPECT_THAT(said(", tls: { }", ""),
              ElementsAre(HasSubstr("listeners[0].tls.certificates: found no such key")));
  EXPECT_THAT(said(", tls: { certificates: [] }", ""),
              ElementsAre(HasSubstr("listeners[0].tls.certificates: found ")));
}

TEST(CheckTls, ClientsCertificatesAreForALaterRelease) {
  EXPECT_THAT(said(", tls: { clientAuth: { mode: required }, certificates: [] }", "").front(),
              HasSubstr("found the key \"clientAuth\", which this release does not serve"));
}

TEST(CheckTls, LooksAtAServicesFiles) {
  const TestCertificate made;
  EXPECT_THAT(said("", ", tls: { caFile: '" + made.files().certificate +
                           "', serverName: orders.internal, certFile: '" +
                           made.files().certificate + "', keyFile: '" + made.files().key + "' }"),
              IsEmpty());
  EXPECT_THAT(said("", ", tls: { caFile: /nowhere }"),
              ElementsAre(HasSubstr("services[0].tls.caFile: found \"/nowhere\": it cannot be")));
  EXPECT_THAT(said("", ", tls: { serverName: 'a b' }"),
              ElementsAre(HasSubstr("services[0].tls.serverName: found \"a b\", expected a host")));
  EXPECT_THAT(said("", ", tls: { certFile: '" + made.files().certificate + "' }"),
              ElementsAre(HasSubstr("services[0].tls.certFile: found a certificate without")));
  EXPECT_THAT(said("", ", tls: { keyFile: '" + made.files().key + "' }"),
              ElementsAre(HasSubstr("services[0].tls.keyFile: found a key without")));
  EXPECT_THAT(said("", ", tls: { verify: false }"), ElementsAre(StartsWith("warning: gw.yaml:2:")));
}

}  // namespace
}  // namespace penstock
