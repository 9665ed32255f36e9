#include "schema/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "schema/decode.h"
#include "schema/reference.h"

namespace penstock::schema {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Account {
  std::string user;
  Secret password;
  std::vector<Secret> keys;

  static constexpr auto describe() {
    using C = Account;
    return object(field("user", &C::user, "Who."), field("password", &C::password, "What."),
                  field("keys", &C::keys, "More."));
  }
};

std::expected<FoundSecret, std::string> source(const SecretName& name) {
  if (name.name == "PENSTOCK_SECRET_OPEN") return FoundSecret{"s3cret", "which all may read"};
  if (name.name == "db/password") return FoundSecret{"hunter2"};
  return std::unexpected("a secret that is there");
}

struct Decoded {
  Account account;
  std::vector<std::string> findings;
};

Decoded decode(std::string_view yaml, const SecretSource& secrets = source) {
  Findings findings({"f"});
  Decoded decoded;
  auto node = parse(yaml, Syntax::yaml, 0, findings);
  EXPECT_TRUE(node);
  expand(
      *node,
      [](std::string_view name) -> std::optional<std::string> {
        if (name == "WORD") return "plain";
        return std::nullopt;
      },
      findings);
  schema::decode(*node, decoded.account, {}, secrets, findings);
  for (const auto& finding : findings.take()) decoded.findings.push_back(to_text(finding));
  return decoded;
}

TEST(Secret, IsNamedByTheDocumentAndLookedUp) {
  const auto decoded = decode("password: ${file:db/password}\nkeys: [ '${file:db/password}' ]");
  EXPECT_THAT(decoded.findings, IsEmpty());
  EXPECT_EQ(decoded.account.password.reveal(), "hunter2");
  EXPECT_EQ(decoded.account.password.reference(), "${file:db/password}");
  EXPECT_EQ(decoded.account.keys.at(0).reveal(), "hunter2");
}

TEST(Secret, TellsWhatIsNotGoodAboutItsHome) {
  const auto decoded = decode("password: ${PENSTOCK_SECRET_OPEN}");
  EXPECT_THAT(
      decoded.findings,
      ElementsAre("f:1:11 password: found \"${PENSTOCK_SECRET_OPEN}\", which all may read"));
  EXPECT_EQ(decoded.account.password.reveal(), "s3cret");
}

TEST(Secret, IsRefusedInPlainTextAndNotShown) {
  const std::string refused =
      "f:1:11 password: found a secret in plain text, expected a secret's name: ${file:NAME} or "
      "${PENSTOCK_SECRET_NAME}";
  for (const auto* plain : {"hunter2", "'hunter2'", "12345", "''", "${WORD}", "${X:-hunter2}"})
    EXPECT_THAT(decode(std::string("password: ") + plain).findings, ElementsAre(refused)) << plain;
  EXPECT_THAT(decode("password: [ hunter2 ]").findings,
              ElementsAre("f:1:11 password: found a list, expected a secret's name: ${file:NAME} "
                          "or ${PENSTOCK_SECRET_NAME}"));
}

TEST(Secret, HasANameThatLeadsNowhereElse) {
  for (const auto* bad :
       {"${file:../x}", "${file:a/../x}", "${file:/etc/passwd}", "${file:}", "${file:a//b}",
        "${file:.}", "${file:a b}", "${file:x:-hunter2}", "${PENSTOCK_SECRET_}",
        "${PENSTOCK_SECRET_A:-hunter2}", "${PENSTOCK_SECRET_A-B}"})
    EXPECT_THAT(decode(std::string("password: '") + bad + '\'').findings,
                ElementsAre("f:1:11 password: found a name that no secret has, expected a secret's "
                            "name: ${file:NAME} or ${PENSTOCK_SECRET_NAME}"))
        << bad;
}

TEST(Secret, StandsAloneAndOnlyWhereOneIsMeant) {
  EXPECT_THAT(decode("user: ${file:db/password}").findings,
              ElementsAre("f:1:7 user: found a secret, expected text: this value is no secret, and "
                          "it could be shown"));
  for (const auto* part : {"x${file:db/password}", "${file:a} ${file:b}",
                           "${PENSTOCK_SECRET_OPEN}x", "${WORD}${PENSTOCK_SECRET_OPEN:-x}"})
    EXPECT_THAT(decode(std::string("user: ") + part).findings,
                ElementsAre("f:1:7 user: found a secret within a text, expected it to be the whole "
                            "value"))
        << part;
}

TEST(Secret, IsAnErrorWhenItIsNotThere) {
  EXPECT_THAT(
      decode("password: ${file:none}").findings,
      ElementsAre("f:1:11 password: found \"${file:none}\", expected a secret that is there"));
  EXPECT_THAT(
      decode("password: ${file:db/password}", {}).findings,
      ElementsAre("f:1:11 password: found \"${file:db/password}\", expected no secret: none "
                  "can be looked up here"));
}

TEST(Secret, HasAPatternInTheSchemaAndNoValueInTheReference) {
  EXPECT_THAT(json_schema(kType<Account>, "Account"), testing::HasSubstr("PENSTOCK_SECRET_"));
  EXPECT_THAT(reference(kType<Account>, "Account", 1),
              testing::HasSubstr("| `password` | a secret's name: ${file:NAME} or "
                                 "${PENSTOCK_SECRET_NAME} |  |"));
}

}  // namespace
}  // namespace penstock::schema
