#include "cli/admin_client.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "control/admin_token.h"
#include "control/state_dir.h"
#include "http/h1/client_connection.h"
#include "net/resolve.h"
#include "runtime/epoll/epoll_loop.h"
#include "runtime/scope.h"

namespace penstock {
namespace {

constexpr Duration kConnectPatience = std::chrono::seconds(3);
constexpr Duration kPatience = std::chrono::seconds(30);
constexpr std::size_t kLongestAnswer = std::size_t{256} * 1024 * 1024;

struct Authority {
  std::string text;
  std::string host;
  std::uint16_t port = 0;
};

std::optional<Authority> parse(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  if (!url.starts_with(scheme)) return std::nullopt;
  url.remove_prefix(scheme.size());
  if (url.ends_with('/')) url.remove_suffix(1);
  const auto colon = url.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  Authority authority{std::string(url), std::string(url.substr(0, colon)), 0};
  const auto digits = url.substr(colon + 1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), authority.port);
  if (error != std::errc{} || end != digits.data() + digits.size() || authority.port == 0)
    return std::nullopt;
  return authority;
}

std::expected<AdminToken, std::string> find_token(const std::string& state_dir) {
  std::string fault;
  for (const auto& folder : StateDir::folders(state_dir)) {
    auto token = AdminToken::read(folder);
    if (token) return token;
    fault = token.error();
  }
  return std::unexpected(fault + "; --state-dir says where the node keeps its admin.token");
}

// One request and its answer, on a connection of its own.
class Question {
 public:
  Question(Loop& loop, const SocketAddress& address, http::RequestHead head)
      : loop_(loop), address_(address), head_(std::move(head)) {}

  Task<void> ask(std::expected<AdminAnswer, std::string>& answer) {
    const auto read = co_await ask_once(answer);
    if (!read) answer = std::unexpected(std::string(word_for(read.error())));
    loop_.stop();
  }

 private:
  Task<Result<void>> ask_once(std::expected<AdminAnswer, std::string>& answer) {
    auto stream = co_await loop_.connect(address_, Timeout{.idle = kConnectPatience});
    if (!stream) co_return fail(stream.error());
    http::h1::ClientConnection connection(loop_, std::move(*stream));
    const Timeout timeout{.until = loop_.now() + kPatience};
    std::string out;
    const auto sent = co_await connection.send(head_, out, timeout);
    if (!sent) co_return sent;
    Arena arena;
    http::ResponseHead head;
    const auto got = co_await connection.read_head(head, head_.method, arena, timeout);
    if (!got) co_return got;
    connection.begin_content(head, timeout);
    answer->status = head.status;
    auto whole = co_await read_content(connection.body(), answer->content);
    co_return whole;
  }

  static Task<Result<void>> read_content(http::Body& body, std::string& content) {
    for (;;) {
      auto piece = co_await body.read();
      if (!piece) co_return fail(piece.error());
      if (content.size() + piece->bytes.size() > kLongestAnswer)
        co_return fail(Error::Kind::too_large);
      content += piece->bytes;
      if (piece->last) co_return Result<void>{};
    }
  }

  static std::string_view word_for(const Error& error) {
    switch (error.kind) {
      case Error::Kind::refused:
        return "nobody listens there";
      case Error::Kind::timed_out:
        return "it does not answer in time";
      case Error::Kind::unreachable:
        return "there is no way to it";
      default:
        return "it does not answer as an admin address does";
    }
  }

  Loop& loop_;
  const SocketAddress address_;
  const http::RequestHead head_;
};

std::expected<AdminAnswer, std::string> ask(const Address& address, http::RequestHead head) {
  auto loop = EpollLoop::create(1);
  if (!loop) return std::unexpected("out of descriptors");
  SocketAddress socket;
  std::memcpy(&socket.storage, address.raw(), address.raw_size());
  socket.length = address.raw_size();
  std::expected<AdminAnswer, std::string> answer;
  Question question(**loop, socket, std::move(head));
  Scope scope(**loop);
  scope.spawn(question.ask(answer));
  if (!scope.empty()) (*loop)->run();
  return answer;
}

}  // namespace

bool is_admin_url(std::string_view url) {
  return parse(url).has_value();
}

std::expected<AdminAnswer, std::string> ask_admin(const AdminPlace& place,
                                                  const std::string& path) {
  const auto authority = parse(place.url);
  if (!authority)
    return std::unexpected(
        fmt::format("found {}, expected a URL such as http://127.0.0.1:9901", place.url));
  const auto token = find_token(place.state_dir);
  if (!token) return std::unexpected(token.error());
  const auto addresses = resolve(authority->host, authority->port);
  if (!addresses) return std::unexpected(addresses.error());
  const auto bearer = "Bearer " + token->text();
  http::RequestHead head;
  head.method = http::Method::get;
  head.method_text = "GET";
  head.target = path;
  head.keep_alive = false;
  head.fields.add(http::Name::host, authority->text);
  head.fields.add(http::Name::authorization, bearer);
  auto answer = ask(addresses->front(), std::move(head));
  if (answer) return answer;
  return std::unexpected(fmt::format("cannot ask {}: {}", place.url, answer.error()));
}

}  // namespace penstock
