#include "http/h1/tunnel.h"

#include "runtime/scope.h"

namespace penstock::http::h1 {
namespace {

// What the two directions share.
struct Traffic {
  Loop& loop;
  Scope& scope;
  Duration idle;
  Instant until;
  Instant last_moved;
  Tunnelled result;
  bool ended = false;

  // The first to see an end says why.
  void end(Tunnelled::End why) {
    if (!ended) result.end = why;
    ended = true;
    scope.cancel();
  }
  void end(const Error& error) {
    using Kind = Error::Kind;
    const bool late = error.kind == Kind::timed_out;
    if (late && loop.now() >= until) return end(Tunnelled::End::age);
    if (late) return end(Tunnelled::End::idle);
    end(error.kind == Kind::cancelled ? Tunnelled::End::cancelled : Tunnelled::End::closed);
  }
  // A quiet direction is not idle while the other one moves.
  bool both_idle() const { return loop.now() >= until || loop.now() - last_moved >= idle; }
  Timeout patience() const {
    const auto quiet_until = last_moved + idle;
    return {.until = quiet_until < until ? quiet_until : until};
  }
};

Task<void> one_way(Traffic& traffic, Input& from, Input& to, std::uint64_t& moved) {
  for (;;) {
    if (from.empty()) {
      auto got = co_await from.stream().recv(BufferPool::kBlock, traffic.patience());
      if (got) {
        from.put(std::move(*got));
      } else if (got.error().kind == Error::Kind::timed_out && !traffic.both_idle()) {
        continue;
      } else if (got.error().kind == Error::Kind::closed) {
        to.stream().shutdown_write();
        co_return;
      } else {
        co_return traffic.end(got.error());
      }
    }
    traffic.last_moved = traffic.loop.now();
    const auto bytes = from.bytes();
    const auto sent =
        co_await to.stream().send(bytes, Timeout{.idle = traffic.idle, .until = traffic.until});
    if (!sent) co_return traffic.end(sent.error());
    moved += bytes.size();
    traffic.last_moved = traffic.loop.now();
    from.consume(bytes.size());
  }
}

}  // namespace

Task<Tunnelled> tunnel(Loop& loop, Input& first, Input& second, Duration idle, Instant until) {
  Scope scope(loop);
  Traffic traffic{loop, scope, idle, until, loop.now(), {}, false};
  scope.spawn(one_way(traffic, first, second, traffic.result.forward));
  scope.spawn(one_way(traffic, second, first, traffic.result.backward));
  co_await scope.join();
  co_return traffic.result;
}

}  // namespace penstock::http::h1
