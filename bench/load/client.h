#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

#include "message.h"
#include "sockets.h"
#include "stream.h"

namespace penstock::bench {

using Clock = std::chrono::steady_clock;

class Client;

// Who is told what becomes of the clients.
class ClientOwner {
 public:
  ClientOwner() = default;
  ClientOwner(const ClientOwner&) = delete;
  ClientOwner& operator=(const ClientOwner&) = delete;
  virtual ~ClientOwner() = default;
  // Both may send or connect again at once.
  virtual void on_open(Client& client) = 0;
  virtual void on_answer(Client& client) = 0;
  // Another answer than 200, or the connection is gone; it is closed now.
  virtual void on_failure(Client& client) = 0;
};

// A client of the gateway: one connection, one request at a time.
class Client final : public Handler {
 public:
  Client(ClientOwner& owner, const Poller& poller, std::uint16_t port, SSL_CTX* tls);

  void connect();  // Anew, if it was connected.
  void close();
  // The text has to stay until the answer; `due` is when it was meant to be sent.
  void send(std::string_view request, Clock::time_point due);

  Clock::time_point due() const { return due_; }
  bool is_open() const { return stream_ != nullptr; }
  void on_event(std::uint32_t events) override;

 private:
  void go_on();
  bool write_rest();
  // Whether there may be more to read.
  bool read_once();
  void fail();

  ClientOwner& owner_;
  const Poller& poller_;
  std::uint16_t port_;
  SSL_CTX* tls_;
  std::unique_ptr<Stream> stream_;
  MessageReader reader_;
  std::string_view unsent_;
  Clock::time_point due_;
  std::size_t connected_ = 0;  // How often.
  bool open_ = false;
  bool waiting_ = false;  // For an answer.
};

}  // namespace penstock::bench
