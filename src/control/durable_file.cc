#include "control/durable_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

namespace penstock {
namespace {

// A descriptor that is closed at the end of its life.
class File {
 public:
  File(const std::string& path, int flags, mode_t mode = 0)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { close(); }

  int descriptor() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }
  // An error may come as late as this.
  bool close() { return descriptor_ < 0 || ::close(std::exchange(descriptor_, -1)) == 0; }

 private:
  int descriptor_;
};

std::unexpected<std::string> failed(std::string_view what, const std::string& path) {
  return std::unexpected(fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

bool write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const auto written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

}  // namespace

std::expected<void, std::string> write_durably(const std::string& path, std::string_view content,
                                               mode_t mode) {
  const auto beside = path + ".new";
  unlink(beside.c_str());  // Left over from a crash, perhaps with another mode.
  File file(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  if (!file) return failed("make", beside);
  const bool written =
      write_all(file.descriptor(), content) && fsync(file.descriptor()) == 0 && file.close();
  if (!written || rename(beside.c_str(), path.c_str()) != 0) {
    auto fault = failed("write", path);
    unlink(beside.c_str());
    return fault;
  }
  const File folder(folder_of(path), O_RDONLY | O_DIRECTORY);
  if (!folder || fsync(folder.descriptor()) != 0) return failed("write", folder_of(path));
  return {};
}

std::expected<std::string, std::string> read_whole(const std::string& path, std::size_t most) {
  const File file(path, O_RDONLY | O_NONBLOCK);  // A pipe under that name would hold us up.
  if (!file) return failed("read", path);
  struct stat about{};
  if (fstat(file.descriptor(), &about) != 0) return failed("read", path);
  if (!S_ISREG(about.st_mode)) return std::unexpected(path + " is not a file");
  if (static_cast<std::uintmax_t>(about.st_size) > most)
    return std::unexpected(fmt::format("{} is longer than {} bytes", path, most));
  std::string content(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const auto got = ::read(file.descriptor(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  content.resize(size);
  return content;
}

}  // namespace penstock
