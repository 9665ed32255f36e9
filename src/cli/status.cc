#include "cli/status.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/duration.h"
#include "cli/admin_client.h"
#include "cli/exit_code.h"
#include "cli/findings.h"

namespace penstock {
namespace {

using Json = nlohmann::ordered_json;

struct StatusOptions {
  AdminPlace place{.url = "http://127.0.0.1:9901", .state_dir = {}};
  std::string output = "text";
};

std::string plain(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  return text;
}

std::string text_at(const Json& json, std::string_view key) {
  return plain(json.value(key, std::string("?")));
}

std::uint64_t number_at(const Json& json, std::string_view key) {
  return json.value(key, std::uint64_t{0});
}

const Json& list_at(const Json& json, std::string_view key) {
  static const Json none = Json::array();
  const auto found = json.find(key);
  return found != json.end() && found->is_array() ? *found : none;
}

std::string_view state_of(const Json& endpoint) {
  if (endpoint.value("taken_out", false)) return "out";
  return endpoint.value("healthy", false) ? "healthy" : "ejected";
}

class Page {
 public:
  std::string write(const Json& status) {
    node(status);
    overload(status.value("overload", Json::object()));
    upgrade(status.value("upgrade", Json::object()));
    config(status.value("config", Json::object()));
    doors("listeners", list_at(status, "listeners"));
    doors("admin", list_at(status, "admin_listeners"));
    services(list_at(status, "services"));
    return std::move(out_);
  }

 private:
  template <class... Parts>
  void line(fmt::format_string<Parts...> format, Parts&&... parts) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Parts>(parts)...);
    out_ += '\n';
  }

  void node(const Json& status) {
    const auto up =
        std::chrono::seconds(static_cast<std::int64_t>(status.value("uptime_seconds", 0.0)));
    line("penstock {}, {} for {}, process {}", text_at(status, "version"), text_at(status, "state"),
         penstock::to_text(Duration(up)), number_at(status, "pid"));
    line("{}, {}, state in {}", counted(number_at(status, "workers"), "worker"),
         text_at(status, "io"), text_at(status, "state_dir"));
  }

  void overload(const Json& overload) {
    line("{} of {} MiB of memory, {} of {} descriptors", number_at(overload, "memory_bytes") >> 20,
         number_at(overload, "memory_limit_bytes") >> 20, number_at(overload, "descriptors"),
         number_at(overload, "descriptors_limit"));
  }

  void upgrade(const Json& upgrade) {
    if (upgrade.contains("took_over_from"))
      line("took over from process {}", number_at(upgrade, "took_over_from"));
    if (upgrade.contains("new_process"))
      line("upgrade under way: process {}", number_at(upgrade, "new_process"));
    if (upgrade.contains("last_error"))
      line("last upgrade failed, {}: {}", text_at(upgrade, "last_at"),
           text_at(upgrade, "last_error"));
  }

  void config(const Json& config) {
    line("\nconfiguration version {} ({:.12}), {}", number_at(config, "version"),
         text_at(config, "hash"), text_at(config, "loaded_at"));
    for (const auto& source : list_at(config, "sources"))
      line("  from {}", plain(source.get<std::string>()));
    line("  {}, {}, policies: {}", counted(number_at(config, "routes"), "route"),
         counted(number_at(config, "services"), "service"), number_at(config, "policies"));
    if (config.value("fallback", false))
      line("  the last good one, since the files given are in error");
    const auto last = config.value("last_apply", Json::object());
    if (!last.value("ok", true)) line("  last change failed, {}:", text_at(last, "at"));
    for (const auto& error : list_at(last, "errors"))
      line("    {}", plain(error.get<std::string>()));
    for (const auto& path : list_at(config, "waiting_for_restart"))
      line("  waits for a restart: {}", plain(path.get<std::string>()));
    for (const auto& error : list_at(config, "certificate_errors"))
      line("  certificate not taken in: {}", plain(error.get<std::string>()));
    if (config.contains("last_good_error"))
      line("  not kept for a later start: {}", text_at(config, "last_good_error"));
  }

  void doors(std::string_view title, const Json& doors) {
    line("\n{}", title);
    for (const auto& door : doors) {
      line("  {:<20} {:<24} {} of {} connections", text_at(door, "name"), text_at(door, "address"),
           number_at(door, "connections"), number_at(door, "connections_limit"));
      for (const auto& certificate : list_at(door, "certificates"))
        line("    {:<8} {} until {}", text_at(certificate, "key"),
             text_at(certificate, "common_name"), text_at(certificate, "not_after"));
    }
  }

  void services(const Json& services) {
    line("\nservices");
    for (const auto& service : services) {
      line("  {}", text_at(service, "name"));
      if (service.contains("circuit")) line("    circuit {}", text_at(service, "circuit"));
      if (const auto bulkhead = service.find("bulkhead"); bulkhead != service.end())
        line("    {} of {} requests, {} of {} pending", number_at(*bulkhead, "active"),
             number_at(*bulkhead, "max_requests"), number_at(*bulkhead, "pending"),
             number_at(*bulkhead, "max_pending"));
      const auto& endpoints = list_at(service, "endpoints");
      if (endpoints.empty()) line("    no endpoint");
      for (const auto& endpoint : endpoints)
        line("    {:<24} {:<8} weight {}, {} in flight", text_at(endpoint, "address"),
             state_of(endpoint), number_at(endpoint, "weight"), number_at(endpoint, "in_flight"));
    }
  }

  std::string out_;
};

int failed(const StatusOptions& options, std::string_view why, int code = kFailure) {
  if (options.output == "json")
    print_failure(why);
  else
    fmt::print(stderr, "penstock: {}\n", plain(std::string(why)));
  return code;
}

int status(const StatusOptions& options) {
  if (!is_admin_url(options.place.url))
    return failed(options,
                  fmt::format("--admin: found {}, expected a URL such as http://127.0.0.1:9901",
                              schema::in_quotes(options.place.url)),
                  kUsage);
  const auto answer = ask_admin(options.place, "/api/gateway/status");
  if (!answer) return failed(options, answer.error());
  if (answer->status == 401)
    return failed(options,
                  "the node does not accept this admin token: it is another node's; --state-dir "
                  "says where the right one is");
  const auto json = Json::parse(answer->content, nullptr, false);
  if (answer->status != 200 || !json.is_object())
    return failed(options, fmt::format("{} answered {}, expected a status", options.place.url,
                                       answer->status));
  fmt::print("{}", options.output == "json" ? answer->content : status_text(json));
  return 0;
}

}  // namespace

// A node of another version may answer with other types than ours: that is told, not thrown.
std::string status_text(const nlohmann::ordered_json& status) try {
  return Page().write(status);
} catch (const nlohmann::json::exception&) {
  return "the status is not as this version of penstock knows it; -o json shows it\n";
}

void add_status(CLI::App& app, int& code) {
  auto* const verb = app.add_subcommand("status", "Say how a running node is.");
  const auto options = std::make_shared<StatusOptions>();
  verb->add_option("--admin", options->place.url, "The node's admin address, as a URL.")
      ->envname("PENSTOCK_ADMIN")
      ->capture_default_str();
  verb->add_option("--state-dir", options->place.state_dir,
                   "The node's state folder, where its admin token is.")
      ->envname("PENSTOCK_STATE_DIR");
  verb->add_option("-o,--output", options->output, "text or json.")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  verb->callback([&code, options] { code = status(*options); });
}

}  // namespace penstock
