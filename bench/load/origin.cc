#include "origin.h"

#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "message.h"

namespace penstock::bench {
namespace {

std::string answer_with(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
         "Content-Type: application/json; charset=utf-8\r\nContent-Length: " +
         std::to_string(body.size()) +
         "\r\nCache-Control: private, max-age=0\r\nETag: \"5f2b-18c\"\r\n"
         "Vary: Accept-Encoding\r\nX-Content-Type-Options: nosniff\r\n\r\n" +
         body;
}

const std::string& small_answer() {
  static const auto text = answer_with(R"({"orderId":"7f3a","status":"shipped","note":")" +
                                       std::string(153, 'x') + R"("})");
  return text;
}

const std::string& large_answer() {
  static const auto text = answer_with(std::string(std::size_t{1} << 20U, 'x'));
  return text;
}

}  // namespace

class Origin::Connection final : public Handler {
 public:
  Connection(Origin& origin, int descriptor) : origin_(origin), descriptor_(descriptor) {}
  ~Connection() override { ::close(descriptor_); }

  void on_event(std::uint32_t events) override {
    const bool gone = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (gone || !send_rest() || !read_requests()) {
      origin_.connections_.remove_if([this](const Connection& other) { return &other == this; });
    }
  }

 private:
  // Both are false when the connection is of no more use.
  bool read_requests() {
    static std::array<char, 262144> chunk;
    long got = 0;
    do {
      got = receive(descriptor_, chunk.data(), chunk.size());
      if (got == 0) return false;
      if (got > 0 && !take({chunk.data(), static_cast<std::size_t>(got)})) return false;
    } while (got == static_cast<long>(chunk.size()));
    return true;
  }

  bool take(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto state = reader_.feed(bytes);
      if (state == MessageReader::State::broken) return false;
      if (state == MessageReader::State::more) return true;
      const bool large = reader_.first_line().find(" /api/large/") != std::string_view::npos;
      unsent_ = large ? large_answer() : small_answer();
      if (!send_rest()) return false;
    }
    return true;
  }

  bool send_rest() {
    if (unsent_.empty()) return true;
    const auto sent = send_some(descriptor_, unsent_);
    if (sent < 0) return false;
    unsent_.remove_prefix(static_cast<std::size_t>(sent));
    return true;
  }

  Origin& origin_;
  int descriptor_;
  MessageReader reader_;
  std::string_view unsent_;
};

Origin::Origin(Poller& poller, std::uint16_t port) : poller_(poller), listener_(listen_on(port)) {
  poller_.watch(listener_, *this);
}

Origin::~Origin() {
  ::close(listener_);
}

void Origin::on_event(std::uint32_t) {
  for (int accepted = accept_from(listener_); accepted >= 0; accepted = accept_from(listener_)) {
    poller_.watch(accepted, connections_.emplace_back(*this, accepted));
  }
}

}  // namespace penstock::bench
