#include "control/tls_material.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "net/tls/test_certificates.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A listener and a service whose files a test may change.
class TlsMaterialTest : public ::testing::Test {
 protected:
  TlsMaterialTest() {
    listeners_[0].name.value = "public";
    listeners_[0].tls.emplace();
    listeners_[0].tls->certificates.push_back(
        {{certificate_.files().certificate, {}}, {certificate_.files().key, {}}, {}});
    services_[0].service_name.value = "orders";
    services_[0].tls.emplace();
    services_[0].tls->ca_file.value = authority_.files().certificate;
  }

  TlsMaterial load(const TlsMaterial& before = {}) {
    auto loaded = load_tls(listeners_, services_, before, workers_);
    EXPECT_TRUE(loaded.has_value()) << (loaded ? "" : loaded.error());
    return loaded ? std::move(*loaded) : TlsMaterial{};
  }
  // In one step, as careful people do it.
  static void replace(const std::string& file, const std::string& by) {
    std::filesystem::copy(by, file + ".new");
    std::filesystem::rename(file + ".new", file);
  }

  TlsWorkers workers_{2, Instant{}};
  TestCertificate certificate_;
  TestCertificate newer_;
  TestCertificate authority_{{.names = {}, .authority = true}};
  std::vector<ListenerConfig> listeners_ = std::vector<ListenerConfig>(1);
  std::vector<ServiceConfig> services_ = std::vector<ServiceConfig>(1);
};

TEST_F(TlsMaterialTest, IsFoundByName) {
  const auto tls = load();
  EXPECT_NE(tls.of_listener("public"), nullptr);
  EXPECT_EQ(tls.of_listener("other"), nullptr);
  EXPECT_NE(tls.of_service("orders"), nullptr);
  EXPECT_EQ(tls.of_service("other"), nullptr);
}

TEST_F(TlsMaterialTest, WhatHasNotChangedStays) {
  const auto first = load();
  const auto second = load(first);
  EXPECT_EQ(first.of_listener("public"), second.of_listener("public"));
  EXPECT_FALSE(second.services_differ(first));
  listeners_[0].tls->min_version = TlsVersion::tls13;
  services_[0].tls->server_name.value = "orders.internal";
  const auto third = load(second);
  EXPECT_NE(third.of_listener("public"), second.of_listener("public"));
  EXPECT_TRUE(third.services_differ(second));
}

TEST_F(TlsMaterialTest, TheWrongFileIsNamed) {
  std::filesystem::remove(certificate_.files().key);
  const auto loaded = load_tls(listeners_, services_, {}, workers_);
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error(), "public: " + certificate_.files().key +
                                ": it cannot be read: No such file or directory");
}

TEST_F(TlsMaterialTest, AChangeIsSeenOnceItHasSettled) {
  auto tls = load();
  TlsLook look;
  EXPECT_FALSE(look.changed(tls));
  EXPECT_FALSE(look.changed(tls));
  replace(certificate_.files().certificate, newer_.files().certificate);
  EXPECT_FALSE(look.changed(tls)) << "the key may be on its way";
  replace(certificate_.files().key, newer_.files().key);
  EXPECT_FALSE(look.changed(tls));
  EXPECT_TRUE(look.changed(tls));
  auto again = load_again(tls, workers_);
  EXPECT_TRUE(again.faults.empty());
  EXPECT_NE(again.tls.of_listener("public"), tls.of_listener("public"));
  EXPECT_FALSE(again.tls.services_differ(tls));
  EXPECT_FALSE(look.changed(again.tls));
}

TEST_F(TlsMaterialTest, ABadFileLeavesWhatWasMadeAndIsToldOnce) {
  auto tls = load();
  TlsLook look;
  look.changed(tls);
  replace(certificate_.files().certificate, newer_.files().certificate);
  replace(authority_.files().certificate, newer_.files().certificate);
  look.changed(tls);
  ASSERT_TRUE(look.changed(tls));
  auto again = load_again(tls, workers_);
  EXPECT_THAT(again.faults, ElementsAre(HasSubstr("does not belong to the certificate")));
  EXPECT_EQ(again.tls.of_listener("public"), tls.of_listener("public"));
  EXPECT_TRUE(again.tls.services_differ(tls)) << "the other file is good";
  look.refuse();
  EXPECT_FALSE(look.changed(again.tls));
  replace(certificate_.files().key, newer_.files().key);
  look.changed(again.tls);
  EXPECT_TRUE(look.changed(again.tls));
  EXPECT_TRUE(load_again(again.tls, workers_).faults.empty());
}

}  // namespace
}  // namespace penstock
