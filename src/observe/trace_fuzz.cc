#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "observe/trace.h"

// A valid traceparent read and written again is valid and says the same of the trace.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  is_valid_tracestate(text);
  Random random(size);
  const auto trace = Trace::continue_or_begin(text, true, random);
  std::array<char, Trace::kParentSize> out;
  const auto again = parse_traceparent(trace.write(out));
  if (!again || again->trace_id != trace.trace_id()) std::abort();
  if (trace.continued() != parse_traceparent(text).has_value()) std::abort();
  return 0;
}
