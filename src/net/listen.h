#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "net/address.h"

namespace penstock {

// The listening sockets of one address, non-blocking: as many as asked for, between which the
// kernel spreads the connections (SO_REUSEPORT). They belong to the process and are closed when
// this dies.
class ListeningSockets {
 public:
  // With port 0 all share the one port that the kernel picks. Refuses an address that another
  // socket listens on, also where that socket would share it. The error is a sentence.
  static std::expected<ListeningSockets, std::string> open(const Address& address,
                                                           std::size_t count);

  // Takes over sockets that listen already, all on one address: another process opened them.
  // Closes them where that is not so; the error is a sentence.
  static std::expected<ListeningSockets, std::string> adopt(std::vector<int> descriptors);

  ListeningSockets(ListeningSockets&& other) noexcept;
  ListeningSockets& operator=(ListeningSockets&&) = delete;
  ~ListeningSockets();

  // No more connections; those that wait in the kernel's queue are reset.
  void close();

  const Address& address() const { return address_; }
  int descriptor(std::size_t i) const { return descriptors_[i]; }
  const std::vector<int>& descriptors() const { return descriptors_; }

 private:
  ListeningSockets() = default;
  Address address_;
  std::vector<int> descriptors_;
};

// The address that a descriptor listens on, which may be anything; nothing where it is no TCP
// socket that listens.
std::optional<Address> listening_on(int descriptor);

}  // namespace penstock
