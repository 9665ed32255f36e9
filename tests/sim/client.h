#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "world.h"

namespace penstock::sim {

// What a client saw of one request.
struct Outcome {
  int status = 0;    // 0: the connection ended before a head came.
  std::string code;  // The problem's, when the gateway itself answered.
  std::string body;
  bool whole = false;  // The answer ended as its framing says.
  Duration took{};
};

// A client that keeps its connection as long as it can.
class Client {
 public:
  explicit Client(World& world) : world_(world) {}

  Task<Outcome> ask(std::string method, std::string path, std::string body);
  // Asks, and hangs up after so long without having read a byte.
  Task<void> ask_and_leave(std::string method, std::string path, std::string body, Duration after);
  // Hangs up.
  void leave() { stream_.reset(); }

 private:
  Task<bool> connect();
  Task<bool> send(std::string method, std::string path, std::string body, Timeout timeout);
  Task<void> receive(Outcome& outcome);
  Task<void> receive_length(Outcome& outcome, std::size_t length);
  Task<void> receive_chunks(Outcome& outcome);
  Task<void> receive_rest(Outcome& outcome);
  Task<bool> need(std::size_t size);
  Task<bool> need_line(std::string& line);
  Task<bool> read_more();

  World& world_;
  std::unique_ptr<Stream> stream_;
  std::string in_;
  Error::Kind end_{};
};

}  // namespace penstock::sim
