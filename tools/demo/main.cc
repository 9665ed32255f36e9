// A small HTTP/1.1 service to look at Penstock with, and a WebSocket client to ask it.
//
//   penstock_demo serve NAME PORT          answers on 127.0.0.1:PORT until it is ended
//   penstock_demo ask PORT PATH TEXT       sends TEXT over a WebSocket, prints what comes back
//
// /events is a server-sent event stream, /echo a WebSocket that sends messages back, /slow answers
// after two seconds; every other path says which instance answered and what arrived there. One
// thread a connection: simple, and enough for a look.
#include <sys/socket.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "stream.h"
#include "websocket.h"

namespace penstock::demo {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLongestHead = std::size_t{64} * 1024;
constexpr std::size_t kLongestBody = std::size_t{1024} * 1024;

struct Request {
  std::string method;
  std::string path;
  std::vector<std::pair<std::string, std::string>> fields;  // Names in lower case.
  std::string body;

  std::string_view field(std::string_view name) const {
    for (const auto& [key, value] : fields) {
      if (key == name) return value;
    }
    return {};
  }
};

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find("\r\n");
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  }
  return lines;
}

std::optional<std::size_t> number(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end == text.data() || value > kLongestBody) return std::nullopt;
  return value;
}

// A chunked body (RFC 9112 §7.1), its trailers dropped.
std::optional<std::string> read_chunks(Stream& stream) {
  std::string body;
  while (body.size() <= kLongestBody) {
    const auto line = stream.read_until("\r\n", 256);
    const auto size = line ? number(*line, 16) : std::nullopt;
    if (!size) return std::nullopt;
    if (*size == 0) {
      for (auto trailer = stream.read_until("\r\n", kLongestHead); trailer;
           trailer = stream.read_until("\r\n", kLongestHead)) {
        if (trailer->empty()) return body;
      }
      return std::nullopt;
    }
    const auto chunk = stream.read(*size + 2);
    if (!chunk) return std::nullopt;
    body.append(*chunk, 0, *size);
  }
  return std::nullopt;
}

std::optional<std::string> read_body(Stream& stream, const Request& request) {
  if (request.field("expect") == "100-continue") stream.write("HTTP/1.1 100 Continue\r\n\r\n");
  if (request.field("transfer-encoding") == "chunked") return read_chunks(stream);
  const auto length = request.field("content-length");
  if (length.empty()) return "";
  const auto size = number(length, 10);
  return size ? stream.read(*size) : std::nullopt;
}

std::optional<Request> read_request(Stream& stream) {
  const auto head = stream.read_until("\r\n\r\n", kLongestHead);
  if (!head) return std::nullopt;
  auto lines = lines_of(*head);
  const auto after_method = lines[0].find(' ');
  const auto after_path = lines[0].rfind(' ');
  if (after_method == std::string::npos || after_path <= after_method) return std::nullopt;
  Request request;
  request.method = lines[0].substr(0, after_method);
  request.path = lines[0].substr(after_method + 1, after_path - after_method - 1);
  for (const auto& line : std::span(lines).subspan(1)) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) return std::nullopt;
    auto name = line.substr(0, colon);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto start = line.find_first_not_of(" \t", colon + 1);
    request.fields.emplace_back(name, start == std::string::npos ? "" : line.substr(start));
  }
  auto body = read_body(stream, request);
  if (!body) return std::nullopt;
  request.body = std::move(*body);
  return request;
}

bool answer_with_what_arrived(const Stream& stream, const Request& request, std::string_view name) {
  nlohmann::ordered_json json{
      {"instance", name}, {"method", request.method}, {"path", request.path}};
  for (const auto& [key, value] : request.fields) json["headers"][key] = value;
  if (!request.body.empty()) json["body"] = request.body;
  const auto text = json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  const auto head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                    std::to_string(text.size()) + "\r\n\r\n";
  return stream.write(request.method == "HEAD" ? head : head + text);
}

// One event a second, for as long as somebody listens.
void stream_events(const Stream& stream, std::string_view name) {
  bool listening = stream.write(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
      "Cache-Control: no-store\r\nConnection: close\r\n\r\n");
  for (int count = 1; listening; ++count) {
    listening = stream.write("id: " + std::to_string(count) + "\ndata: event " +
                             std::to_string(count) + " of " + std::string(name) + "\n\n");
    std::this_thread::sleep_for(1s);
  }
}

void serve_websocket(Stream& stream, const Request& request) {
  if (request.field("upgrade") != "websocket") {
    stream.write(
        "HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n"
        "Content-Length: 0\r\n\r\n");
    return;
  }
  stream.write(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Accept: " +
      accept_key(request.field("sec-websocket-key")) + "\r\n\r\n");
  echo_messages(stream);
}

void serve_connection(Stream stream, const std::string& name) {
  while (const auto request = read_request(stream)) {
    const auto path = request->path.substr(0, request->path.find('?'));
    if (path == "/events") return stream_events(stream, name);
    if (path == "/echo") return serve_websocket(stream, *request);
    if (path == "/slow") std::this_thread::sleep_for(2s);
    if (!answer_with_what_arrived(stream, *request, name)) return;
    if (request->field("connection") == "close") return;
  }
}

int serve(const std::string& name, std::uint16_t port) {
  const int listener = listen_loopback(port);
  if (listener < 0) {
    std::fprintf(stderr, "%s: port %u is in use\n", name.c_str(), static_cast<unsigned>(port));
    return EXIT_FAILURE;
  }
  for (;;) {
    const int accepted = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted < 0) continue;
    // Nobody waits for it: the process is ended by a signal.
    std::thread([name, stream = Stream(accepted)]() mutable {
      serve_connection(std::move(stream), name);
    }).detach();
  }
}

int ask(std::uint16_t port, std::string_view path, std::string_view text) {
  auto stream = connect_loopback(port);
  const auto host = "127.0.0.1:" + std::to_string(port);
  const auto back = stream ? ask_echo(*stream, host, path, text) : std::nullopt;
  if (!back) {
    std::fprintf(stderr, "No WebSocket answered there.\n");
    return EXIT_FAILURE;
  }
  std::printf("%s\n", back->c_str());
  return EXIT_SUCCESS;
}

int run(std::span<const std::string> arguments) {
  const auto port_at = [&](std::size_t i) {
    return static_cast<std::uint16_t>(std::strtoul(arguments[i].c_str(), nullptr, 10));
  };
  if (arguments.size() == 4 && arguments[1] == "serve") return serve(arguments[2], port_at(3));
  if (arguments.size() == 5 && arguments[1] == "ask") {
    return ask(port_at(2), arguments[3], arguments[4]);
  }
  std::fprintf(stderr, "Usage: penstock_demo serve NAME PORT | ask PORT PATH TEXT\n");
  return 64;
}

}  // namespace
}  // namespace penstock::demo

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  return penstock::demo::run(arguments);
}
