#pragma once

#include <cstdint>

#include "http/body.h"
#include "http/message.h"
#include "runtime/stream.h"
#include "runtime/task.h"

namespace penstock::http {

namespace h1 {
class Input;
}

// How the sending of an answer ended.
struct Sent {
  enum class End : std::uint8_t {
    whole,
    source_failed,  // The body could not be read to its end: the client sees that it is cut short.
    client_gone,    // The client reset, closed, or took nothing for too long.
  };
  End end = End::whole;
  Error error;              // Of the body or of the connection.
  std::uint64_t bytes = 0;  // Content bytes handed to the kernel.
};

// The way back to a client, whatever its protocol. One exchange at a time.
class Responder {
 public:
  virtual ~Responder() = default;

  // The next answer will be the last on the client's connection.
  virtual void close_after() = 0;
  // The client's side of the connection, for who waits for something else on its behalf.
  virtual Stream& client() = 0;
  // Sends a 1xx head. To a client that cannot take one (HTTP/1.0) nothing is sent.
  virtual Task<Result<void>> interim(const ResponseHead& head) = 0;
  // Sends the final head, and the body if there is one. How the content is delimited and whether
  // the connection stays is settled here and written into the head.
  virtual Task<Sent> respond(ResponseHead& head, Body* body) = 0;
  // Sends a 101 and gives up the connection's bytes, in both directions, to a tunnel.
  virtual Task<Result<h1::Input*>> switch_protocols(const ResponseHead& head) = 0;
};

}  // namespace penstock::http
