#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::demo {

// A blocking TCP connection with a small read buffer; closed when it goes out of scope. For one
// thread.
class Stream {
 public:
  explicit Stream(int descriptor) : descriptor_(descriptor) {}
  Stream(Stream&& other) noexcept;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  Stream& operator=(Stream&&) = delete;
  ~Stream();

  // Up to and without `end`; nullopt when the peer closed before, or after `limit` bytes without
  // it.
  std::optional<std::string> read_until(std::string_view end, std::size_t limit);
  // Exactly `size` bytes; nullopt when the peer closed before.
  std::optional<std::string> read(std::size_t size);
  // False once the peer is gone.
  bool write(std::string_view bytes) const;

 private:
  bool fill();

  int descriptor_;
  std::string buffer_;
};

// Connects to a port of the loopback interface; nullopt if nobody listens.
std::optional<Stream> connect_loopback(std::uint16_t port);
// A socket that listens there, or -1.
int listen_loopback(std::uint16_t port);

}  // namespace penstock::demo
