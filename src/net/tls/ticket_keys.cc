#include "net/tls/ticket_keys.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstring>

#include "base/ensure.h"

namespace penstock {
namespace {

using Secret = TicketKeys::Secret;

Secret derive(const Secret& state, std::string_view label) {
  Secret out{};
  unsigned int size = out.size();
  ensure(HMAC(EVP_sha256(), state.data(), static_cast<int>(state.size()),
              reinterpret_cast<const unsigned char*>(label.data()), label.size(), out.data(),
              &size) != nullptr);
  return out;
}

}  // namespace

TicketKeys::TicketKeys(const Secret& secret, Instant begin) : state_(secret), period_end_(begin) {
  step();
  has_previous_ = false;
}

TicketKeys::~TicketKeys() {
  OPENSSL_cleanse(&state_, sizeof state_);
  OPENSSL_cleanse(&current_, sizeof current_);
  OPENSSL_cleanse(&previous_, sizeof previous_);
}

void TicketKeys::step() {
  previous_ = current_;
  has_previous_ = true;
  const auto name = derive(state_, "name");
  std::memcpy(current_.name.data(), name.data(), current_.name.size());
  current_.cipher = derive(state_, "cipher");
  current_.mac = derive(state_, "mac");
  state_ = derive(state_, "next");
  period_end_ += kPeriod;
}

void TicketKeys::go_on(Instant now) {
  while (now >= period_end_) step();
}

const TicketKeys::Key& TicketKeys::current(Instant now) {
  go_on(now);
  return current_;
}

const TicketKeys::Key* TicketKeys::find(const unsigned char* name, Instant now) {
  go_on(now);
  const auto is = [name](const Key& key) {
    return std::memcmp(key.name.data(), name, key.name.size()) == 0;
  };
  if (is(current_)) return &current_;
  return has_previous_ && is(previous_) ? &previous_ : nullptr;
}

}  // namespace penstock
