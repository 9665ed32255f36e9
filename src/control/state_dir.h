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
  // that can be used. The error is a sentence; it names the holder of a lock. `inherited`: the
  // descriptor that another process's lock is held by, which is shared then; -1: there is none.
  static std::expected<StateDir, std::string> open(const std::string& configured,
                                                   int inherited = -1);
  // The folders that open() would try, in order.
  static std::vector<std::string> folders(const std::string& configured);

  StateDir(StateDir&& other) noexcept;
  StateDir& operator=(StateDir&&) = delete;
  ~StateDir();

  const std::string& path() const { return path_; }
  int lock() const { return lock_; }
  // Writes who this process is into the lock's file. Done at open(), unless the lock is shared.
  std::expected<void, std::string> name_holder() const;

 private:
  StateDir(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  static std::expected<StateDir, std::string> take(const std::string& path, int inherited);

  std::string path_;
  int lock_;
};

}  // namespace penstock
