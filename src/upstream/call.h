#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "exchange/exchange.h"
#include "http/h1/client_connection.h"
#include "runtime/scope.h"
#include "upstream/endpoint.h"
#include "upstream/replay_body.h"
#include "upstream/service.h"

namespace penstock {

// Whether a request with this method may be sent twice.
bool may_repeat(const RetryConfig& retry, std::string_view method);

// The gateway's call to a service for one exchange: one try, or several. Made and closed by
// forward; close() is awaited on every way out.
class Call {
 public:
  // How long a client that sent `Expect: 100-continue` waits for the service's word before its body
  // is asked for all the same.
  static constexpr Duration kContinueWait = std::chrono::seconds(1);
  // A client's FIN may be a half-close behind its request, so an answer that comes this soon after
  // it is still sent; then the call is given up.
  static constexpr Duration kHalfClosedWait = std::chrono::seconds(3);
  // Interim answers to one request; a service that sends more is broken.
  static constexpr int kInterims = 32;

  // `config` is what the exchange's snapshot says of the service; newer ones may have come to it
  // since. It must live until run() has ended: a tunnel may do without. `stream`: the route's
  // answers are streams.
  Call(Exchange& exchange, std::shared_ptr<Service> service, const ServiceConfig& config,
       bool stream);

  // Until the final head of an answer is in exchange.response, with its body; or the reason why
  // there is none.
  Task<Result<void>> run();
  // After the answer was sent, or was not: ends what is still under way, keeps the connection for
  // the next request if it can serve one.
  Task<void> close();

  // The client went away before it had its answer.
  bool client_gone() const { return client_gone_; }
  // The connection beneath, after a 101: for the tunnel.
  http::h1::Input& tunnel_input() { return connection_->input(); }
  Duration idle_timeout() const { return timeouts_.idle; }
  // When the client may come again, if run() ended with `reason`; nullopt: it does not say.
  std::optional<Duration> retry_after(const Reason& reason) const;
  // The answer whose head is there may last for hours: a tunnel, an event stream, a route's stream.
  bool may_last() const { return exchange_.response.status == 101 || is_stream(); }
  // When a stream of this call must end.
  Instant stream_end() const;

 private:
  // Looks after the client while the service is waited for.
  class ClientWatch final : public Operation {
   public:
    explicit ClientWatch(Call& call);
    ~ClientWatch();
    void run() override;
    void cancel(Error::Kind) override { call_.give_up(); }  // It has waited long enough.

   private:
    Call& call_;
    Stream& client_;
  };

  // How far a try has come: whether another is safe follows from this and the method.
  enum class Progress : std::uint8_t { nothing_sent, sending, answer_begun };

  Task<Result<void>> enter_bulkhead();
  bool pass_breaker();
  void judge(const Result<void>& outcome, Duration took);
  void judge_endpoint(Breaker::Outcome outcome);
  Task<Result<void>> try_once();
  Task<Result<void>> connect();
  Task<Result<void>> connect_to_endpoint();
  Task<Result<std::unique_ptr<Stream>>> secure(std::unique_ptr<Stream> stream, Timeout timeout);
  Result<void> tls_failed(const HandshakeFailure& failure);
  Task<Result<void>> send_request();
  Task<Result<void>> waive_continue();
  Task<Result<void>> read_final_head();
  Task<Result<void>> wait_for_head();
  Task<Result<void>> take_interim();
  Task<void> upload();
  void start_upload();
  void go_on();
  void give_up();
  Result<void> head_failed(const Error& error);
  Result<void> connect_failed(const Error& error);
  Result<void> take_final_head();

  bool may_retry(const Result<void>& outcome);
  bool listed(const Result<void>& outcome) const;
  bool is_stream() const;
  // The client waits to be told that its body is wanted.
  bool expects_continue() const {
    return body_ && exchange_.request.expects_continue && !continued_;
  }
  bool uploading() const { return upload_started_ && !upload_ended_at_; }
  Instant head_deadline() const { return std::min(try_deadline_, deadline_); }
  const Endpoint& endpoint() const { return set_->endpoints[endpoint_]; }

  Exchange& exchange_;
  const std::shared_ptr<Service> service_;
  const ServiceConfig& config_;
  std::shared_ptr<ServiceState> state_;  // Only where breaker or bulkhead ask for it.
  const RetryConfig& retry_;             // Of config_.
  const TimeoutsConfig timeouts_;
  const bool stream_;
  const Instant began_;
  const Instant began_exactly_;
  const Instant deadline_;  // For all tries together.
  Scope scope_;             // The upload.
  std::optional<ReplayBody> body_;
  std::optional<ClientWatch> watch_;
  bool client_gone_ = false;
  Bulkhead::Place place_;
  Bulkhead::Enter* entering_ = nullptr;

  // The present try.
  Breaker::Pass pass_;
  Instant try_deadline_{};
  std::shared_ptr<const EndpointSet> set_;
  std::uint32_t endpoint_ = Service::kNone;
  InFlight in_flight_;
  Pool* pool_ = nullptr;
  std::unique_ptr<http::h1::ClientConnection> connection_;
  Progress progress_ = Progress::nothing_sent;
  bool has_head_ = false;  // The final one.
  Instant sent_at_{};      // When the head, and what went with it, had left.
  std::string upload_out_;
  bool head_sent_ = false;  // Ahead of the content.
  bool continued_ = false;  // The client was sent a 100, in whichever try, or needs none.
  bool upload_started_ = false;
  std::optional<Instant> upload_ended_at_;
  http::Sent upload_result_;
  int interims_ = 0;
};

}  // namespace penstock
