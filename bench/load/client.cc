#include "client.h"

#include <array>

namespace penstock::bench {

Client::Client(ClientOwner& owner, const Poller& poller, std::uint16_t port, SSL_CTX* tls)
    : owner_(owner), poller_(poller), port_(port), tls_(tls) {}

void Client::connect() {
  close();
  ++connected_;
  reader_ = {};
  const int descriptor = connect_to(port_);
  stream_ = std::make_unique<Stream>(descriptor, tls_);
  poller_.watch(descriptor, *this);
}

void Client::close() {
  stream_.reset();
  unsent_ = {};
  open_ = waiting_ = false;
}

void Client::send(std::string_view request, Clock::time_point due) {
  due_ = due;
  unsent_ = request;
  waiting_ = true;
  if (!write_rest()) fail();
}

void Client::on_event(std::uint32_t events) {
  if ((events & EPOLLERR) != 0) return fail();
  stream_->on_event(events);
  if (!open_) {
    const auto state = stream_->open();
    if (state == Stream::State::failed) return fail();
    if (state == Stream::State::opening) return;
    open_ = true;
    owner_.on_open(*this);
  }
  go_on();
}

void Client::go_on() {
  const auto connected = connected_;
  if (!write_rest()) return fail();
  while (read_once()) {
    // An answer may have led to another connection, whose events are yet to come.
    if (connected != connected_) return;
  }
}

bool Client::write_rest() {
  while (!unsent_.empty()) {
    const auto sent = stream_->write(unsent_);
    if (sent < 0) return false;
    if (sent == 0) return true;
    unsent_.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Client::read_once() {
  static std::array<char, 262144> chunk;
  if (!stream_) return false;
  const auto got = stream_->read(chunk.data(), chunk.size());
  if (got < 0) return false;
  std::string_view bytes(chunk.data(), static_cast<std::size_t>(got));
  const auto state =
      bytes.empty() || !waiting_ ? MessageReader::State::broken : reader_.feed(bytes);
  if (state == MessageReader::State::more) return true;
  if (state == MessageReader::State::broken || !bytes.empty() ||
      !reader_.first_line().starts_with("HTTP/1.1 200")) {
    fail();
    return false;
  }
  waiting_ = false;
  owner_.on_answer(*this);
  return true;
}

void Client::fail() {
  close();
  owner_.on_failure(*this);
}

}  // namespace penstock::bench
