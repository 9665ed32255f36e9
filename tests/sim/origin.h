#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "world.h"

namespace penstock::sim {

// The answer to a request for that path: as long as the path says by chance, and like no other's.
std::string content_of(std::string_view path);

// What an origin does with a request it has received whole.
enum class Act : std::uint8_t {
  answer,           // Content-Length, keeps the connection.
  answer_chunked,   // The same in chunks.
  answer_and_end,   // Without a length: the end of the connection is the end of the answer.
  answer_late,      // After a pause of less than every timeout.
  answer_too_late,  // After a second: more than `firstByte`.
  leave_after,      // Answers, then closes without having said so.
  surplus,          // Answers, then says more than it was asked for.
  busy,             // 503.
  leave_before,     // Closes instead of answering.
  reset_before,
  reset_in_head,
  leave_in_body,
  reset_in_body,
  stall_before,  // Never answers, and keeps the connection open.
  stall_in_body,
  garbage,  // No HTTP at all.
};
inline constexpr std::size_t kActs = static_cast<std::size_t>(Act::garbage) + 1;

struct Asked {
  std::string method;
  std::string path;
};

// A service's instance. Its connections break when it ends.
class Origin {
 public:
  using Choose = std::function<Act(const Asked&)>;
  Origin(World& world, SocketAddress address, Choose choose);
  ~Origin();

  // How often the head of a request for that path has come.
  int times_asked(const std::string& path) const;
  int requests() const { return requests_; }
  int connections() const { return connections_; }
  int open() const { return open_; }

 private:
  class Connection;

  Task<void> accept();
  Task<void> serve(std::unique_ptr<Stream> stream);

  World& world_;
  Choose choose_;
  std::unique_ptr<Acceptor> acceptor_;
  std::map<std::string, int> asked_;
  int requests_ = 0;
  int connections_ = 0;
  int open_ = 0;
  Scope scope_;
};

}  // namespace penstock::sim
