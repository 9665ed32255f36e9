#include "origin.h"

#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

namespace penstock::bench {
namespace {

constexpr std::string_view kEnd = "\r\n\r\n";

const std::string& answer() {
  static const std::string text = [] {
    const auto body =
        R"({"orderId":"7f3a","status":"shipped","note":")" + std::string(153, 'x') + R"("})";
    return "HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
           "Content-Type: application/json; charset=utf-8\r\nContent-Length: " +
           std::to_string(body.size()) +
           "\r\nCache-Control: private, max-age=0\r\nETag: \"5f2b-18c\"\r\n"
           "Vary: Accept-Encoding\r\nX-Content-Type-Options: nosniff\r\n\r\n" +
           body;
  }();
  return text;
}

}  // namespace

class Origin::Connection final : public Handler {
 public:
  explicit Connection(int descriptor) : descriptor_(descriptor) {}
  ~Connection() override { close(); }

  void on_readable() override {
    std::array<char, 16384> chunk;
    const auto got = receive(descriptor_, chunk.data(), chunk.size());
    if (got == 0) return close();
    if (got < 0) return;
    pending_.append(chunk.data(), static_cast<std::size_t>(got));
    std::size_t at = 0;
    for (auto end = pending_.find(kEnd); end != std::string::npos; end = pending_.find(kEnd, at)) {
      at = end + kEnd.size();
      send_all(descriptor_, answer());
    }
    pending_.erase(0, at);
  }

 private:
  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

  int descriptor_;
  std::string pending_;
};

Origin::Origin(Poller& poller, std::uint16_t port) : poller_(poller), listener_(listen_on(port)) {
  poller_.watch(listener_, *this);
}

Origin::~Origin() {
  ::close(listener_);
}

void Origin::on_readable() {
  for (int accepted = accept_from(listener_); accepted >= 0; accepted = accept_from(listener_)) {
    connections_.push_back(std::make_unique<Connection>(accepted));
    poller_.watch(accepted, *connections_.back());
  }
}

}  // namespace penstock::bench
