#include <fmt/format.h>
#include <fuzzer/FuzzedDataProvider.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ensure.h"
#include "observe/operational_log.h"
#include "runtime/signal.h"
#include "world.h"

// The whole gateway between clients and a service that say what the input says, when it says so, in
// virtual time. Nothing crashes or hangs, whatever is said; and who sends proper requests gets an
// answer to each, in order, with the content that is its own, or the end of the connection.
namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kService =
    "timeouts: { connect: 300ms, firstByte: 500ms, idle: 700ms, total: 3s, perTry: 2s, "
    "maxStreamAge: 5s }, retry: { backoff: 1ms }, ";
constexpr std::array<std::string_view, 3> kMore{
    "pool: { maxConnections: 2 }",
    "bulkhead: { maxRequests: 2, maxPending: 1, pendingTimeout: 300ms }",
    "circuitBreaker: { minimumRequests: 2, window: 1s, openFor: 200ms, trials: 1, ramp: 300ms }, "
    "outlierEjection: { consecutiveFailures: 2, ejectFor: 200ms, maxEjected: 100% }"};
// What only the service's proper answers have; its value is the request's target.
constexpr std::string_view kEcho = "X-Echo";

// --- The service

struct Act {
  enum class Kind : std::uint8_t {
    length,
    chunked,
    until_close,
    empty,
    interim,
    upgrade,
    raw,
    none
  };
  enum class End : std::uint8_t { keep, fin, reset };
  Kind kind = Kind::length;
  End end = End::keep;
  Duration pause{};
  std::string raw;
};

std::string answer_of(const Act& act, bool head, std::string_view target) {
  const auto echo = fmt::format("{}: {}\r\n", kEcho, target);
  const auto content = head ? std::string_view{} : target;
  switch (act.kind) {
    case Act::Kind::interim:
      return fmt::format(
          "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
          "HTTP/1.1 200 OK\r\n{}Content-Length: {}\r\n\r\n{}",
          echo, target.size(), content);
    case Act::Kind::length:
      return fmt::format("HTTP/1.1 200 OK\r\n{}Content-Length: {}\r\n\r\n{}", echo, target.size(),
                         content);
    case Act::Kind::chunked:
      if (head) return fmt::format("HTTP/1.1 200 OK\r\n{}Transfer-Encoding: chunked\r\n\r\n", echo);
      return fmt::format(
          "HTTP/1.1 200 OK\r\n{}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n", echo,
          target.size(), target);
    case Act::Kind::until_close:
      return fmt::format("HTTP/1.1 200 OK\r\n{}Connection: close\r\n\r\n{}", echo, content);
    case Act::Kind::empty:
      return fmt::format("HTTP/1.1 204 No Content\r\n{}\r\n", echo);
    case Act::Kind::upgrade:
      return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
             "websocket\r\n\r\n";
    case Act::Kind::raw:
      return act.raw;
    case Act::Kind::none:
      break;
  }
  return {};
}

class Service {
 public:
  Service(World& world, std::vector<Act> acts)
      : world_(world),
        acts_(std::move(acts)),
        acceptor_(world.network().acceptor(World::instance(0))),
        scope_(world.loop()) {
    scope_.spawn(accept());
  }
  ~Service() {
    scope_.cancel();
    ensure(world_.loop().run_until([this] { return scope_.empty(); }, 1h));
  }

 private:
  Task<void> accept() {
    for (;;) {
      auto accepted = co_await acceptor_->accept(Timeout{});
      if (!accepted) co_return;
      scope_.spawn(serve(std::move(accepted->stream)));
    }
  }
  Task<void> serve(std::unique_ptr<Stream> stream) {
    std::string in;
    for (;;) {
      const auto head = co_await take_until("\r\n\r\n", *stream, in);
      if (head.empty()) co_return;
      const bool whole = co_await skip_content(head, *stream, in);
      if (!whole) co_return;
      const auto target_at = head.find(' ') + 1;
      const auto target = head.substr(target_at, head.find(' ', target_at) - target_at);
      const auto& act = acts_[next_++ % acts_.size()];
      const auto rested = co_await sleep_for(world_.loop(), act.pause);
      if (!rested) co_return;
      const auto answer = answer_of(act, head.starts_with("HEAD "), target);
      const auto sent = co_await stream->send(answer, Timeout{});
      if (!sent) co_return;
      if (act.end == Act::End::reset) stream->reset_on_close();
      if (act.end != Act::End::keep || act.kind == Act::Kind::until_close) co_return;
    }
  }
  // What the gateway sends is well-formed, whatever it was sent.
  static Task<bool> skip_content(std::string head, Stream& stream, std::string& in) {
    if (head.find("\r\nTransfer-Encoding: chunked\r\n") != std::string::npos) {
      for (;;) {
        const auto line = co_await take_until("\r\n", stream, in);
        if (line.empty()) co_return false;
        const auto size = std::stoul(line, nullptr, 16);
        if (size == 0) break;
        const bool there = co_await take(size + 2, stream, in);
        if (!there) co_return false;
      }
      for (;;) {
        const auto trailer = co_await take_until("\r\n", stream, in);
        if (trailer.size() <= 2) co_return !trailer.empty();
      }
    }
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    const auto at = head.find(kLength);
    if (at == std::string::npos) co_return true;
    const bool there = co_await take(std::stoul(head.substr(at + kLength.size())), stream, in);
    co_return there;
  }
  // With its end; empty when the connection ended.
  static Task<std::string> take_until(std::string_view mark, Stream& stream, std::string& in) {
    std::size_t end = 0;
    while ((end = in.find(mark)) == std::string::npos) {
      const auto got = co_await stream.recv(BufferPool::kBlock, Timeout{});
      if (!got) co_return std::string();
      in += got->bytes();
    }
    auto taken = in.substr(0, end + mark.size());
    in.erase(0, taken.size());
    co_return taken;
  }
  static Task<bool> take(std::size_t size, Stream& stream, std::string& in) {
    while (in.size() < size) {
      const auto got = co_await stream.recv(BufferPool::kBlock, Timeout{});
      if (!got) co_return false;
      in += got->bytes();
    }
    in.erase(0, size);
    co_return true;
  }

  World& world_;
  const std::vector<Act> acts_;
  std::size_t next_ = 0;
  std::unique_ptr<Acceptor> acceptor_;
  Scope scope_;
};

// --- The clients

// What a proper request asked for.
struct Asked {
  bool head = false;
  std::string target;
};

class Caller {
 public:
  explicit Caller(World& world) : world_(world), more_(world.loop()) {
    world.scope().spawn(live());
  }

  void say(std::string bytes) {
    out_.push_back(std::move(bytes));
    more_.notify_all();
  }
  void ask(std::string_view method, std::string target, std::string_view rest) {
    auto bytes = fmt::format("{} {} HTTP/1.1\r\nHost: sim\r\n{}", method, target, rest);
    asked_.push_back({method == "HEAD", std::move(target)});
    say(std::move(bytes));
  }
  void end_sending() {
    out_.emplace_back();
    more_.notify_all();
    cut_short_ = true;
  }
  void say_anything(std::string bytes) {
    proper_ = false;
    if (!bytes.empty()) say(std::move(bytes));
  }
  void reset() {
    cut_short_ = resets_ = true;
    more_.notify_all();
    if (stream_) stream_->interrupt();
  }
  bool proper() const { return proper_; }
  void look() const {
    if (proper_ && connected_) check();
  }

 private:
  Task<void> live() {
    auto stream = co_await world_.loop().connect(World::gateway(), Timeout{});
    if (!stream) co_return;
    connected_ = true;
    stream_ = std::move(*stream);
    Scope writing(world_.loop());
    writing.spawn(write());
    for (;;) {
      const auto got = co_await stream_->recv(BufferPool::kBlock, Timeout{});
      if (!got) break;
      in_ += got->bytes();
    }
    co_await writing.close();
    if (resets_) stream_->reset_on_close();
    stream_.reset();
  }
  Task<void> write() {
    for (;;) {
      while (!out_.empty() && !resets_) {
        const auto bytes = std::move(out_.front());
        out_.pop_front();
        if (bytes.empty()) {
          stream_->shutdown_write();
          co_return;
        }
        const auto sent = co_await stream_->send(bytes, Timeout{});
        if (!sent) co_return;
      }
      const auto woken = co_await more_.wait();
      if (!woken) co_return;
    }
  }

  // One line after another of what came, none of it mixed up.
  void check() const {
    std::string_view in = in_;
    std::size_t answered = 0;
    while (!in.empty()) {
      const auto end = in.find("\r\n\r\n");
      if (end == std::string_view::npos) break;
      const auto head = in.substr(0, end + 2);
      in.remove_prefix(end + 4);
      ensure(head.starts_with("HTTP/1.1 "));
      const auto status = std::stoi(std::string(head.substr(9, 3)));
      ensure(status >= 100 && status <= 599);
      if (status == 101) return;
      if (status < 200) continue;
      ensure(answered < asked_.size());
      const auto& asked = asked_[answered++];
      const auto content = content_of(head, asked.head || status == 204 || status == 304, in);
      if (!content) break;  // Cut short.
      const auto echo = value_of(head, kEcho);
      if (!echo.empty()) ensure(echo == asked.target);
      if (!echo.empty() && !asked.head && status == 200) ensure(*content == asked.target);
    }
    // A client that stays gets a word on its first request at the least.
    if (!asked_.empty() && !cut_short_) ensure(in_.starts_with("HTTP/1.1 "));
  }
  static std::string_view value_of(std::string_view head, std::string_view name) {
    const auto at = head.find(fmt::format("\r\n{}: ", name));
    if (at == std::string_view::npos) return {};
    const auto begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
  // Takes it from `in`; nullopt when it is not whole.
  static std::optional<std::string> content_of(std::string_view head, bool none,
                                               std::string_view& in) {
    if (none) return std::string();
    if (value_of(head, "Transfer-Encoding") == "chunked") return chunks_of(in);
    const auto length = value_of(head, "Content-Length");
    if (length.empty()) return std::string(std::exchange(in, {}));
    const auto size = std::stoul(std::string(length));
    if (in.size() < size) return std::nullopt;
    std::string content(in.substr(0, size));
    in.remove_prefix(size);
    return content;
  }
  static std::optional<std::string> chunks_of(std::string_view& in) {
    std::string content;
    for (;;) {
      const auto line = in.find("\r\n");
      if (line == std::string_view::npos) return std::nullopt;
      const auto size = std::stoul(std::string(in.substr(0, line)), nullptr, 16);
      if (in.size() < line + 2 + size + 2) return std::nullopt;
      content += in.substr(line + 2, size);
      ensure(in.substr(line + 2 + size, 2) == "\r\n" || size == 0);
      if (size == 0) {
        const auto end = in.find("\r\n\r\n", line);
        if (end == std::string_view::npos) return std::nullopt;
        in.remove_prefix(end + 4);
        return content;
      }
      in.remove_prefix(line + 2 + size + 2);
    }
  }

  World& world_;
  Signal more_;
  std::unique_ptr<Stream> stream_;
  std::deque<std::string> out_;  // An empty one is a FIN.
  std::string in_;
  std::vector<Asked> asked_;
  bool connected_ = false;
  bool proper_ = true;
  bool cut_short_ = false;
  bool resets_ = false;
};

// --- The input

std::vector<Act> acts_of(FuzzedDataProvider& input) {
  std::vector<Act> acts;
  const auto count = input.ConsumeIntegralInRange(1, 6);
  for (int i = 0; i < count; ++i) {
    Act act;
    act.kind = static_cast<Act::Kind>(input.ConsumeIntegralInRange(0, 7));
    act.end = static_cast<Act::End>(input.ConsumeIntegralInRange(0, 2));
    act.pause = std::chrono::milliseconds(input.ConsumeIntegralInRange(0, 900));
    if (act.kind == Act::Kind::raw) act.raw = input.ConsumeRandomLengthString(300);
    if (act.raw.find("cho") != std::string::npos) act.raw.clear();  // That is for proper answers.
    // Who says more than it was asked for, later, cannot be told from one who answers.
    if (act.kind == Act::Kind::raw && act.end == Act::End::keep) act.end = Act::End::fin;
    acts.push_back(std::move(act));
  }
  return acts;
}

void ask(FuzzedDataProvider& input, Caller& caller, int number) {
  auto target =
      fmt::format("/{}/{}", number, std::string(input.ConsumeIntegralInRange(0, 200), 'x'));
  switch (input.ConsumeIntegralInRange(0, 6)) {
    case 0:
      return caller.ask("GET", std::move(target), "\r\n");
    case 1:
      return caller.ask("POST", std::move(target), "Content-Length: 7\r\n\r\ncontent");
    case 2:
      return caller.ask("PUT", std::move(target),
                        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
    case 3:
      return caller.ask("POST", std::move(target),
                        "Expect: 100-continue\r\nContent-Length: 4\r\n\r\nbody");
    case 4:
      return caller.ask(
          "GET", std::move(target),
          "Connection: Upgrade\r\nUpgrade: websocket\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n");
    case 5:
      return caller.ask("HEAD", std::move(target), "\r\n");
    default:
      return caller.ask("GET", std::move(target), "Connection: close\r\n\r\n");
  }
}

void play(FuzzedDataProvider& input) {
  std::string service(kService);
  service += kMore[input.ConsumeIntegralInRange<std::size_t>(0, kMore.size() - 1)];
  World world(input.ConsumeIntegral<std::uint16_t>(), 1, service);
  Service origin(world, acts_of(input));
  std::vector<std::unique_ptr<Caller>> callers;
  callers.push_back(std::make_unique<Caller>(world));
  for (int step = 0; step < 40 && input.remaining_bytes() > 0; ++step) {
    auto& caller = *callers[input.ConsumeIntegralInRange<std::size_t>(0, callers.size() - 1)];
    switch (input.ConsumeIntegralInRange(0, 7)) {
      case 0:
        if (callers.size() < 4) callers.push_back(std::make_unique<Caller>(world));
        break;
      case 1:
        caller.say_anything(input.ConsumeRandomLengthString(400));
        break;
      case 2:
        world.loop().run_for(std::chrono::milliseconds(input.ConsumeIntegralInRange(0, 1'000)));
        break;
      case 3:
        if (input.ConsumeBool()) caller.end_sending();
        break;
      case 4:
        if (input.ConsumeBool()) caller.reset();
        break;
      default:
        ask(input, caller, step);
    }
  }
  // Longer than any timeout.
  world.loop().run_for(200s);
  for (const auto& caller : callers) caller->look();
  world.drain();
  for (const auto& caller : callers) caller->reset();
  ensure(world.loop().run_until([&] { return world.drained(); }, 200s));
}

}  // namespace
}  // namespace penstock::sim

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  testing::GTEST_FLAG(break_on_failure) = true;
  penstock::set_log_level(penstock::LogLevel::error);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  penstock::sim::play(input);
  return 0;
}
