#include "control/handover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock {
namespace {
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Handover, IsReadAsItIsWritten) {
  const Handover given{.workers = 2, .channel = 5, .lock = 6, .sockets = {7, 8, 90}};
  EXPECT_EQ(given.to_text(), "1 workers=2 channel=5 lock=6 sockets=7,8,90");
  const auto read = Handover::parse(given.to_text());
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->workers, 2U);
  EXPECT_EQ(read->channel, 5);
  EXPECT_EQ(read->lock, 6);
  EXPECT_THAT(read->sockets, ElementsAre(7, 8, 90));
  EXPECT_TRUE(Handover::parse("1 workers=2 channel=5 lock=6 sockets="));
}

TEST(Handover, IsNothingElse) {
  for (const auto* const text :
       {"", "1", "2 workers=2 channel=5 lock=6 sockets=7", "1 workers=0 channel=5 lock=6 sockets=7",
        "1 workers=513 channel=5 lock=6 sockets=7", "1 workers=-2 channel=5 lock=6 sockets=7",
        "1 workers=2 channel=2 lock=6 sockets=7", "1 workers=2 channel=05 lock=6 sockets=7",
        "1 workers=2 channel=5 lock= sockets=7", "1 workers=2 channel=5 lock=6 sockets=7,",
        "1 workers=2 channel=5 lock=6 sockets=,7", "1 workers=2 channel=5 lock=6 sockets=7 8",
        "1 workers=2 channel=5 lock=6 sockets=7\n", "1 workers=2 channel=5 lock=6 sockets=0",
        "1 workers=2 channel=5 lock=6 sockets=99999999999",
        "1 workers=2  channel=5 lock=6 sockets=7", "1 workers=2 channel=5 lock=6"})
    EXPECT_FALSE(Handover::parse(text)) << text;
}

TEST(Handover, NamesEachDescriptorOnce) {
  for (const auto* const text :
       {"1 workers=2 channel=5 lock=5 sockets=7", "1 workers=2 channel=5 lock=6 sockets=7,7",
        "1 workers=2 channel=5 lock=6 sockets=6"}) {
    const auto read = Handover::parse(text);
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(read.error(), HasSubstr("twice"));
  }
}

TEST(Readiness, IsReadAsItIsWritten) {
  EXPECT_EQ(readiness_text({7, 8}), "ready 7,8\n");
  EXPECT_THAT(*parse_readiness("ready 7,8"), ElementsAre(7, 8));
  EXPECT_THAT(*parse_readiness("ready "), IsEmpty());
  for (const auto* const line : {"", "ready", "ready x", "ready 7 8", "steady 7", "ready 7,8\n"})
    EXPECT_FALSE(parse_readiness(line)) << line;
}

}  // namespace
}  // namespace penstock
