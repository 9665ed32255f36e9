#include "config/secrets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace penstock {
namespace {

using schema::FoundSecret;
using schema::SecretName;
using Found = std::expected<FoundSecret, std::string>;

// An open file, closed at the end.
class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  explicit operator bool() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

std::unexpected<std::string> because(std::string_view expected, int error) {
  return std::unexpected(fmt::format("{}: {}", expected, std::strerror(error)));
}

// The file `name` below `folder`, opened; symbolic links must not lead out of it.
int open_below(int folder, const std::string& name) {
  struct open_how how{};
  // A pipe in the folder must not stop the process; it is refused once it is open.
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how));
}

Found read_file(const OpenFile& file, const std::string& expected) {
  struct stat status{};
  if (::fstat(file.descriptor(), &status) != 0) return because(expected, errno);
  if (!S_ISREG(status.st_mode)) return std::unexpected(expected + ": it is no regular file");
  FoundSecret found;
  found.value.resize(kMaxSecret + 2);  // One for the newline, one to see that it is too much.
  std::size_t length = 0;
  while (length < found.value.size()) {
    const auto count =
        ::read(file.descriptor(), found.value.data() + length, found.value.size() - length);
    if (count < 0 && errno != EINTR) return because(expected, errno);
    if (count == 0) break;
    if (count > 0) length += static_cast<std::size_t>(count);
  }
  found.value.resize(length);
  if (found.value.ends_with('\n')) found.value.pop_back();
  if (found.value.ends_with('\r')) found.value.pop_back();
  if (found.value.empty()) return std::unexpected(expected + ": it is empty");
  if (found.value.size() > kMaxSecret)
    return std::unexpected(fmt::format("{} of at most {} bytes", expected, kMaxSecret));
  if ((status.st_mode & S_IROTH) != 0)
    found.warning = fmt::format(
        "a file that every user of this machine may read (mode {:04o}), "
        "expected mode 0600",
        status.st_mode & 07777);
  return found;
}

Found from_file(const std::string& dir, const std::string& name) {
  if (dir.empty())
    return std::unexpected("secrets.dir to be set, the folder in which the file would lie");
  const auto expected = fmt::format("a file below {}", schema::in_quotes(dir));
  const OpenFile folder(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return because(expected, errno);
  const OpenFile file(open_below(folder.descriptor(), name));
  if (!file && errno == EXDEV) return std::unexpected(expected + ": it lies elsewhere");
  if (!file) return because(expected, errno);
  return read_file(file, expected);
}

Found from_environment(const schema::Environment& environment, const std::string& name) {
  auto value = environment(name);
  if (!value || value->empty()) return std::unexpected("a variable that is set and not empty");
  if (value->size() > kMaxSecret)
    return std::unexpected(fmt::format("a variable of at most {} bytes", kMaxSecret));
  return FoundSecret{*std::move(value)};
}

}  // namespace

schema::SecretSource secret_source(const SecretsConfig& config, schema::Environment environment) {
  auto dir = config.dir;
  if (dir.empty()) dir = environment("CREDENTIALS_DIRECTORY").value_or("");
  return [dir = std::move(dir), environment = std::move(environment)](const SecretName& name) {
    if (name.home == SecretName::Home::environment) return from_environment(environment, name.name);
    return from_file(dir, name.name);
  };
}

}  // namespace penstock
