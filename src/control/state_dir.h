#pragma once

#include <expected>
#include <string>
#include <vector>

namespace penstock {

// The folder for what outlives the process. Locked while this lives: two processes on one folder
// would also share ports without noticing.
class StateDir {
 public:
  // `configured` may be empty: then $STATE_DIRECTORY, /var/lib/penstock or ./.penstock, the first
  // that can be used. The error is a sentence; it names the holder of a lock.
  static std::expected<StateDir, std::string> open(const std::string& configured);
  // The folders that open() would try, in order.
  static std::vector<std::string> folders(const std::string& configured);

  StateDir(StateDir&& other) noexcept;
  StateDir& operator=(StateDir&&) = delete;
  ~StateDir();

  const std::string& path() const { return path_; }

 private:
  StateDir(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  static std::expected<StateDir, std::string> lock(const std::string& path);

  std::string path_;
  int lock_;
};

}  // namespace penstock
