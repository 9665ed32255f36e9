#include "control/sha256.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(Sha256, IsThatOfTheStandard) {  // FIPS 180-2, appendix B.1, and of nothing.
  Sha256 sum;
  sum.add("a");
  sum.add("bc");
  EXPECT_EQ(sum.finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256().finish(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace penstock
