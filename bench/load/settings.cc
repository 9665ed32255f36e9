#include "settings.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <string_view>
#include <system_error>

#include "sockets.h"

namespace penstock::bench {
namespace {

constexpr const char* kUsage =
    R"(Usage: penstock_load --origin PORT --gateway PORT [OPTION VALUE ...] PID ...

Serves as the origin on one port, asks the gateway on the other, and prints what it met as JSON.
The PIDs are the gateway's processes.

  --kind KIND         closed: each connection sends again when its answer has come (default)
                      new: a connection for each request
                      rate: --rate requests a second, whatever becomes of them
                      idle: one request on each connection, then quiet
  --tls 1             over TLS 1.3
  --method, --body    POST and 65536 for instance; GET and 0 by default
  --target TARGET     path, or host/path; @FILE for a file of them, taken in turns
  --connections N     64 by default
  --rate N            requests a second, 8000 by default
  --warmup SECONDS    not counted, 0.5 by default
  --seconds SECONDS   counted, 2 by default
  --window SECONDS    tell each such part of the time apart, too
  --requests N        end after so many requests instead, no warm-up
)";

[[noreturn]] void refuse(std::string_view word) {
  std::fprintf(stderr, "penstock_load: not understood: '%.*s'\n\n%s", static_cast<int>(word.size()),
               word.data(), kUsage);
  std::exit(64);
}

template <typename Number>
void take(Number& number, std::string_view text) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) refuse(text);
}
void take(std::string& to, std::string_view text) {
  to = text;
}
void take(bool& to, std::string_view text) {
  if (text != "0" && text != "1") refuse(text);
  to = text == "1";
}

std::vector<std::string> targets_of(const Settings& settings) {
  if (!settings.targets.starts_with('@')) return {settings.targets};
  std::ifstream file(settings.targets.substr(1));
  std::vector<std::string> targets;
  for (std::string line; std::getline(file, line);) targets.push_back(line);
  if (targets.empty()) give_up("the file of targets");
  return targets;
}

}  // namespace

Settings settings_from(int count, char** arguments) {
  Settings settings;
  const auto into = [](auto& member) {
    return [&member](std::string_view text) { take(member, text); };
  };
  const std::map<std::string_view, std::function<void(std::string_view)>> options{
      {"--origin", into(settings.origin)},     {"--gateway", into(settings.gateway)},
      {"--kind", into(settings.kind)},         {"--tls", into(settings.tls)},
      {"--method", into(settings.method)},     {"--target", into(settings.targets)},
      {"--body", into(settings.body)},         {"--connections", into(settings.connections)},
      {"--rate", into(settings.rate)},         {"--warmup", into(settings.warmup)},
      {"--seconds", into(settings.seconds)},   {"--window", into(settings.window)},
      {"--requests", into(settings.requests)},
  };
  for (int i = 1; i < count; ++i) {
    const std::string_view word = arguments[i];
    if (!word.starts_with('-')) {
      settings.processes.emplace_back(word);
      continue;
    }
    const auto option = options.find(word);
    if (option == options.end() || i + 1 == count) refuse(word);
    option->second(arguments[++i]);
  }
  if (settings.origin == 0 || settings.gateway == 0) refuse("a port is missing");
  return settings;
}

std::vector<std::string> requests_of(const Settings& settings) {
  std::vector<std::string> requests;
  for (const auto& target : targets_of(settings)) {
    const auto slash = target.find('/');
    const auto host =
        slash == 0 ? "127.0.0.1:" + std::to_string(settings.gateway) : target.substr(0, slash);
    auto text = settings.method + ' ' + target.substr(slash) + " HTTP/1.1\r\nHost: " + host +
                "\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Penstock bench\r\n"
                "Accept: application/json, text/plain, */*\r\nAccept-Language: en-GB,en;q=0.9\r\n"
                "Accept-Encoding: gzip, deflate, br\r\nReferer: https://shop.example.com/orders\r\n"
                "Origin: https://shop.example.com\r\n"
                "Cookie: session=0123456789abcdef0123456789abcdef\r\nCache-Control: no-cache\r\n"
                "X-Version: 2\r\n";
    if (settings.body > 0) {
      text += "Content-Type: application/octet-stream\r\nContent-Length: " +
              std::to_string(settings.body) + "\r\n";
    }
    requests.push_back(text + "\r\n" + std::string(settings.body, 'x'));
  }
  return requests;
}

}  // namespace penstock::bench
