#include "cli/explain.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "cli/exit_code.h"
#include "cli/findings.h"
#include "config/load.h"
#include "config/snapshot.h"
#include "gateway/explain.h"
#include "gateway/gateway.h"
#include "net/address.h"
#include "runtime/sim/sim_loop.h"

namespace penstock {
namespace {

using Json = nlohmann::ordered_json;

struct ExplainOptions {
  std::vector<std::string> files;
  std::string method;
  std::string url;
  std::vector<std::string> fields;
  std::string from = "127.0.0.1";
  std::string listener;  // Empty: the first.
  std::string output = "text";
};

// A listener may not serve https: only a target that says so is refused as the live one would be.
constexpr std::string_view kSecure = "https://";

// The request as a client would send it; what is wrong with it the gateway says itself.
std::string head_of(const ExplainOptions& options) {
  std::string_view url = options.url;
  std::string authority = "localhost";
  std::string form;
  for (const std::string_view scheme : {std::string_view("http://"), kSecure}) {
    if (!url.starts_with(scheme)) continue;
    url.remove_prefix(scheme.size());
    const auto end = std::min(url.find_first_of("/?"), url.size());
    authority = url.substr(0, end);
    url.remove_prefix(end);
  }
  std::string fields;
  bool has_host = false;
  for (const auto& field : options.fields) {
    fields += field + "\r\n";
    const auto colon = field.find(':');
    if (http::name_of(field.substr(0, colon)) != http::Name::host) continue;
    has_host = true;
    authority = trim_ows(std::string_view(field).substr(colon + 1));
  }
  if (options.url.starts_with(kSecure)) form = std::string(kSecure) + authority;
  const auto host = has_host ? std::string() : fmt::format("Host: {}\r\n", authority);
  return fmt::format("{} {}{}{} HTTP/1.1\r\n{}{}\r\n", options.method, form,
                     url.starts_with('/') ? "" : "/", url, host, fields);
}

const ListenerConfig* find_listener(const Config& config, const std::string& name) {
  for (const auto& listener : config.node.listeners)
    if (name.empty() || listener.name.value == name) return &listener;
  return nullptr;
}

Json json_of(const Explanation& explanation) {
  Json candidates = Json::array();
  for (const auto& candidate : explanation.candidates)
    candidates.push_back({{"routeId", candidate.route_id},
                          {"path", candidate.path},
                          {"matches", candidate.matches},
                          {"wins", candidate.wins},
                          {"says", candidate.says}});
  Json stages = Json::array();
  for (const auto& [stage, who, says] : explanation.verdicts)
    stages.push_back({{"stage", text_of(stage)}, {"who", who}, {"says", says}});
  const auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  return {{"request", explanation.request},
          {"routeId", or_null(explanation.route_id)},
          {"candidates", std::move(candidates)},
          {"stages", std::move(stages)},
          {"upstreamService", or_null(explanation.service)},
          {"version", or_null(explanation.version)},
          {"status", explanation.status == 0 ? Json() : Json(explanation.status)},
          {"code", or_null(explanation.code)},
          {"detail", or_null(explanation.detail)}};
}

void print(const Explanation& explanation) {
  fmt::print("request  {}\n", explanation.request);
  fmt::print("\nroutes\n");
  if (explanation.candidates.empty()) fmt::print("  none comes near\n");
  for (const auto& candidate : explanation.candidates)
    fmt::print("{} {:<24} {}\n      {}\n", candidate.wins ? '>' : ' ', candidate.route_id,
               candidate.path, candidate.says);
  fmt::print("\nstages\n");
  for (const auto& [stage, who, says] : explanation.verdicts)
    fmt::print("  {:<15} {:<28} {}\n", text_of(stage), who, says);
  if (!explanation.service.empty())
    fmt::print("\nforwarded to {}{}\n", explanation.service,
               explanation.version.empty() ? "" : ", version " + explanation.version);
  else
    fmt::print("\nanswered {} {}\n", explanation.status, explanation.code);
}

// In the form that was asked for.
int failed(const ExplainOptions& options, std::string_view why, int code) {
  if (options.output == "json")
    print_failure(why);
  else
    fmt::print(stderr, "penstock: {}\n", why);
  return code;
}

int explain_request(const Config& config, const ExplainOptions& options) {
  const auto* const listener = find_listener(config, options.listener);
  if (listener == nullptr) {
    return failed(options, fmt::format("there is no listener {}", options.listener), kUsage);
  }
  for (const auto& field : options.fields)
    if (const auto colon = field.find(':'); colon == 0 || colon == std::string::npos)
      return failed(options,
                    fmt::format("-H: found {}, expected a field such as \"X-Version: v2\"",
                                schema::in_quotes(field)),
                    kUsage);
  const auto peer = Address::parse(options.from.contains(':') ? fmt::format("[{}]:1", options.from)
                                                              : options.from + ":1");
  if (!peer) {
    return failed(options, fmt::format("--from {}: {}", options.from, peer.error()), kUsage);
  }
  auto snapshot = compile(config.document, 1);
  if (!snapshot) {
    return failed(options, snapshot.error(), kConfig);
  }
  std::vector<std::string> proxies;
  for (const auto& proxy : listener->trusted_proxies) proxies.push_back(proxy.value);
  const auto trusted = CidrSet::parse(proxies);
  const auto address = Address::parse(listener->address.value);
  const Entrance entrance{.listener = listener->name.value,
                          .port = address ? address->port() : std::uint16_t{0},
                          .scheme = listener->tls ? "https" : "http",
                          .trusted_proxies = &*trusted,
                          .body_bytes = listener->limits.body_bytes.bytes};
  SimLoop loop(1);
  MetricStore store;
  Gateway gateway(loop, store, nullptr, 1);
  gateway.snapshot().swap_to(new Edition<Snapshot>(loop, std::move(*snapshot), 1));
  const auto explanation = explain(gateway, entrance, *peer, head_of(options));
  if (options.output == "json")
    fmt::print("{}\n", json_of(explanation).dump(2));
  else
    print(explanation);
  gateway.snapshot().reset();
  return 0;
}

int run(const ExplainOptions& options) {
  const auto loaded = load_files(options.files);
  if (loaded.unreadable || !loaded.ok) {
    if (options.output == "json")
      print_failure(loaded.unreadable ? "a file of the configuration cannot be read"
                                      : "the configuration is in error",
                    loaded.findings);
    else
      print_findings(stderr, loaded.findings);
    return loaded.unreadable ? kFailure : kConfig;
  }
  return explain_request(loaded.config, options);
}

}  // namespace

void add_explain(CLI::App& app, int& code) {
  auto* const verb = app.add_subcommand(
      "explain", "Say what would become of a request, and why. Nothing is sent or changed.");
  const auto options = std::make_shared<ExplainOptions>();
  verb->add_option("-c,--config", options->files, "The configuration, as for run.")
      ->required()
      ->allow_extra_args(false)
      ->take_all()
      ->envname("PENSTOCK_CONFIG");
  verb->add_option("method", options->method, "GET, POST, ...")->required();
  verb->add_option("url", options->url, "http://host/path?query, or a path.")->required();
  verb->add_option("-H,--header", options->fields, "A field, `Name: value`. May be repeated.")
      ->allow_extra_args(false)
      ->take_all();
  verb->add_option("--from", options->from, "The address it comes from; 127.0.0.1 by default.");
  verb->add_option("--listener", options->listener,
                   "The listener it comes to; the first by default.");
  verb->add_option("-o,--output", options->output, "text or json.")
      ->check(CLI::IsMember({"text", "json"}));
  verb->callback([&code, options] { code = run(*options); });
}

}  // namespace penstock
