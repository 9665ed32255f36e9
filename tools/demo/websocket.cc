#include "websocket.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>

namespace penstock::demo {
namespace {

// RFC 6455 §5.2.
enum Opcode : std::uint8_t { text = 1, binary = 2, close = 8, ping = 9, pong = 10 };
constexpr std::size_t kLongestMessage = std::size_t{1024} * 1024;

struct Frame {
  std::uint8_t first = 0;  // FIN, reserved bits and opcode, as they came.
  std::string payload;

  Opcode opcode() const { return static_cast<Opcode>(first & 0x0f); }
};

std::string base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                    reinterpret_cast<const unsigned char*>(bytes.data()),
                                    static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

// The size that follows the two first bytes of a frame.
std::optional<std::size_t> read_size(Stream& stream, std::uint8_t second) {
  const std::size_t announced = second & 0x7f;
  if (announced < 126) return announced;
  const auto bytes = stream.read(announced == 126 ? 2 : 8);
  if (!bytes) return std::nullopt;
  std::size_t size = 0;
  for (const char byte : *bytes) size = size << 8 | static_cast<unsigned char>(byte);
  if (size > kLongestMessage) return std::nullopt;
  return size;
}

std::optional<Frame> read_frame(Stream& stream) {
  const auto start = stream.read(2);
  if (!start) return std::nullopt;
  const auto second = static_cast<std::uint8_t>((*start)[1]);
  const auto size = read_size(stream, second);
  if (!size) return std::nullopt;
  std::string mask(4, '\0');
  if ((second & 0x80) != 0) {
    auto sent = stream.read(4);
    if (!sent) return std::nullopt;
    mask = *sent;
  }
  auto payload = stream.read(*size);
  if (!payload) return std::nullopt;
  for (std::size_t i = 0; i < payload->size(); ++i) {
    (*payload)[i] = static_cast<char>((*payload)[i] ^ mask[i % 4]);
  }
  return Frame{.first = static_cast<std::uint8_t>((*start)[0]), .payload = std::move(*payload)};
}

// `mask_bit` is 0x80 for a client, whose mask here is all zeros: it changes nothing.
bool write_frame(const Stream& stream, const Frame& frame, std::uint8_t mask_bit) {
  const auto size = frame.payload.size();
  std::string out(1, static_cast<char>(frame.first));
  const auto add = [&out](std::size_t byte) { out.push_back(static_cast<char>(byte & 0xff)); };
  if (size < 126) {
    add(mask_bit | size);
  } else if (size < 65536) {
    add(mask_bit | 126U);
    for (int shift = 8; shift >= 0; shift -= 8) add(size >> shift);
  } else {
    add(mask_bit | 127U);
    for (int shift = 56; shift >= 0; shift -= 8) add(size >> shift);
  }
  if (mask_bit != 0) out.append(4, '\0');
  return stream.write(out + frame.payload);
}

}  // namespace

std::string accept_key(std::string_view key) {
  const auto text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return base64({reinterpret_cast<const char*>(digest.data()), size});
}

void echo_messages(Stream& stream) {
  while (auto frame = read_frame(stream)) {
    const auto opcode = frame->opcode();
    if (opcode == Opcode::pong) continue;
    if (opcode == Opcode::ping) frame->first = 0x80 | Opcode::pong;
    if (!write_frame(stream, *frame, 0) || opcode == Opcode::close) return;
  }
}

std::optional<std::string> ask_echo(Stream& stream, std::string_view host, std::string_view path,
                                    std::string_view message) {
  // A demo needs no secret key: the answer is checked all the same.
  const auto key = base64("penstock's demo!");
  const auto request = "GET " + std::string(path) + " HTTP/1.1\r\nHost: " + std::string(host) +
                       "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
                       key + "\r\n\r\n";
  if (!stream.write(request)) return std::nullopt;
  const auto head = stream.read_until("\r\n\r\n", 65536);
  if (!head || !head->starts_with("HTTP/1.1 101") ||
      head->find(accept_key(key)) == std::string::npos) {
    return std::nullopt;
  }
  const Frame sent{.first = 0x80 | Opcode::text, .payload = std::string(message)};
  if (!write_frame(stream, sent, 0x80)) return std::nullopt;
  auto back = read_frame(stream);
  write_frame(stream, {.first = 0x80 | Opcode::close, .payload = {}}, 0x80);
  if (!back) return std::nullopt;
  return std::move(back->payload);
}

}  // namespace penstock::demo
