#include "config/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "config/load.h"

namespace penstock {
namespace {

using schema::SecretName;
using testing::EndsWith;
using testing::HasSubstr;

class SecretFiles : public testing::Test {
 protected:
  SecretFiles() {
    std::string text =
        (std::filesystem::temp_directory_path() / "penstock-secrets-XXXXXX").string();
    folder_ = mkdtemp(text.data());
    std::filesystem::create_directory(folder_ + "/secrets");
  }
  ~SecretFiles() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    const auto path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
  }

  schema::SecretSource source() const {
    return secret_source({folder_ + "/secrets"},
                         [](std::string_view name) -> std::optional<std::string> {
                           if (name == "PENSTOCK_SECRET_A") return "from the environment";
                           if (name == "PENSTOCK_SECRET_EMPTY") return "";
                           return std::nullopt;
                         });
  }
  auto file(const std::string& name) const { return source()({SecretName::Home::file, name}); }

  std::string folder_;
};

TEST_F(SecretFiles, AreReadWithoutTheirLastNewline) {
  write("secrets/db", "hunter2\n");
  write("secrets/dos", "hunter2\r\n");
  write("secrets/two", "a\nb\n\n");
  EXPECT_EQ(file("db")->value, "hunter2");
  EXPECT_EQ(file("db")->warning, "");
  EXPECT_EQ(file("dos")->value, "hunter2");
  EXPECT_EQ(file("two")->value, "a\nb\n");
}

TEST_F(SecretFiles, DeserveAWarningWhenAllMayReadThem) {
  write("secrets/open", "x", 0644);
  EXPECT_THAT(file("open")->warning, HasSubstr("every user of this machine may read (mode 0644)"));
}

TEST_F(SecretFiles, MayBeLinksWithinTheFolderOnly) {
  write("outside", "x");
  std::filesystem::create_directory(folder_ + "/secrets/..data");
  write("secrets/..data/db", "inside");
  std::filesystem::create_symlink("..data/db", folder_ + "/secrets/db");
  std::filesystem::create_symlink("../outside", folder_ + "/secrets/out");
  std::filesystem::create_symlink(folder_ + "/outside", folder_ + "/secrets/absolute");
  EXPECT_EQ(file("db")->value, "inside");
  EXPECT_THAT(file("out").error(), EndsWith("secrets\": it lies elsewhere"));
  EXPECT_THAT(file("absolute").error(), EndsWith("secrets\": it lies elsewhere"));
}

TEST_F(SecretFiles, AreRegularNotEmptyAndNotTooLarge) {
  write("secrets/empty", "\n");
  write("secrets/most", std::string(kMaxSecret, 'x') + "\n");
  write("secrets/more", std::string(kMaxSecret + 1, 'x'));
  ASSERT_EQ(mkfifo((folder_ + "/secrets/pipe").c_str(), 0600), 0);
  EXPECT_THAT(file("none").error(), EndsWith("secrets\": No such file or directory"));
  EXPECT_THAT(file("empty").error(), EndsWith("it is empty"));
  EXPECT_EQ(file("most")->value.size(), kMaxSecret);
  EXPECT_THAT(file("more").error(), EndsWith("of at most 65536 bytes"));
  EXPECT_THAT(file("pipe").error(), EndsWith("it is no regular file"));
  EXPECT_THAT(file(".").error(), EndsWith("it is no regular file"));
}

TEST_F(SecretFiles, NeedAFolder) {
  const auto nothing = [](std::string_view) { return std::optional<std::string>(); };
  const SecretName name{SecretName::Home::file, "db"};
  EXPECT_THAT(secret_source({}, nothing)(name).error(), HasSubstr("secrets.dir to be set"));
  EXPECT_THAT(secret_source({"/nonexistent"}, nothing)(name).error(),
              EndsWith("\"/nonexistent\": No such file or directory"));
  write("secrets/db", "of systemd");
  const auto credentials = [&](std::string_view variable) {
    return variable == "CREDENTIALS_DIRECTORY" ? std::optional(folder_ + "/secrets") : std::nullopt;
  };
  EXPECT_EQ(secret_source({}, credentials)(name)->value, "of systemd");
}

TEST_F(SecretFiles, GiveWayToTheEnvironment) {
  const auto variable = [&](const std::string& name) {
    return source()({SecretName::Home::environment, name});
  };
  EXPECT_EQ(variable("PENSTOCK_SECRET_A")->value, "from the environment");
  EXPECT_EQ(variable("PENSTOCK_SECRET_B").error(), "a variable that is set and not empty");
  EXPECT_EQ(variable("PENSTOCK_SECRET_EMPTY").error(), "a variable that is set and not empty");
}

TEST(Secrets, AreASectionOfTheNode) {
  const auto loaded = load_text(
      "gw.yaml", "secrets: { dir: /run/secrets }\nlisteners: [ { name: a, address: '1.2.3.4:1' } ]",
      [](std::string_view) { return std::nullopt; });
  EXPECT_TRUE(loaded.ok);
  EXPECT_EQ(loaded.config.node.secrets.dir, "/run/secrets");
}

}  // namespace
}  // namespace penstock
