#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/buffers.h"
#include "runtime/stream.h"

namespace penstock::http::h1 {

// The bytes of a connection that have arrived and are not used yet. As a rule they stand in the
// block the loop lent; only what must wait for more, or for long, is copied into storage of its
// own.
class Input {
 public:
  // Asked of the socket for a head; bodies ask for whole blocks.
  static constexpr std::size_t kHeadRead = std::size_t{16} * 1024;

  explicit Input(Stream& stream) : stream_(stream) {}

  Stream& stream() { return stream_; }

  std::string_view bytes() const {
    return kept_.empty() ? lent_.bytes() : std::string_view(kept_).substr(used_);
  }
  bool empty() const { return bytes().empty(); }
  // The same bytes, for a decoder that moves them together in place.
  char* data() { return const_cast<char*>(bytes().data()); }

  void consume(std::size_t n);
  // Adds what was received.
  void put(Lent lent);
  // Gives the block back before a long wait; what is left in it is kept.
  void park();

 private:
  void keep(std::string_view bytes);

  Stream& stream_;
  Lent lent_;
  std::string kept_;
  std::size_t used_ = 0;  // Of kept_.
};

}  // namespace penstock::http::h1
