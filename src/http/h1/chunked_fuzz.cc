#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ensure.h"
#include "http/h1/chunked.h"

// Whatever comes as a chunked body: how it is cut does not matter, and what was decoded decodes to
// the same once encoded anew.
namespace {

using namespace penstock::http;

struct Decoded {
  std::string data;
  std::string trailers;
  std::size_t consumed = 0;
  bool done = false;
  std::string_view fault;
  const penstock::Reason* reason = nullptr;
};

Decoded decode(std::string_view bytes, std::size_t step) {
  h1::ChunkedDecoder decoder(penstock::Side::client,
                             {.line = 60, .overhead = 100, .trailer_bytes = 100, .trailers = 4});
  Decoded out;
  for (std::size_t begin = 0; begin < bytes.size() && !out.done; begin += step) {
    const std::string piece(bytes.substr(begin, step));
    std::string_view rest = piece;
    while (!rest.empty() && !out.done) {
      const auto result = decoder.feed(rest);
      if (!result) {
        out.fault = result.error().detail;
        out.reason = result.error().reason;
        return out;
      }
      penstock::ensure(result->consumed > 0);
      out.data += result->data;
      out.consumed += result->consumed;
      out.done = result->done;
      rest.remove_prefix(result->consumed);
    }
  }
  for (const auto& field : decoder.trailers())
    if (out.done) out.trailers += std::string(field.name) + ":" + std::string(field.value) + "\n";
  return out;
}

void check_again(std::string_view bytes, const Decoded& decoded) {
  h1::ChunkedDecoder decoder(penstock::Side::client);
  while (!decoder.done()) bytes.remove_prefix(decoder.feed(bytes)->consumed);
  std::string written;
  if (!decoded.data.empty()) {
    std::array<char, h1::kChunkHead> head{};
    written += h1::chunk_head(head, decoded.data.size());
    written += decoded.data + "\r\n";
  }
  h1::append_last_chunk(written, decoder.trailers());
  const auto again = decode(written, written.size());
  // Trailers grow by a space each, perhaps over the limit.
  if (again.reason != nullptr && !decoded.trailers.empty()) return;
  penstock::ensure(again.done && again.data == decoded.data);
  penstock::ensure(again.consumed == written.size() && again.trailers == decoded.trailers);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = decode(bytes, size + 1);
  for (const std::size_t step : {1, 2, 3, 7}) {
    const auto pieces = decode(bytes, step);
    penstock::ensure(pieces.reason == whole.reason && pieces.fault == whole.fault);
    if (whole.reason != nullptr) continue;
    penstock::ensure(pieces.data == whole.data && pieces.done == whole.done);
    penstock::ensure(pieces.consumed == whole.consumed && pieces.trailers == whole.trailers);
  }
  if (whole.done) check_again(bytes, whole);
  return 0;
}
