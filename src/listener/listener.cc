#include "listener/listener.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace penstock {
namespace {

// What a client is told that has no exchange, so no request id.
std::string answer_of(const Reason& reason, std::string_view more_fields) {
  const auto body =
      fmt::format(R"({{"type":"about:blank","title":"{}","status":{},"detail":"{}","code":"{}"}})"
                  "\n",
                  http::phrase_of(reason.status), reason.status, reason.sentence, reason.code);
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: application/problem+json\r\n"
      "Proxy-Status: penstock; error={}\r\n{}Connection: close\r\n"
      "Content-Length: {}\r\n\r\n{}",
      reason.status, http::phrase_of(reason.status), reason.proxy_status, more_fields, body.size(),
      body);
}

// When there is no room for another connection.
const std::string& no_room_answer(Resource wanting) {
  static const auto answers = [] {
    std::array<std::string, kMeasured + 1> made;
    for (std::size_t i = 0; i < made.size(); ++i)
      made[i] = answer_of(reason_of(static_cast<Resource>(i)), "Retry-After: 1\r\n");
    return made;
  }();
  return answers[static_cast<std::size_t>(wanting)];
}

// When http came where https is spoken.
const std::string& plain_answer() {
  static const auto answer = answer_of(reasons::kTlsRequired, {});
  return answer;
}

http::h1::ServerLimits limits_of(const ListenerLimits& config) {
  return {.head = {.request_line = config.request_line.bytes,
                   .header_bytes = config.header_bytes.bytes,
                   .headers = config.headers},
          .body_bytes = config.body_bytes.bytes,
          .header_timeout = config.header_timeout,
          .body_idle_timeout = config.body_idle_timeout,
          .idle_timeout = config.idle_timeout};
}

}  // namespace

ListenerSettings::ListenerSettings(const ListenerConfig& config, std::string_view name,
                                   std::uint16_t port, CidrSet trusted,
                                   std::shared_ptr<const ServerTls> server_tls)
    : limits(limits_of(config.limits)),
      trusted_proxies(std::move(trusted)),
      tls(std::move(server_tls)),
      entrance{.listener = name,
               .port = port,
               .scheme = tls ? "https" : "http",
               .trusted_proxies = &trusted_proxies,
               .body_bytes = config.limits.body_bytes.bytes} {}

ListenerShared::ListenerShared(const ListenerConfig& config, const Address& bound, CidrSet trusted,
                               std::uint32_t most, std::shared_ptr<const ServerTls> tls)
    : name(config.name.value),
      port(bound.port()),
      first(config, name, port, std::move(trusted), std::move(tls)),
      connections(most, config.limits.connections_per_address) {}

// A client's connection, while it is open.
class Listener::Connection : public Link<>, public Visit {
 public:
  Connection(Listener& listener, Job& job, std::unique_ptr<Stream> stream, TlsStream* secured,
             const Address& peer, ConnectionLimits::Admission admission)
      : Visit(listener.shedder_, peer),
        settings(listener.settings_.pin()),
        limits(listener.current().limits),
        http(listener.loop_, std::move(stream), limits),
        tls(secured),
        job_(job),
        peer_(peer),
        admission_(admission),
        listener_(listener) {
    listener_.connections_.push_back(*this);
    listener_.listener_series_.connections(ConnectionState::idle, 1);
  }
  ~Connection() override {
    listener_.listener_series_.connections(
        active_ ? ConnectionState::active : ConnectionState::idle, -1);
    listener_.shared_.connections.release(peer_, admission_);
  }

  void set_active(bool active) {
    if (active == active_) return;
    active_ = active;
    listener_.listener_series_.connections(ConnectionState::active, active ? 1 : -1);
    listener_.listener_series_.connections(ConnectionState::idle, active ? -1 : 1);
  }
  void drain(Waiting waiting) {
    if (active_ || waiting == Waiting::closed) http.close_after();
    if (!active_ && waiting == Waiting::closed) http.stream().interrupt();
  }

  const Address& peer() const { return peer_; }

  const Pin<ListenerSettings> settings;  // Those of its accept: for the limits.
  const http::h1::ServerLimits& limits;
  http::h1::ServerConnection http;
  TlsStream* const tls;  // What `http` stands on; nullptr: plain HTTP.
  bool open = true;

 private:
  void leave() override {
    http.close_after();
    http.stream().interrupt();
  }
  void cut() override { job_.cancel(); }

  Job& job_;
  const Address peer_;
  const ConnectionLimits::Admission admission_;
  Listener& listener_;
  bool active_ = false;
};

Listener::Listener(Loop& loop, ListenerShared& shared, int descriptor, MetricStore& store,
                   WorkerSeries& series, Serve serve, std::size_t worker, Shedder* shedder)
    : loop_(loop),
      shared_(shared),
      descriptor_(descriptor),
      worker_(worker),
      listener_series_(store, shared.name),
      series_(series),
      serve_(std::move(serve)),
      shedder_(shedder),
      exchanges_(loop) {
  shared.accepting.fetch_add(1, std::memory_order_relaxed);
}

Listener::~Listener() {
  ensure(connections_.empty() && !accepting_);
}

void Listener::start(Scope& scope) {
  scope_ = &scope;
  begin_to_accept();
}

void Listener::begin_to_accept() {
  acceptor_ = loop_.acceptor(descriptor_);
  accepting_ = true;
  scope_->spawn(accept());
}

// --- Accepting

Task<void> Listener::accept() {
  for (;;) {
    // Once draining, only what the kernel has queued already.
    auto accepted = co_await acceptor_->accept({.idle = draining_ ? Duration{} : Duration::max()});
    if (accepted) {
      admit(std::move(*accepted));
      continue;
    }
    const auto kind = accepted.error().kind;
    if (kind == Error::Kind::cancelled || (draining_ && kind == Error::Kind::timed_out)) break;
    // Interrupted, to look at draining_; or that has changed its mind.
    if (kind == Error::Kind::reset || kind == Error::Kind::timed_out) continue;
    // The connection stays in the kernel's queue while others end here.
    series_.hit(Limit::descriptors);
    const auto rested = co_await sleep_for(loop_, kOutOfDescriptors);
    if (!rested) break;
  }
  acceptor_.reset();
  accepting_ = false;
  shared_.accepting.fetch_sub(1, std::memory_order_release);
}

void Listener::admit(Accepted accepted) {
  const auto peer = Address::from(reinterpret_cast<const sockaddr*>(&accepted.peer.storage),
                                  accepted.peer.length);
  if (const auto wanting = shedder_ ? shedder_->admit_connection(peer) : std::nullopt) {
    listener_series_.refused(Refusal::overload);
    return turn_away(std::move(accepted.stream), *wanting);
  }
  auto admission = shared_.connections.admit(peer);
  if (admission.verdict == ConnectionLimits::Verdict::full && shedder_ != nullptr &&
      shedder_->make_room(peer))
    admission = shared_.connections.admit(peer, ConnectionLimits::Place::of_another);
  if (admission.verdict == ConnectionLimits::Verdict::admitted) {
    listener_series_.accepted();
    scope_->spawn(serve_connection(std::move(accepted.stream), peer, admission));
    return;
  }
  const bool full = admission.verdict == ConnectionLimits::Verdict::full;
  listener_series_.refused(full ? Refusal::connections : Refusal::connections_per_address);
  series_.hit(full ? Limit::connections : Limit::connections_per_address);
  turn_away(std::move(accepted.stream), Resource::connections);
}

void Listener::turn_away(std::unique_ptr<Stream> stream, Resource wanting) {
  // To somebody who expects TLS plain words would say nothing.
  if (turned_away_ >= kTurnedAway || current().tls) return;
  ++turned_away_;
  scope_->spawn(say_why(std::move(stream), wanting));
}

Task<void> Listener::say_why(std::unique_ptr<Stream> stream, Resource wanting) {
  co_await say_and_close(*stream, no_room_answer(wanting));
  --turned_away_;
}

Task<void> Listener::say_and_close(Stream& stream, std::string_view answer) {
  const Timeout timeout{.until = loop_.now() + std::chrono::seconds(1)};
  const auto sent = co_await stream.send(answer, timeout);
  stream.shutdown_write();
  // Closing with unread bytes would be a reset, and the client might not see what it was told.
  for (bool open = sent.has_value(); open;) {
    const auto got = co_await stream.recv(BufferPool::kBlock, timeout);
    open = got.has_value();
  }
}

void Listener::drain(Waiting waiting) {
  draining_ = true;
  if (acceptor_ != nullptr) acceptor_->interrupt();
  connections_.each([waiting](Connection& connection) { connection.drain(waiting); });
}

void Listener::resume() {
  draining_ = false;
  if (!accepting_) return begin_to_accept();
  // It has not ended, so that it is counted twice.
  shared_.accepting.fetch_sub(1, std::memory_order_release);
}

// --- Serving

Task<void> Listener::serve_connection(std::unique_ptr<Stream> stream, Address peer,
                                      ConnectionLimits::Admission admission) {
  TlsStream* tls = nullptr;
  if (const auto& server = current().tls) {
    auto secured = std::make_unique<TlsStream>(loop_, std::move(stream), server->accept(worker_));
    tls = secured.get();
    stream = std::move(secured);
  }
  auto& job = co_await ThisJob();
  Connection connection(*this, job, std::move(stream), tls, peer, admission);
  auto& http = connection.http;
  if (tls != nullptr) {
    const bool secure = co_await shake_hands(connection);
    if (!secure || connection.given_up()) co_return;
  }
  if (draining_) http.close_after();
  while (connection.open) {
    if (http.input().empty()) {
      connection.set_active(false);
      auto got = co_await http.stream().recv(http::h1::Input::kHeadRead,
                                             Timeout{.idle = connection.limits.idle_timeout});
      if (!got && got.error().kind == Error::Kind::timed_out) series_.hit(Limit::idle_timeout);
      if (!got) break;
      http.input().put(std::move(*got));
    }
    connection.set_active(true);
    co_await serve_request(connection);
  }
}

Task<bool> Listener::shake_hands(Connection& connection) {
  auto& tls = *connection.tls;
  const auto done =
      co_await tls.handshake({.until = loop_.now() + connection.limits.header_timeout});
  if (done) {
    listener_series_.secured(tls.version(), tls.resumed());
    co_return true;
  }
  const auto& failure = done.error();
  if (failure.kind == HandshakeFailure::Kind::cancelled) co_return false;
  note_failure(connection, failure);
  if (failure.kind == HandshakeFailure::Kind::plain_text)
    co_await say_and_close(tls.below(), plain_answer());
  co_return false;
}

void Listener::note_failure(const Connection& connection, const HandshakeFailure& failure) {
  listener_series_.handshake_failed(text_of(failure.kind));
  if (failure.kind == HandshakeFailure::Kind::timed_out) series_.hit(Limit::header_timeout);
  if (!log_failures_.passes(loop_.now())) return;
  log_info("TLS handshake failed", {{"listener", shared_.name},
                                    {"peer", connection.peer().to_text()},
                                    {"reason", text_of(failure.kind)},
                                    {"detail", failure.detail},
                                    {"held_back", log_failures_.held_back()}});
}

Task<void> Listener::serve_request(Connection& connection) {
  auto& http = connection.http;
  const auto settings = settings_.pin();  // The entrance stays as long as the exchange.
  auto exchange = exchanges_.take();
  exchange->entrance = &current().entrance;
  exchange->peer = &connection.peer();
  exchange->visit = &connection;
  if (connection.tls != nullptr)
    exchange->tls = {connection.tls->version(), connection.tls->server_name()};
  exchange->responder = &http;
  exchange->request_body = &http.body();
  exchange->began = loop_.now();
  exchange->began_wall = loop_.wall();
  http.use(&exchange->workspace);
  auto head = co_await read_head(connection, *exchange);
  if (head || head.error().reason != nullptr) {
    if (draining_) http.close_after();
    co_await serve_(*exchange);
    connection.open = co_await http.finish();
    if (!connection.open && exchange->delivered) co_await http.linger();
  } else {
    connection.open = false;  // The client left within its head.
  }
  connection.end_request();
  http.use(nullptr);
  exchanges_.give_back(std::move(exchange));
}

Task<Result<void>> Listener::read_head(Connection& connection, Exchange& exchange) {
  auto& http = connection.http;
  auto complete = http.try_head(exchange.request);
  if (complete && *complete) co_return Result<void>{};
  Result<void> head;
  if (complete)
    head = co_await http.read_head(exchange.request,
                                   exchange.began + connection.limits.header_timeout);
  else
    head = fail(complete.error());
  if (head || head.error().reason == nullptr) co_return head;
  count_limit(head.error());
  exchange.request.clear();
  exchange.fault = head.error();
  http.close_after();
  co_return head;
}

void Listener::count_limit(const Error& fault) {
  const auto* const reason = fault.reason;
  if (reason == &reasons::kRequestLineTooLong) series_.hit(Limit::request_line);
  if (reason == &reasons::kHeaderTooLarge) series_.hit(Limit::header_bytes);
  if (reason == &reasons::kTooManyHeaders) series_.hit(Limit::headers);
  if (reason == &reasons::kBodyTooLarge) series_.hit(Limit::body_bytes);
  if (reason == &reasons::kRequestTimeout) series_.hit(Limit::header_timeout);
}

}  // namespace penstock
