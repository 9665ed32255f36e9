#include "upstream/call.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/ascii.h"
#include "http/hop.h"

namespace penstock {
namespace {

bool is_event_stream(const http::Fields& fields) {
  constexpr std::string_view type = "text/event-stream";
  const auto* const field = fields.find(http::Name::content_type);
  return field != nullptr && field->value.size() >= type.size() &&
         equals_ignoring_case(field->value.substr(0, type.size()), type);
}

// Half the pause for sure, the other half at random, so that retries do not march in step.
Duration with_jitter(Duration pause, Random& random) {
  const auto half = static_cast<std::uint64_t>(pause.count()) / 2;
  if (half == 0) return pause;
  return Duration(static_cast<std::int64_t>(half + random.below(half + 1)));
}

// Not that it was never asked, for want of room or of instances.
bool says_service_failed(const Error& error) {
  const auto* const reason = error.reason;
  return reason != nullptr && reason->side == Side::upstream &&
         reason != &reasons::kPoolExhausted && reason != &reasons::kNoEndpoint;
}

}  // namespace

bool may_repeat(const RetryConfig& retry, std::string_view method) {
  return std::any_of(retry.methods.begin(), retry.methods.end(),
                     [&](const auto& listed) { return listed.value == method; });
}

Call::ClientWatch::ClientWatch(Call& call)
    : Operation(call.exchange_.loop(), Timeout{}),
      call_(call),
      client_(call.exchange_.responder->client()) {
  client_.watch_peer(this);
}

Call::ClientWatch::~ClientWatch() {
  client_.watch_peer(nullptr);
  Loop::disarm(*this);
}

void Call::ClientWatch::run() {
  if (client_.peer() == Stream::Peer::gone) return call_.give_up();
  if (!Link<TimerTag>::linked()) loop_.arm(*this, loop_.now() + kHalfClosedWait);
}

// Nobody is left to answer: what waits for the service ends.
void Call::give_up() {
  client_gone_ = true;
  if (entering_ != nullptr) entering_->cancel(Error::Kind::cancelled);
  if (connection_) connection_->stream().interrupt();
}

Call::Call(Exchange& exchange, std::shared_ptr<Service> service, const ServiceConfig& config,
           bool stream)
    : exchange_(exchange),
      service_(std::move(service)),
      config_(config),
      retry_(config.retry),
      timeouts_(config.timeouts),
      stream_(stream),
      began_(exchange.loop().now()),
      began_exactly_(exchange.loop().clock()),
      deadline_(began_ + timeouts_.total),
      scope_(exchange.loop()) {
  exchange.upstream.service = exchange.arena().copy(service_->name());
  if (config.circuit_breaker || config.bulkhead) state_ = service_->endpoints()->state;
  watch_.emplace(*this);
  if (exchange.request.framing == http::Framing::none) return;
  const bool keep = retry_.attempts > 1 && may_repeat(retry_, exchange.request.method_text);
  body_.emplace(*exchange.request_body, keep);
}

Instant Call::stream_end() const {
  return began_ + timeouts_.max_stream_age;
}

Task<Result<void>> Call::run() {
  service_->budget().deposit();
  const auto entered = co_await enter_bulkhead();
  if (!entered) co_return entered;
  auto pause = retry_.backoff;
  for (;;) {
    if (!pass_breaker()) co_return fail(reasons::kCircuitOpen);
    ++exchange_.upstream.attempts;
    auto outcome = co_await try_once();
    const bool again = may_retry(outcome);
    if (exchange_.upstream.attempts > 1 && !again)
      service_->series().retried(outcome ? RetryOutcome::succeeded : RetryOutcome::failed);
    if (!again) co_return outcome;
    exchange_.response.clear();
    if (connection_) connection_->spoil();
    co_await close();
    if (body_) body_->rewind();
    const auto rested =
        co_await sleep_for(exchange_.loop(), with_jitter(pause, exchange_.loop().random()));
    if (!rested) co_return fail(rested.error());
    pause *= 2;
  }
}

Task<Result<void>> Call::try_once() {
  const auto began = exchange_.loop().now();
  try_deadline_ = began + timeouts_.per_try;
  progress_ = Progress::nothing_sent;
  has_head_ = false;
  upload_started_ = false;
  head_sent_ = false;
  upload_ended_at_.reset();
  upload_result_ = {};
  exchange_.upstream.status = 0;
  if (!watch_) watch_.emplace(*this);  // The answer to the try before had ended it.
  auto outcome = co_await connect();
  if (outcome) outcome = co_await send_request();
  if (outcome) outcome = co_await read_final_head();
  const auto took = exchange_.loop().now() - began;
  service_->series().attempt_ended(exchange_.upstream.status, took);
  judge(outcome, took);
  co_return outcome;
}

// --- Sparing the service

Task<Result<void>> Call::enter_bulkhead() {
  if (!config_.bulkhead || !state_) co_return Result<void>{};
  auto entering = state_->bulkhead.enter(exchange_.loop(), *config_.bulkhead, deadline_);
  entering_ = &entering;
  auto place = co_await entering;
  entering_ = nullptr;
  if (client_gone_) co_return fail(reasons::kClientClosed);
  if (!place) co_return fail(place.error());
  place_ = *std::move(place);
  co_return Result<void>{};
}

bool Call::pass_breaker() {
  if (!config_.circuit_breaker || !state_) return true;
  pass_ = state_->breaker.admit(*config_.circuit_breaker, exchange_.loop().now(),
                                exchange_.loop().random());
  return static_cast<bool>(pass_);
}

// What the try says of the service, and of the endpoint.
void Call::judge(const Result<void>& outcome, Duration took) {
  if (!pass_ && !config_.outlier_ejection) return;
  using Outcome = Breaker::Outcome;
  auto said = outcome ? Outcome::good : Outcome::unknown;
  const bool failed =
      outcome ? exchange_.response.status >= 500 : says_service_failed(outcome.error());
  if (failed) said = Outcome::failed;
  if (config_.outlier_ejection) judge_endpoint(said);
  if (!pass_) return;
  const auto& config = *config_.circuit_breaker;
  if (said == Outcome::good && config.slower_than && took > *config.slower_than)
    said = Outcome::slow;
  pass_.report(config, said, exchange_.loop().now());
}

void Call::judge_endpoint(Breaker::Outcome outcome) {
  if (outcome == Breaker::Outcome::unknown || endpoint_ == Service::kNone) return;
  const auto& config = *config_.outlier_ejection;
  const auto now = exchange_.loop().now();
  auto& state = *endpoint().state;
  if (outcome == Breaker::Outcome::good) return state.try_succeeded();
  if (!state.try_failed(config) || state.ejected(now) || !set_->may_eject(config, now)) return;
  state.eject(config, now);
  service_->series().ejected(endpoint().text);
}

std::optional<Duration> Call::retry_after(const Reason& reason) const {
  if (&reason == &reasons::kCircuitOpen) return state_->breaker.retry_after(exchange_.loop().now());
  const bool full = &reason == &reasons::kBulkheadFull || &reason == &reasons::kPendingTimeout ||
                    &reason == &reasons::kPoolExhausted;
  return full ? std::optional<Duration>(std::chrono::seconds(1)) : std::nullopt;
}

// --- Connecting

Task<Result<void>> Call::connect() {
  // Endpoints may have come and gone since the try before.
  const auto before = std::exchange(set_, service_->endpoints());
  endpoint_ = service_->choose(
      *set_, endpoint_ == Service::kNone ? nullptr : before->endpoints[endpoint_].state.get());
  if (endpoint_ == Service::kNone) co_return fail(reasons::kNoEndpoint);
  const auto first = endpoint_;
  for (;;) {
    auto outcome = co_await connect_to_endpoint();
    if (outcome || outcome.error().reason == &reasons::kPoolExhausted) co_return outcome;
    // A name may stand for addresses of which one does not answer (`localhost` is often two):
    // nothing was sent, so going on to the next is still the same try.
    const auto next = set_->next_of_instance(endpoint_);
    if (next == first || exchange_.loop().now() >= head_deadline()) co_return outcome;
    endpoint_ = next;
  }
}

Task<Result<void>> Call::connect_to_endpoint() {
  in_flight_ = InFlight(*endpoint().state);
  exchange_.upstream.endpoint = exchange_.arena().copy(endpoint().text);
  pool_ = &service_->pool(*set_, endpoint_);
  connection_ = pool_->take();
  if (connection_) co_return Result<void>{};
  if (!service_->may_open()) co_return fail(reasons::kPoolExhausted);
  pool_->opened();
  SocketAddress address;
  std::memcpy(&address.storage, endpoint().address.raw(), endpoint().address.raw_size());
  address.length = endpoint().address.raw_size();
  const Timeout timeout{.until =
                            std::min(exchange_.loop().now() + timeouts_.connect, head_deadline())};
  auto stream = co_await exchange_.loop().connect(address, timeout);
  if (!stream) {
    pool_->closed();
    co_return connect_failed(stream.error());
  }
  if (set_->tls) {
    auto secured = co_await secure(std::move(*stream), timeout);
    if (!secured) {
      pool_->closed();
      co_return fail(secured.error());
    }
    stream = std::move(secured);
  }
  endpoint().state->connect_succeeded();
  service_->series().connect_ended(ConnectOutcome::connected);
  connection_ = std::make_unique<http::h1::ClientConnection>(exchange_.loop(), std::move(*stream));
  co_return Result<void>{};
}

Task<Result<std::unique_ptr<Stream>>> Call::secure(std::unique_ptr<Stream> stream,
                                                   Timeout timeout) {
  auto ssl = set_->tls->connect(service_->worker(), endpoint().host, &pool_->last_session());
  auto tls = std::make_unique<TlsStream>(exchange_.loop(), std::move(stream), std::move(ssl));
  const auto done = co_await tls->handshake(timeout);
  if (done) co_return std::move(tls);
  co_return fail(tls_failed(done.error()).error());
}

Result<void> Call::tls_failed(const HandshakeFailure& failure) {
  using Kind = HandshakeFailure::Kind;
  if (failure.kind == Kind::cancelled) return fail(Error::Kind::cancelled);
  if (failure.kind == Kind::timed_out) return connect_failed({.kind = Error::Kind::timed_out});
  if (endpoint().state->connect_failed(exchange_.loop().now()))
    service_->series().ejected(endpoint().text);
  service_->tls_failed(endpoint(), failure);
  switch (failure.kind) {
    case Kind::certificate:
      return fail(reasons::kUpstreamUntrusted);
    case Kind::name:
      return fail(reasons::kUpstreamName);
    case Kind::expired:
      return fail(reasons::kUpstreamExpired);
    case Kind::refused:
      return fail(reasons::kUpstreamAlert);
    default:
      return fail(reasons::kUpstreamTls);
  }
}

Result<void> Call::connect_failed(const Error& error) {
  using Kind = Error::Kind;
  if (error.kind == Kind::cancelled) return fail(error);
  // Our own want of descriptors says nothing about the endpoint.
  if (error.kind == Kind::exhausted) return fail(reasons::kPoolExhausted);
  const bool out_of_time = exchange_.loop().now() >= head_deadline();
  if (!out_of_time || timeouts_.connect <= timeouts_.per_try) {
    if (endpoint().state->connect_failed(exchange_.loop().now()))
      service_->series().ejected(endpoint().text);
  }
  switch (error.kind) {
    case Kind::refused:
      service_->series().connect_ended(ConnectOutcome::refused);
      return fail(reasons::kConnectRefused);
    case Kind::timed_out:
      service_->series().connect_ended(ConnectOutcome::timed_out);
      return fail(reasons::kConnectTimeout);
    default:
      service_->series().connect_ended(ConnectOutcome::failed);
      return fail(reasons::kConnectFailed);
  }
}

// --- Sending

Task<Result<void>> Call::send_request() {
  progress_ = Progress::sending;
  auto& request = exchange_.request;
  if (expects_continue() && body_->at_hand()) {
    const auto told = co_await waive_continue();
    if (!told) co_return fail(told.error());
  }
  if (body_ && !expects_continue()) {
    // Content that goes with its head waits for nobody's word.
    request.fields.remove(http::Name::expect);
    start_upload();
    co_return Result<void>{};
  }
  head_sent_ = true;
  const auto sent = co_await connection_->send(request, exchange_.workspace.out,
                                               Timeout{.idle = timeouts_.idle, .until = deadline_});
  sent_at_ = exchange_.loop().now();
  // A service may answer and close before it has read; what it said is still there to be read.
  if (sent || sent.error().kind == Error::Kind::reset) co_return Result<void>{};
  if (sent.error().kind == Error::Kind::timed_out) co_return fail(reasons::kWriteTimeout);
  co_return fail(sent.error());
}

// The client did not wait for a word before it sent its content, so neither does the gateway
// (RFC 9110 §10.1.1). It is told where there is more to come.
Task<Result<void>> Call::waive_continue() {
  continued_ = true;
  if (body_->whole_at_hand()) co_return Result<void>{};
  http::ResponseHead head;
  head.status = 100;
  const auto sent = co_await exchange_.responder->interim(head);
  if (!sent) co_return fail(reasons::kClientClosed);
  co_return Result<void>{};
}

// The client has been told to send its body.
void Call::go_on() {
  continued_ = true;
  start_upload();
}

void Call::start_upload() {
  upload_started_ = true;
  scope_.spawn(upload());
}

// Runs beside the wait for the answer, which may come before the upload ends.
Task<void> Call::upload() {
  const Timeout timeout{.idle = timeouts_.idle, .until = deadline_};
  // After `Expect: 100-continue` the head has gone ahead.
  if (head_sent_)
    upload_result_ =
        co_await connection_->send_content(*body_, exchange_.request.framing, upload_out_, timeout);
  else
    upload_result_ = co_await connection_->send(exchange_.request, *body_, upload_out_, timeout);
  upload_ended_at_ = exchange_.loop().now();
  const auto end = upload_result_.end;
  const bool stalled =
      end == http::Sent::End::client_gone && upload_result_.error.kind == Error::Kind::timed_out;
  // The rest of the request will never come, or never be taken: no use in waiting for an answer.
  // One that has begun goes on to its own end.
  if (has_head_) co_return;
  if (end == http::Sent::End::source_failed || stalled) connection_->stream().interrupt();
}

// --- The answer's head

Task<Result<void>> Call::read_final_head() {
  auto& head = exchange_.response;
  for (;;) {
    auto read = co_await wait_for_head();
    if (!read) {
      head.clear();
      co_return read;
    }
    exchange_.upstream.status = head.status;
    if (head.status == 101) break;
    if (head.status >= 200) break;
    auto passed = co_await take_interim();
    head.clear();
    if (!passed) co_return passed;
  }
  co_return take_final_head();
}

Task<Result<void>> Call::wait_for_head() {
  auto& exchange = exchange_;
  for (;;) {
    if (client_gone_) co_return fail(reasons::kClientClosed);
    if (upload_ended_at_ && upload_result_.end == http::Sent::End::source_failed)
      co_return fail(upload_result_.error);
    const bool continue_pending = expects_continue() && !upload_started_;
    Timeout timeout{.until = head_deadline()};
    if (continue_pending)
      timeout.idle = kContinueWait;
    else if (!upload_started_ || upload_ended_at_)
      timeout.until =
          std::min(timeout.until, upload_ended_at_.value_or(sent_at_) + timeouts_.first_byte);
    else
      timeout.idle = timeouts_.first_byte;
    auto read = co_await connection_->read_head(exchange.response, exchange.request.method,
                                                exchange.arena(), timeout);
    if (read) {
      progress_ = Progress::answer_begun;
      co_return read;
    }
    if (read.error().kind != Error::Kind::timed_out) co_return head_failed(read.error());
    const auto now = exchange.loop().now();
    if (now >= deadline_) co_return fail(reasons::kTotalTimeout);
    if (now >= try_deadline_) co_return fail(reasons::kTryTimeout);
    if (continue_pending) {
      // The service does not know the expectation, or takes its time: the body is asked for.
      http::ResponseHead head;
      head.status = 100;
      const auto sent = co_await exchange.responder->interim(head);
      if (!sent) co_return fail(reasons::kClientClosed);
      go_on();
      continue;
    }
    if (uploading()) continue;
    if (now < upload_ended_at_.value_or(sent_at_) + timeouts_.first_byte) continue;
    co_return fail(reasons::kFirstByteTimeout);
  }
}

Result<void> Call::head_failed(const Error& error) {
  if (error.kind == Error::Kind::cancelled) return fail(error);
  if (client_gone_) return fail(reasons::kClientClosed);
  if (upload_ended_at_ && upload_result_.end == http::Sent::End::source_failed)
    return fail(upload_result_.error);
  if (upload_ended_at_ && upload_result_.end == http::Sent::End::client_gone &&
      upload_result_.error.kind == Error::Kind::timed_out)
    return fail(reasons::kWriteTimeout);
  // Closed or reset before the answer's first byte, or a reason of the parser's.
  if (error.reason != nullptr) {
    progress_ = Progress::answer_begun;
    return fail(error);
  }
  return std::unexpected(Error{.kind = Error::Kind::reset,
                               .os = error.os,
                               .reason = &reasons::kUpstreamClosed,
                               .detail = {}});
}

Task<Result<void>> Call::take_interim() {
  auto& head = exchange_.response;
  if (++interims_ > kInterims) co_return fail(reasons::kUpstreamMalformed);
  if (head.status == 100 && continued_) co_return Result<void>{};  // The client was told already.
  const auto cleaned = http::clean(head);
  if (!cleaned) co_return cleaned;
  const auto sent = co_await exchange_.responder->interim(head);
  if (!sent) co_return fail(reasons::kClientClosed);
  if (head.status == 100 && expects_continue() && !upload_started_) go_on();
  co_return Result<void>{};
}

Result<void> Call::take_final_head() {
  auto& head = exchange_.response;
  if (head.status == 101 && !(exchange_.request.upgrade_websocket && head.upgrade_websocket)) {
    head.clear();
    return fail(reasons::kUpgradeFailed);
  }
  const Instant until = is_stream() ? stream_end() : deadline_;
  connection_->begin_content(head, Timeout{.idle = timeouts_.idle, .until = until});
  // What is surely malformed is refused while the client has not seen a status.
  auto sound = connection_->content().look_ahead();
  if (sound) sound = http::clean(head);
  if (!sound) {
    head.clear();
    return sound;
  }
  has_head_ = true;
  // An answer that ends by itself is sent to its end, and a tunnel passes the client's FIN on;
  // another stream needs somebody to read it.
  if (!is_stream() || head.status == 101) watch_.reset();
  if (is_stream()) connection_->content().set_overdue(reasons::kStreamAge);
  if (head.status == 101) connection_->spoil();  // It speaks another protocol from here on.
  exchange_.response_body = head.framing == http::Framing::none ? nullptr : &connection_->body();
  return {};
}

bool Call::is_stream() const {
  return stream_ || is_event_stream(exchange_.response.fields);
}

// --- Another try

// Whether the configuration names this outcome as one to try again after.
bool Call::listed(const Result<void>& outcome) const {
  using Cause = RetryCondition::Cause;
  const auto& on = retry_.on;
  const auto names = [&](Cause cause, std::uint16_t status = 0) {
    return std::find(on.begin(), on.end(), RetryCondition{cause, status}) != on.end();
  };
  if (outcome) return names(Cause::status, exchange_.response.status);
  const auto& error = outcome.error();
  if (!says_service_failed(error)) return false;
  if (progress_ == Progress::nothing_sent) return names(Cause::connect_failure);
  // A connection that was used before may have broken, or turn out to hold bytes that nobody asked
  // for, without having seen this request.
  const bool stale = connection_->requests() > 1 && error.reason == &reasons::kUpstreamMalformed;
  if (error.kind == Error::Kind::reset || stale) return names(Cause::reset);
  // No answer in time is what an upstream's own gateway would call 504.
  const bool timed_out =
      error.reason == &reasons::kFirstByteTimeout || error.reason == &reasons::kTryTimeout;
  return timed_out && names(Cause::status, error.reason->status);
}

bool Call::may_retry(const Result<void>& outcome) {
  if (interims_ > 0) return false;  // The client has seen a status of this try.
  if (outcome && exchange_.response.status < 400) return false;
  if (exchange_.upstream.attempts >= retry_.attempts) return false;
  if (!may_repeat(retry_, exchange_.request.method_text)) return false;
  if (!listed(outcome)) return false;
  if (body_ && !body_->repeatable()) return false;
  if (exchange_.loop().now() >= deadline_) return false;
  if (state_ && config_.circuit_breaker && state_->breaker.refuses(exchange_.loop().now()))
    return false;
  if (service_->budget().withdraw()) return true;
  service_->series().retried(RetryOutcome::over_budget);
  return false;
}

Task<void> Call::close() {
  co_await scope_.close();
  scope_.reopen();
  exchange_.upstream.latency = exchange_.loop().clock() - began_exactly_;
  in_flight_ = {};
  if (body_) exchange_.bytes_in = body_->received();
  if (!connection_) co_return;
  // A request that was not sent whole leaves a connection nobody can use.
  if (body_ &&
      (!upload_started_ || upload_result_.end != http::Sent::End::whole || !upload_ended_at_))
    connection_->spoil();
  pool_->give_back(std::move(connection_));
}

}  // namespace penstock
