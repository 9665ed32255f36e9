#include "load.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <optional>
#include <string_view>

namespace penstock::bench {
namespace {

using Clock = std::chrono::steady_clock;

std::string request_for(std::uint16_t port) {
  return "GET /api/orders/7f3a?expand=items HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
         "\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Penstock bench\r\n"
         "Accept: application/json, text/plain, */*\r\nAccept-Language: en-GB,en;q=0.9\r\n"
         "Accept-Encoding: gzip, deflate, br\r\nReferer: https://shop.example.com/orders\r\n"
         "Cookie: session=0123456789abcdef0123456789abcdef\r\nCache-Control: no-cache\r\n"
         "X-Version: 2\r\n\r\n";
}

// Where the answer at the front of `text` ends; nullopt while it is not whole, 0 when it is not one
// that this program understands: 200 with a Content-Length.
std::optional<std::size_t> end_of_answer(std::string_view text) {
  const auto head_end = text.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return std::nullopt;
  const auto head = text.substr(0, head_end + 2);
  if (!head.starts_with("HTTP/1.1 200")) return 0;
  constexpr std::string_view name = "\r\ncontent-length:";
  for (auto at = head.find("\r\n"); at + name.size() < head.size();
       at = head.find("\r\n", at + 2)) {
    if (strncasecmp(head.data() + at, name.data(), name.size()) != 0) continue;
    at += name.size();
    while (head[at] == ' ') ++at;
    std::size_t length = 0;
    std::from_chars(head.data() + at, head.data() + head.size(), length);
    const auto end = head_end + 4 + length;
    if (text.size() < end) return std::nullopt;
    return end;
  }
  return 0;
}

}  // namespace

class Load::Connection final : public Handler {
 public:
  Connection(Load& load, int descriptor) : load_(load), descriptor_(descriptor) {}
  ~Connection() override { close(); }

  void send_request() {
    sent_at_ = Clock::now();
    send_all(descriptor_, load_.request_);
  }

  void on_readable() override {
    std::array<char, 16384> chunk;
    const auto got = receive(descriptor_, chunk.data(), chunk.size());
    if (got < 0) return;
    if (got == 0) return fail();
    pending_.append(chunk.data(), static_cast<std::size_t>(got));
    const auto end = end_of_answer(pending_);
    if (!end) return;
    if (*end != pending_.size()) return fail();
    pending_.clear();
    const auto took = std::chrono::nanoseconds(Clock::now() - sent_at_);
    load_.latencies_.add(static_cast<std::uint64_t>(took.count()));
    if (load_.running_) send_request();
  }

 private:
  // Nothing is sent on it again: a benchmark with failures counts for nothing.
  void fail() {
    ++load_.failures_;
    close();
  }
  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

  Load& load_;
  int descriptor_;
  std::string pending_;
  Clock::time_point sent_at_;
};

Load::Load(Poller& poller, std::uint16_t port, std::size_t connections)
    : request_(request_for(port)) {
  for (std::size_t i = 0; i < connections; ++i) {
    const int descriptor = connect_to(port);
    connections_.push_back(std::make_unique<Connection>(*this, descriptor));
    poller.watch(descriptor, *connections_.back());
  }
}

Load::~Load() = default;

void Load::start() {
  for (auto& connection : connections_) connection->send_request();
}

void Load::begin_measuring() {
  latencies_ = {};
}

void Load::stop() {
  running_ = false;
}

}  // namespace penstock::bench
