#include "origin.h"

#include <fmt/format.h>

#include <utility>

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

std::string head_of(std::string_view status, std::string_view fields) {
  return fmt::format("HTTP/1.1 {}\r\nContent-Type: text/plain\r\n{}\r\n", status, fields);
}

std::string whole_answer(std::string_view content) {
  return head_of("200 OK", fmt::format("Content-Length: {}\r\n", content.size())) +
         std::string(content);
}

std::string chunked_answer(std::string_view content, Random& random) {
  auto answer = head_of("200 OK", "Transfer-Encoding: chunked\r\n");
  while (!content.empty()) {
    const auto chunk = content.substr(0, 1 + random.below(content.size()));
    answer += fmt::format("{:x}\r\n{}\r\n", chunk.size(), chunk);
    content.remove_prefix(chunk.size());
  }
  return answer + "0\r\n\r\n";
}

std::size_t content_length(std::string_view head) {
  constexpr std::string_view name = "\r\nContent-Length: ";
  const auto at = head.find(name);
  return at == std::string_view::npos ? 0
                                      : std::stoul(std::string(head.substr(at + name.size(), 10)));
}

}  // namespace

std::string content_of(std::string_view path) {
  // Empty, small or more than a window, by the path alone.
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : path) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  constexpr std::array<std::size_t, 4> most{1, 500, 20'000, 200'000};
  Random random(hash);
  const auto size = random.below(most[hash % most.size()]);
  std::string block(path);
  for (int i = 0; i < 250; ++i) {
    const auto bits = random.next();
    block.append(reinterpret_cast<const char*>(&bits), sizeof bits);
  }
  std::string content;
  while (content.size() < size) content += block;
  content.resize(size);
  return content;
}

// One connection; false from a step means that it has ended.
class Origin::Connection {
 public:
  Connection(Origin& origin, std::unique_ptr<Stream> stream)
      : origin_(origin), stream_(std::move(stream)) {
    ++origin_.open_;
  }
  ~Connection() { --origin_.open_; }

  Task<bool> receive(Asked& asked) {
    std::size_t end = 0;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
      const bool more = co_await read_more();
      if (!more) co_return false;
    }
    const auto method_end = in_.find(' ');
    asked.method = in_.substr(0, method_end);
    asked.path = in_.substr(method_end + 1, in_.find(' ', method_end + 1) - method_end - 1);
    ++origin_.asked_[asked.path];
    const auto size = end + 4 + content_length(std::string_view(in_).substr(0, end));
    while (in_.size() < size) {
      const bool more = co_await read_more();
      if (!more) co_return false;
    }
    in_.erase(0, size);
    ++origin_.requests_;
    co_return true;
  }

  Task<bool> answer(Act act, const Asked& asked) {
    const auto content = content_of(asked.path);
    auto& random = origin_.world_.random();
    switch (act) {
      case Act::answer_late:
      case Act::answer_too_late: {
        const auto pause = act == Act::answer_late ? 100ms : 1s;
        const auto slept = co_await sleep_for(origin_.world_.loop(), pause);
        if (!slept) co_return false;
        [[fallthrough]];
      }
      case Act::answer:
        co_return co_await send(whole_answer(content));
      case Act::answer_chunked:
        co_return co_await send(chunked_answer(content, random));
      case Act::busy:
        co_return co_await send(head_of("503 Busy", "Content-Length: 4\r\n") + "busy");
      case Act::surplus: {
        const bool sent = co_await send(whole_answer(content) + whole_answer("not asked for"));
        co_return sent&& co_await wait_for_end();
      }
      case Act::answer_and_end:
        co_await send(head_of("200 OK", "") + content);
        break;
      case Act::leave_after:
        co_await send(whole_answer(content));
        break;
      case Act::garbage:
        co_await send("SSH-2.0-OpenSSH_9.2\r\n\r\n");
        break;
      case Act::leave_before:
        break;
      case Act::reset_before:
        stream_->reset_on_close();
        break;
      case Act::stall_before:
        co_await wait_for_end();
        break;
      default:
        co_await answer_in_part(act, whole_answer(content));
        break;
    }
    co_return false;
  }

 private:
  Task<void> answer_in_part(Act act, std::string answer) {
    const auto head = answer.find("\r\n\r\n") + 4;
    const bool in_head = act == Act::reset_in_head;
    answer.resize(in_head ? head / 2 : head + (answer.size() - head) / 2);
    co_await send(answer);
    if (act == Act::stall_in_body) co_await wait_for_end();
    if (act == Act::reset_in_head || act == Act::reset_in_body) stream_->reset_on_close();
  }

  Task<bool> send(std::string bytes) {
    const auto sent = co_await stream_->send(bytes, Timeout{.idle = 10min});
    co_return sent.has_value();
  }
  Task<bool> read_more() {
    const auto got = co_await stream_->recv(BufferPool::kBlock, Timeout{.idle = 1h});
    if (got) in_ += got->bytes();
    co_return got.has_value();
  }
  Task<bool> wait_for_end() {
    for (;;) {
      const bool more = co_await read_more();
      if (!more) co_return false;
    }
  }

  Origin& origin_;
  std::unique_ptr<Stream> stream_;
  std::string in_;
};

Origin::Origin(World& world, SocketAddress address, Choose choose)
    : world_(world),
      choose_(std::move(choose)),
      acceptor_(world.network().acceptor(address)),
      scope_(world.loop()) {
  scope_.spawn(accept());
}

Origin::~Origin() {
  scope_.cancel();
  world_.loop().run_until([this] { return scope_.empty(); });
}

int Origin::times_asked(const std::string& path) const {
  const auto at = asked_.find(path);
  return at == asked_.end() ? 0 : at->second;
}

Task<void> Origin::accept() {
  for (;;) {
    auto accepted = co_await acceptor_->accept(Timeout{});
    if (!accepted) break;
    ++connections_;
    scope_.spawn(serve(std::move(accepted->stream)));
  }
  acceptor_.reset();
}

Task<void> Origin::serve(std::unique_ptr<Stream> stream) {
  Connection connection(*this, std::move(stream));
  for (bool open = true; open;) {
    Asked asked;
    open = co_await connection.receive(asked);
    if (!open) break;
    open = co_await connection.answer(choose_(asked), asked);
  }
}

}  // namespace penstock::sim
