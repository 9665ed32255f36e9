#include "cli/cli.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace penstock {
namespace {

// Runs the command in a process of its own, and ends that with its exit code.
[[noreturn]] void command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "penstock");
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  unsetenv("PENSTOCK_CONFIG");
  // What it prints for people is not the test's output.
  if (std::freopen("/dev/null", "w", stdout) == nullptr) std::_Exit(99);
  std::_Exit(run_command_line(static_cast<int>(pointers.size()), pointers.data()));
}

class CliDeathTest : public ::testing::Test {
 protected:
  CliDeathTest() {
    std::string text = (std::filesystem::temp_directory_path() / "penstock-cli-XXXXXX").string();
    folder_ = mkdtemp(text.data());
  }
  ~CliDeathTest() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& text) const {
    const auto path = folder_ + "/config.yaml";
    std::ofstream(path) << text;
    return path;
  }

  std::string folder_;
};

TEST_F(CliDeathTest, UsageErrorsAre64) {
  EXPECT_EXIT(command({}), ::testing::ExitedWithCode(64), "subcommand");
  EXPECT_EXIT(command({"swim"}), ::testing::ExitedWithCode(64),
              "found \"swim\", expected one of run");
  EXPECT_EXIT(command({"chek"}), ::testing::ExitedWithCode(64), "did you mean \"check\"");
  EXPECT_EXIT(command({"run"}), ::testing::ExitedWithCode(64), "config");
  EXPECT_EXIT(command({"run", "--nothing"}), ::testing::ExitedWithCode(64), "");
  EXPECT_EXIT(command({"check"}), ::testing::ExitedWithCode(64), "");
  EXPECT_EXIT(command({"check", "-o", "xml", "a.yaml"}), ::testing::ExitedWithCode(64), "");
  EXPECT_EXIT(command({"reference", "nothing"}), ::testing::ExitedWithCode(64), "");
}

TEST_F(CliDeathTest, AFileThatCannotBeReadIs1) {
  EXPECT_EXIT(command({"run", "-c", folder_ + "/none.yaml"}), ::testing::ExitedWithCode(1), "none");
}

TEST_F(CliDeathTest, AConfigurationThatIsWrongIs78AndSaysWhere) {
  EXPECT_EXIT(command({"run", "-c", file("listeners: [ { nme: x } ]\n")}),
              ::testing::ExitedWithCode(78), "config.yaml:1:");
  EXPECT_EXIT(command({"run", "-c", file("listeners: [\n")}), ::testing::ExitedWithCode(78), "");
  EXPECT_EXIT(command({"run", "-c", file("")}), ::testing::ExitedWithCode(78), "");
}

TEST_F(CliDeathTest, CheckTellsCleanFromWrongFromUnreadable) {
  const std::string listener = "listeners: [ { name: a, address: '127.0.0.1:1' } ]\n";
  const auto clean =
      file(listener + "services: [ { serviceName: s, instances: [ { host: h, port: 1 } ] } ]\n" +
           "routes: [ { routeId: r, path: /, upstreamService: s, authRequired: false } ]\n");
  EXPECT_EXIT(command({"check", clean}), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(command({"check", "-c", clean}), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(command({"check", "--strict", "-o", "json", clean}), ::testing::ExitedWithCode(0),
              "");
  EXPECT_EXIT(command({"check", clean, folder_ + "/none.yaml"}), ::testing::ExitedWithCode(1), "");
  EXPECT_EXIT(command({"check", file("nope: 1\n")}), ::testing::ExitedWithCode(78), "");
  const auto warned = file(listener + "services: [ { serviceName: s, instances: [] } ]\n");
  EXPECT_EXIT(command({"check", warned}), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(command({"check", "--strict", warned}), ::testing::ExitedWithCode(78), "");
}

TEST_F(CliDeathTest, ANodeThatCannotStartIs1) {
  const auto state = folder_ + "/config.yaml/state";  // Below a file.
  EXPECT_EXIT(command({"run", "-c",
                       file("listeners: [ { name: a, address: '127.0.0.1:1' } ]\n"
                            "stateDir: " +
                            state + "\n")}),
              ::testing::ExitedWithCode(1), "penstock: .*state");
}

TEST_F(CliDeathTest, WhatIsOnlyPrintedIs0) {
  EXPECT_EXIT(command({"version"}), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(command({"version", "-o", "json"}), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(command({"--version"}), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(command({"schema"}), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(command({"--help"}), ::testing::ExitedWithCode(0), "");
  for (const auto* const part : {"config", "schema", "metrics", "reasons"})
    EXPECT_EXIT(command({"reference", part}), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace penstock
