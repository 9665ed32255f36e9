#include "client.h"

#include <fmt/format.h>

#include <optional>

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

// The longest that a client waits: far more than the gateway may take.
constexpr Timeout kPatience{.idle = 1h};

std::optional<std::string> field(std::string_view head, std::string_view name) {
  const auto at = head.find(fmt::format("\r\n{}: ", name));
  if (at == std::string_view::npos) return std::nullopt;
  const auto begin = at + name.size() + 4;
  return std::string(head.substr(begin, head.find("\r\n", begin) - begin));
}

std::string code_of(std::string_view problem) {
  constexpr std::string_view key = "\"code\":\"";
  const auto at = problem.find(key);
  if (at == std::string_view::npos) return {};
  const auto begin = at + key.size();
  return std::string(problem.substr(begin, problem.find('"', begin) - begin));
}

}  // namespace

Task<Outcome> Client::ask(std::string method, std::string path, std::string body) {
  const auto began = world_.loop().now();
  Outcome outcome;
  const bool connected = co_await connect();
  if (!connected) co_return outcome;
  // What was answered early is read all the same.
  const bool sent = co_await send(method, path, body, kPatience);
  co_await receive(outcome);
  // An answer before the whole body was taken may be followed by a close that nobody announced.
  const bool early = outcome.status >= 500 && !body.empty();
  if (!outcome.whole || !sent || early) stream_.reset();
  outcome.took = world_.loop().now() - began;
  co_return outcome;
}

Task<void> Client::ask_and_leave(std::string method, std::string path, std::string body,
                                 Duration after) {
  const auto until = world_.loop().now() + after;
  const bool connected = co_await connect();
  if (!connected) co_return;
  co_await send(method, path, body, Timeout{.until = until});
  co_await sleep_until(world_.loop(), until);
  leave();
}

Task<bool> Client::send(std::string method, std::string path, std::string body, Timeout timeout) {
  const auto length =
      method == "GET" ? std::string{} : fmt::format("Content-Length: {}\r\n", body.size());
  const auto head = fmt::format("{} {} HTTP/1.1\r\nHost: sim\r\n{}\r\n", method, path, length);
  const auto sent = co_await stream_->send({head, body}, timeout);
  co_return sent.has_value();
}

Task<bool> Client::connect() {
  if (stream_ != nullptr) co_return true;
  in_.clear();
  auto stream = co_await world_.loop().connect(World::gateway(), kPatience);
  if (!stream) co_return false;
  stream_ = std::move(*stream);
  co_return true;
}

Task<void> Client::receive(Outcome& outcome) {
  std::size_t end = 0;
  while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
    const bool more = co_await read_more();
    if (!more) co_return;
  }
  const auto head = in_.substr(0, end + 2);
  in_.erase(0, end + 4);
  if (!head.starts_with("HTTP/1.1 ") || head.size() < 12) co_return;
  outcome.status = std::stoi(head.substr(9, 3));
  if (field(head, "Transfer-Encoding"))
    co_await receive_chunks(outcome);
  else if (const auto length = field(head, "Content-Length"))
    co_await receive_length(outcome, std::stoul(*length));
  else
    co_await receive_rest(outcome);
  if (field(head, "Content-Type") == "application/problem+json")
    outcome.code = code_of(outcome.body);
  if (field(head, "Connection") == "close") stream_.reset();
}

Task<void> Client::receive_length(Outcome& outcome, std::size_t length) {
  outcome.whole = co_await need(length);
  outcome.body = in_.substr(0, length);
  in_.erase(0, outcome.body.size());
}

Task<void> Client::receive_chunks(Outcome& outcome) {
  for (;;) {
    std::string line;
    const bool there = co_await need_line(line);
    if (!there) co_return;
    const auto size = std::stoul(line, nullptr, 16);
    const bool chunk = co_await need(size + 2);
    outcome.body += in_.substr(0, size);
    if (!chunk) co_return;
    in_.erase(0, size + 2);
    if (size > 0) continue;
    outcome.whole = true;
    co_return;
  }
}

Task<void> Client::receive_rest(Outcome& outcome) {
  for (;;) {
    const bool more = co_await read_more();
    if (!more) break;
  }
  outcome.body = std::exchange(in_, {});
  outcome.whole = end_ == Error::Kind::closed;
  stream_.reset();
}

Task<bool> Client::need(std::size_t size) {
  while (in_.size() < size) {
    const bool more = co_await read_more();
    if (!more) co_return false;
  }
  co_return true;
}

Task<bool> Client::need_line(std::string& line) {
  std::size_t end = 0;
  while ((end = in_.find("\r\n")) == std::string::npos) {
    const bool more = co_await read_more();
    if (!more) co_return false;
  }
  line = in_.substr(0, end);
  in_.erase(0, end + 2);
  co_return true;
}

Task<bool> Client::read_more() {
  const auto got = co_await stream_->recv(BufferPool::kBlock, kPatience);
  if (got)
    in_ += got->bytes();
  else
    end_ = got.error().kind;
  co_return got.has_value();
}

}  // namespace penstock::sim
