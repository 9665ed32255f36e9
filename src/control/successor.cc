#include "control/successor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

namespace penstock {
namespace {

// How long the kernel may take to end a process, once its channel is closed or it was killed.
constexpr Duration kEnding = std::chrono::seconds(5);
constexpr Duration kLook = std::chrono::milliseconds(10);
constexpr std::size_t kLongestLine = std::size_t{1} << 20;

// This process's environment with that one variable.
std::vector<std::string> environment_with(const std::string& variable) {
  const auto name = variable.substr(0, variable.find('=') + 1);
  std::vector<std::string> all;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each)
    if (!std::string_view(*each).starts_with(name)) all.emplace_back(*each);
  all.push_back(variable);
  return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Whatever a library or our parent left open is this process's alone.
void close_all_on_exec() {
  close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
}

// The pid, or minus an errno. Signals stay blocked over exec, as they are here: one that comes
// before the new process hears them waits for it.
pid_t spawn(const Program& program, const Handover& given) {
  auto arguments = program.arguments;
  auto environment = environment_with(fmt::format("{}={}", Handover::kVariable, given.to_text()));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // Onto itself: it is kept open over exec.
  posix_spawn_file_actions_adddup2(&actions, given.channel, given.channel);
  posix_spawn_file_actions_adddup2(&actions, given.lock, given.lock);
  for (const int socket : given.sockets) posix_spawn_file_actions_adddup2(&actions, socket, socket);
  close_all_on_exec();
  pid_t pid = -1;
  const int error = posix_spawn(&pid, program.path.c_str(), &actions, nullptr,
                                pointers_to(arguments).data(), pointers_to(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? pid : -error;
}

}  // namespace

Program own_program() {
  Program program;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel gives it so.
  program.path = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  for (std::string argument; std::getline(file, argument, '\0');)
    program.arguments.push_back(argument);
  return program;
}

std::expected<std::unique_ptr<Successor>, std::string> Successor::start(Loop& loop, Handover given,
                                                                        const Program& program) {
  std::array<int, 2> pair{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair.data()) != 0)
    return std::unexpected(fmt::format("no channel to it: {}", std::strerror(errno)));
  given.channel = pair[1];
  const pid_t pid = spawn(program, given);
  close(pair[1]);
  if (pid < 0) {
    close(pair[0]);
    return std::unexpected(fmt::format("cannot start {}: {}", program.path, std::strerror(-pid)));
  }
  auto channel = loop.adopt(pair[0]);
  auto successor = std::unique_ptr<Successor>(new Successor(loop, pid, std::move(channel)));
  if (successor->channel_ != nullptr) return successor;
  successor->send(SIGKILL);
  return std::unexpected("no channel to it: out of descriptors");
}

Successor::Successor(Loop& loop, pid_t pid, std::unique_ptr<Stream> channel)
    : loop_(loop), pid_(pid), channel_(std::move(channel)) {}

Successor::~Successor() {
  has_ended();
}

void Successor::send(int signal) const {
  if (!status_) kill(pid_, signal);  // Later the number may be somebody else's.
}

bool Successor::has_ended() {
  int status = 0;
  if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return status_.has_value();
}

std::string Successor::ending() const {
  if (!status_) return "it said no more";
  if (WIFSIGNALED(*status_)) return fmt::format("it was ended by signal {}", WTERMSIG(*status_));
  return fmt::format("it exited with status {}", WEXITSTATUS(*status_));
}

// Its first line.
Task<std::expected<std::string, std::string>> Successor::line(Duration patience) {
  const Timeout timeout{.until = loop_.now() + patience};
  std::string text;
  while (!text.ends_with('\n')) {
    auto got = co_await channel_->recv(kLongestLine, timeout);
    if (!got && got.error().kind == Error::Kind::timed_out)
      co_return std::unexpected(
          fmt::format("it did not serve within {}", penstock::to_text(patience)));
    if (!got) co_return std::unexpected(std::string());  // How it ended says more.
    text += got->bytes();
    if (text.size() > kLongestLine) co_return std::unexpected("it said too much");
  }
  text.pop_back();
  co_return text;
}

Task<std::expected<std::vector<int>, std::string>> Successor::readiness(Duration patience) {
  auto said = co_await line(patience);
  auto sockets = said ? parse_readiness(*said) : std::unexpected(said.error());
  if (sockets) co_return sockets;
  has_ended();
  co_await end();
  if (sockets.error().empty()) sockets = std::unexpected(ending());
  co_return sockets;
}

Task<void> Successor::end() {
  send(SIGKILL);
  const auto until = loop_.now() + kEnding;
  while (!has_ended() && loop_.now() < until) {
    const auto rested = co_await sleep_for(loop_, kLook);
    if (!rested) co_return;
  }
}

Task<Successor::Fate> Successor::fate(Duration within) {
  // Nothing is said there any more; that it is closed tells of the end.
  const auto said = co_await channel_->recv(1, {.idle = within});
  if (said || said.error().kind != Error::Kind::closed) co_return Fate::lives;
  const auto until = loop_.now() + kEnding;
  while (!has_ended() && loop_.now() < until) {
    const auto rested = co_await sleep_for(loop_, kLook);
    if (!rested) break;
  }
  if (!status_) co_return Fate::lives;
  co_return WIFEXITED(*status_) && WEXITSTATUS(*status_) == 0 ? Fate::left : Fate::died;
}

}  // namespace penstock
