#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "control/handover.h"
#include "net/address.h"

namespace penstock {

// What another process handed to this one, which takes its place. Empty where this one was simply
// started. Owns the descriptors until they are taken.
class Inheritance {
 public:
  // Takes it out of the environment, before there is a second thread. Nothing that is said there is
  // believed before the kernel was asked. The error is a sentence.
  static std::expected<Inheritance, std::string> take();

  Inheritance() = default;
  Inheritance(Inheritance&& other) noexcept;
  Inheritance& operator=(Inheritance&&) = delete;
  ~Inheritance() { close_rest(); }

  bool empty() const { return given_.workers == 0; }
  // Refused where the number of workers would be another. The error is a sentence.
  std::expected<void, std::string> check_workers(std::uint32_t workers) const;
  // The descriptor of the state folder's lock, to be copied; -1: none.
  int lock() const { return given_.lock; }
  // Those that listen on this very address; the caller's from now on.
  std::vector<int> take_sockets(const Address& address);

  // Closes what nobody took.
  void close_rest();
  // Tells the process before that this one serves. It stays known to it until its end.
  void tell_ready() const;

 private:
  explicit Inheritance(Handover given) : given_(std::move(given)) {}

  Handover given_;
  std::vector<int> taken_;
};

}  // namespace penstock
