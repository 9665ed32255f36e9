#include "runtime/stream.h"

#include "runtime/stream_suite.h"

namespace penstock {
namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(Plain, StreamTest, AllLoops);

}  // namespace
}  // namespace penstock
