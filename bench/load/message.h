#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace penstock::bench {

// Finds the end of one HTTP/1.1 message after the other, of those whose body has a Content-Length
// or that have none. It keeps heads only, never bodies.
class MessageReader {
 public:
  enum class State { more, whole, broken };
  // Takes bytes off the front of `bytes`, up to the end of the message at most.
  State feed(std::string_view& bytes);

  // Of the message that is whole: its request or status line.
  std::string_view first_line() const;

 private:
  State feed_head(std::string_view& bytes);

  std::string head_;
  std::size_t body_left_ = 0;
  bool in_body_ = false;
  bool ended_ = true;  // The next byte begins a message.
};

}  // namespace penstock::bench
