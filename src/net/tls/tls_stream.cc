#include "net/tls/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace penstock {
namespace {

constexpr std::size_t kRecord = 16384;
// What a record may grow by when it is sealed (RFC 8446 §5.2), with its header.
constexpr std::size_t kGrowth = 256 + 5;
// Of one reading: a peer whose records hold nothing must not keep the loop.
constexpr int kFeeds = 4;

using Kind = HandshakeFailure::Kind;

bool all_empty(const Stream::Parts& parts, std::size_t from) {
  return std::all_of(parts.begin() + static_cast<std::ptrdiff_t>(from), parts.end(),
                     [](auto part) { return part.empty(); });
}

// Takes the next bytes to seal, `most` of them at most, which is a number of whole records: where
// they stand, or gathered in `scratch` where parts share a record.
std::string_view take_run(Stream::Parts& parts, std::size_t most, char* scratch) {
  std::size_t first = 0;
  while (parts[first].empty()) ++first;
  auto& front = parts[first];
  const bool alone = all_empty(parts, first + 1);
  if (alone || front.size() >= kRecord) {
    auto size = std::min(front.size(), most);
    if (!alone) size -= size % kRecord;
    const auto run = front.substr(0, size);
    front.remove_prefix(size);
    return run;
  }
  std::size_t filled = 0;
  for (auto& part : parts) {
    const auto size = std::min(part.size(), kRecord - filled);
    if (size > 0) std::memcpy(scratch + filled, part.data(), size);
    part.remove_prefix(size);
    filled += size;
  }
  return {scratch, filled};
}

Kind kind_of(unsigned long error) {
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return Kind::malformed;
  const auto reason = ERR_GET_REASON(error);
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return Kind::version;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
      return Kind::cipher;
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return Kind::protocol;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return Kind::certificate;
    default:
      return reason >= SSL_AD_REASON_OFFSET ? Kind::refused : Kind::malformed;
  }
}

// OpenSSL takes what is in its queue for the error of the present call. To clear it takes longer
// than to look.
void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

Kind kind_of_verdict(long verdict) {
  switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return Kind::name;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Kind::expired;
    default:
      return Kind::certificate;
  }
}

Kind kind_of(const Error& error) {
  if (error.kind == Error::Kind::timed_out) return Kind::timed_out;
  if (error.kind == Error::Kind::cancelled) return Kind::cancelled;
  return Kind::closed;
}

}  // namespace

std::string_view text_of(HandshakeFailure::Kind kind) {
  switch (kind) {
    case Kind::timed_out:
      return "timed_out";
    case Kind::closed:
      return "closed";
    case Kind::plain_text:
      return "plain_text";
    case Kind::version:
      return "version";
    case Kind::cipher:
      return "cipher";
    case Kind::protocol:
      return "protocol";
    case Kind::certificate:
      return "certificate";
    case Kind::name:
      return "certificate_name";
    case Kind::expired:
      return "certificate_expired";
    case Kind::refused:
      return "refused";
    case Kind::malformed:
      return "malformed";
    case Kind::cancelled:
      return "cancelled";
  }
  return "malformed";
}

void FreeSsl::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}

// What a send's parts become. The blocks live here, so with the send.
class TlsStream::Sealed final : public Send::Source {
 public:
  static constexpr std::size_t kBlocks = 2;
  // As many as surely fit.
  static constexpr std::size_t kRecords = kBlocks * BufferPool::kBlock / (kRecord + kGrowth);

  Sealed(TlsStream& stream, const Parts& plain) : stream_(stream), plain_(plain) {
    stream_.sending_ = true;
  }
  ~Sealed() override {
    stream_.sending_ = false;
    stream_.mute_ = stream_.mute_ || !whole_;
  }

  Result<bool> next(Parts& parts) override {
    for (auto& block : blocks_) block.reset();
    filled_ = 0;
    before_ = std::exchange(stream_.made_, {});
    if (!all_empty(plain_, 0)) {
      stream_.into_ = this;
      const bool sealed = stream_.seal(plain_);
      stream_.into_ = nullptr;
      if (!sealed) return fail(Error::Kind::reset);
    }
    parts = {before_, blocks_[0].bytes(), blocks_[1].bytes()};
    whole_ = all_empty(parts, 0);
    return !whole_;
  }

  void append(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto used = filled_ % BufferPool::kBlock;
      ensure(filled_ < kBlocks * BufferPool::kBlock);
      auto& block = blocks_[filled_ / BufferPool::kBlock];
      if (used == 0) block = stream_.loop_.buffers().lend();
      const auto size = std::min(bytes.size(), BufferPool::kBlock - used);
      std::memcpy(block.block() + used, bytes.data(), size);
      block.fill(used + size);
      bytes.remove_prefix(size);
      filled_ += size;
    }
  }

 private:
  TlsStream& stream_;
  Parts plain_;
  std::string before_;
  std::array<Lent, kBlocks> blocks_;
  std::size_t filled_ = 0;
  bool whole_ = false;
};

// --- Between OpenSSL and the buffers

const bio_method_st* TlsStream::bio_method() {
  static const auto* const method = [] {
    auto* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "penstock");
    ensure(made != nullptr);
    BIO_meth_set_read(made, give);
    BIO_meth_set_write(made, take);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return method;
}

int TlsStream::give(bio_st* bio, char* out, int room) {
  auto& sealed = static_cast<TlsStream*>(BIO_get_data(bio))->sealed_;
  BIO_clear_retry_flags(bio);
  const auto bytes = sealed.bytes();
  if (bytes.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const auto size = std::min(bytes.size(), static_cast<std::size_t>(std::max(room, 0)));
  std::memcpy(out, bytes.data(), size);
  sealed.consume(size);
  return static_cast<int>(size);
}

int TlsStream::take(bio_st* bio, const char* bytes, int size) {
  auto& stream = *static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const std::string_view taken(bytes, static_cast<std::size_t>(std::max(size, 0)));
  if (stream.into_ != nullptr)
    stream.into_->append(taken);
  else
    stream.made_ += taken;
  return size;
}

long TlsStream::control(bio_st*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

TlsStream::TlsStream(Loop& loop, std::unique_ptr<Stream> below, SslPointer ssl)
    : Stream(loop), ssl_(std::move(ssl)), below_(std::move(below)), ear_(*this) {
  auto* const bio = BIO_new(bio_method());
  ensure(bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
}

TlsStream& TlsStream::of(ssl_st* ssl) {
  return *static_cast<TlsStream*>(SSL_get_app_data(ssl));
}

TlsStream::~TlsStream() {
  ensure(recv_ == nullptr && watcher_ == nullptr && !sending_);
  say_goodbye();
  flush();
}

// --- The handshake

Task<std::expected<void, HandshakeFailure>> TlsStream::handshake(Timeout timeout) {
  for (bool first = true;; first = false) {
    forget_errors();
    const int step = SSL_do_handshake(ssl_.get());
    const int error = step == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), step);
    open_ = step == 1;
    const auto failure = failure_of(error);
    // A ticket that a server issues at its end leaves with the first answer.
    const bool can_wait =
        open_ && SSL_is_server(ssl_.get()) == 1 && SSL_version(ssl_.get()) >= TLS1_3_VERSION;
    if (!made_.empty() && !can_wait) {
      const auto out = std::exchange(made_, {});
      const auto sent = co_await below_->send(out, timeout);
      if (!sent) mute_ = true;
      if (!sent && error == SSL_ERROR_WANT_READ)
        co_return std::unexpected(HandshakeFailure{kind_of(sent.error())});
    }
    if (open_) co_return std::expected<void, HandshakeFailure>{};
    if (error != SSL_ERROR_WANT_READ) co_return std::unexpected(failure);
    auto got = co_await below_->recv(kRecord, timeout);
    if (!got) co_return std::unexpected(HandshakeFailure{kind_of(got.error())});
    if (first && is_plain_text(got->bytes()))
      co_return std::unexpected(HandshakeFailure{Kind::plain_text});
    sealed_ = std::move(*got);
  }
}

HandshakeFailure TlsStream::failure_of(int ssl_error) const {
  if (ssl_error == SSL_ERROR_NONE || ssl_error == SSL_ERROR_WANT_READ) return {};
  const auto error = ERR_peek_error();
  if (const auto verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK)
    return {kind_of_verdict(verdict), X509_verify_cert_error_string(verdict)};
  const auto* const words = ERR_reason_error_string(error);
  return {kind_of(error), words == nullptr ? std::string_view{} : words};
}

// A client's first record is a handshake's, whose type is 22; a method's name begins with a letter.
bool TlsStream::is_plain_text(std::string_view first) const {
  return SSL_is_server(ssl_.get()) == 1 && first.front() >= 'A' && first.front() <= 'Z';
}

std::string_view TlsStream::version() const {
  return SSL_get_version(ssl_.get());
}

std::string_view TlsStream::cipher() const {
  const auto* const name = SSL_get_cipher_name(ssl_.get());
  return name == nullptr ? std::string_view{} : name;
}

std::string_view TlsStream::server_name() const {
  const auto* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? std::string_view{} : name;
}

bool TlsStream::resumed() const {
  return SSL_session_reused(ssl_.get()) == 1;
}

// --- Receiving

bool TlsStream::start(Recv& recv) {
  forget(recv);
  if (finish_when_flushed_) flush();
  auto got = try_recv(recv.most());
  if (got) return recv.complete(std::move(*got));
  recv_ = &recv;
  // It runs, and with it this function, when there is something below.
  below_->watch(recv);
  return false;
}

void TlsStream::forget(Recv&) {
  if (std::exchange(recv_, nullptr) != nullptr) below_->unwatch();
}

std::optional<Result<Lent>> TlsStream::try_recv(std::size_t most) {
  if (!end_) {
    auto lent = loop_.buffers().lend();
    const auto got = open_records(lent.block(), std::min(most, BufferPool::kBlock));
    lent.fill(got);
    if (got > 0) return Result<Lent>(std::move(lent));
  }
  if (end_) return fail(*end_);
  return std::nullopt;
}

// Whether OpenSSL has something to work on. It is not asked without: it would make a buffer ready,
// and give it back.
bool TlsStream::has_work() const {
  return !sealed_.empty() || SSL_pending(ssl_.get()) > 0;
}

// Fills the room as far as what has come allows. The stream below is asked only as long as there is
// nothing to give.
std::size_t TlsStream::open_records(char* to, std::size_t room) {
  std::size_t filled = 0;
  for (int feeds = 0; filled < room && !end_;) {
    if (!has_work()) {
      if (filled > 0 || ++feeds > kFeeds || !feed(room)) break;
      continue;
    }
    std::size_t got = 0;
    forget_errors();
    const int done = SSL_read_ex(ssl_.get(), to + filled, room - filled, &got);
    filled += got;
    if (done != 1) note_end(SSL_get_error(ssl_.get(), done));
  }
  return filled;
}

// Takes what has come. False when nothing has.
bool TlsStream::feed(std::size_t most) {
  auto got = below_->try_recv(std::min(most + kGrowth, BufferPool::kBlock));
  if (!got) return false;
  if (*got)
    sealed_ = std::move(**got);
  else
    end_ =
        got->error().kind == Error::Kind::closed ? Error{.kind = Error::Kind::reset} : got->error();
  return true;
}

// Of what can be received, if the error is one.
void TlsStream::note_end(int ssl_error) {
  if (ssl_error == SSL_ERROR_WANT_READ) return;
  const bool orderly = ssl_error == SSL_ERROR_ZERO_RETURN;
  end_ = Error{.kind = orderly ? Error::Kind::closed : Error::Kind::malformed};
  if (orderly) return;
  // A server may refuse a client's certificate after the handshake only.
  if (SSL_is_server(ssl_.get()) == 0)
    end_->reason = kind_of(ERR_peek_error()) == Kind::refused ? &reasons::kUpstreamAlert
                                                              : &reasons::kUpstreamTls;
  said_goodbye_ = true;  // With an alert.
  if (!sending_) flush();
}

// --- Watching

void TlsStream::watch(Operation& watcher) {
  watcher_ = &watcher;
  hear();
}

void TlsStream::unwatch() {
  if (watcher_ == nullptr) return;
  below_->unwatch();
  static_cast<Link<RunTag>&>(*watcher_).unlink();
  watcher_ = nullptr;
}

// A ticket or a key update is nothing to receive.
void TlsStream::hear() {
  below_->unwatch();
  if (something_to_receive())
    loop_.ready(*watcher_);
  else
    below_->watch(ear_);
}

bool TlsStream::something_to_receive() {
  for (int feeds = 0; !end_;) {
    if (!has_work()) {
      if (++feeds > kFeeds || !feed(BufferPool::kBlock)) return false;
      continue;
    }
    char byte = 0;
    std::size_t got = 0;
    forget_errors();
    const int done = SSL_peek_ex(ssl_.get(), &byte, 1, &got);
    if (done == 1) return true;
    note_end(SSL_get_error(ssl_.get(), done));
  }
  return true;
}

// --- Sending

bool TlsStream::start(Send& send) {
  if (!send.has_source()) {
    if (mute_) return send.fail({.kind = Error::Kind::reset});
    if (!send.draw_from(std::make_unique<Sealed>(*this, send.parts()))) return true;
  }
  return Stream::start(*below_, send);
}

void TlsStream::forget(Send& send) {
  Stream::forget(*below_, send);
}

// Seals as much as a send holds at once. False when OpenSSL will not.
bool TlsStream::seal(Parts& plain) {
  Lent scratch;
  for (std::size_t room = Sealed::kRecords * kRecord; room > 0 && !all_empty(plain, 0);) {
    if (scratch.block() == nullptr) scratch = loop_.buffers().lend();
    const auto run = take_run(plain, room, scratch.block());
    room -= std::min(room, (run.size() + kRecord - 1) / kRecord * kRecord);
    std::size_t written = 0;
    forget_errors();
    if (SSL_write_ex(ssl_.get(), run.data(), run.size(), &written) != 1) return false;
  }
  return true;
}

// --- Ending

void TlsStream::shutdown_write() {
  say_goodbye();
  finish_when_flushed_ = true;
  flush();
}

void TlsStream::reset_on_close() {
  said_goodbye_ = true;
  made_.clear();
  below_->reset_on_close();
}

void TlsStream::say_goodbye() {
  if (std::exchange(said_goodbye_, true) || !open_ || mute_) return;
  forget_errors();
  SSL_shutdown(ssl_.get());
}

// Sends what OpenSSL made by itself, as far as the socket takes it at once: true when it took all.
bool TlsStream::flush() {
  if (mute_) made_.clear();
  const auto taken = made_.empty() ? 0 : below_->try_send(made_);
  made_.erase(0, taken);
  if (!made_.empty()) return false;
  made_.shrink_to_fit();
  if (std::exchange(finish_when_flushed_, false)) below_->shutdown_write();
  return true;
}

}  // namespace penstock
