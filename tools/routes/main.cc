#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <exception>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "route/generated_routes.h"
#include "route/pattern.h"
#include "route/regex.h"
#include "route/router.h"

// Writes a configuration with many routes: generated, `--routes 100000 --seed 1`, or those of lists
// whose lines are `METHOD path` or `METHOD host/path`.
namespace {

using penstock::RouteEntry;

// What a list may hold that the gateway refuses is left out and counted.
struct List {
  std::deque<std::string> ids;
  std::vector<RouteEntry> entries;
  std::size_t refused = 0;

  void read(const std::string& file) {
    std::ifstream in(file);
    if (!in) throw CLI::FileError::Missing(file);
    for (std::string line; std::getline(in, line);) {
      if (!line.empty()) add(line);
    }
  }

  void add(std::string_view line) {
    const auto blank = line.find(' ');
    const auto slash = line.find('/', blank);
    if (slash == std::string_view::npos) return refuse(line, "it has no path");
    RouteEntry entry{.route_id = {},
                     .hosts = {},
                     .methods = {std::string(line.substr(0, blank))},
                     .path = std::string(line.substr(slash))};
    auto host = line.substr(blank + 1, slash - blank - 1);
    host = host.substr(0, host.find(':'));
    if (!host.empty()) entry.hosts.emplace_back(host);
    penstock::RegexSet regexes;
    const auto pattern = penstock::Pattern::parse(entry.path, regexes);
    if (!pattern) return refuse(line, pattern.error());
    if (!host.empty() && !penstock::parse_route_host(host)) return refuse(line, "it has no host");
    if (entry.methods[0] == "TRACE") return refuse(line, "TRACE is refused");
    ids.push_back(fmt::format("r{}", ids.size()));
    entry.route_id = ids.back();
    entries.push_back(std::move(entry));
  }

  void refuse(std::string_view line, std::string_view why) {
    ++refused;
    fmt::print(stderr, "left out: {}: {}\n", line, why);
  }
};

// What is written in quotes: YAML's double-quoted scalars and JSON's strings agree on this. `${`
// would name a variable.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' || text[i] == '\\') out += '\\';
    if (text.substr(i).starts_with("${")) out += '$';
    out += text[i];
  }
  return out + '"';
}

std::string route_text(const RouteEntry& entry) {
  auto out = fmt::format(R"("routeId": {}, "method": {}, )", in_quotes(entry.route_id),
                         in_quotes(entry.methods[0]));
  if (!entry.hosts.empty()) out += fmt::format(R"("host": {}, )", in_quotes(entry.hosts[0]));
  return out + fmt::format(R"("path": {}, "upstreamService": "origin", "authRequired": false)",
                           in_quotes(entry.path));
}

void write_json(const std::vector<RouteEntry>& entries, int port) {
  fmt::print(R"({{ "listeners": [ {{ "name": "public", "address": "127.0.0.1:{}" }} ],
  "services": [ {{ "serviceName": "origin", "instances": [ {{ "host": "127.0.0.1", "port": 9001 }} ] }} ],
  "routes": [
)",
             port);
  for (std::size_t i = 0; i < entries.size(); ++i)
    fmt::print("    {{ {} }}{}\n", route_text(entries[i]), i + 1 < entries.size() ? "," : "");
  fmt::print("  ] }}\n");
}

void write_yaml(const std::vector<RouteEntry>& entries, int port) {
  fmt::print(R"(listeners: [ {{ name: public, address: "127.0.0.1:{}" }} ]
services:
  - {{ serviceName: origin, instances: [ {{ host: 127.0.0.1, port: 9001 }} ] }}
routes:
)",
             port);
  for (const auto& entry : entries) {
    fmt::print("  - routeId: {}\n    method: {}\n", in_quotes(entry.route_id), entry.methods[0]);
    if (!entry.hosts.empty()) fmt::print("    host: {}\n", in_quotes(entry.hosts[0]));
    fmt::print("    path: {}\n    upstreamService: origin\n    authRequired: false\n",
               in_quotes(entry.path));
  }
}

void write_list(const std::vector<RouteEntry>& entries) {
  for (const auto& entry : entries)
    fmt::print("{} {}{}\n", entry.methods[0], entry.hosts.empty() ? "" : entry.hosts[0],
               entry.path);
}

int run(int argc, char** argv) {
  CLI::App app{"Writes a configuration with many routes to standard output."};
  std::size_t count = 1000;
  std::uint64_t seed = 1;
  int port = 8080;
  std::string format = "yaml";
  std::vector<std::string> files;
  app.add_option("-n,--routes", count, "How many to generate")->check(CLI::Range(1, 1'000'000));
  app.add_option("-s,--seed", seed, "The same seed gives the same routes");
  app.add_option("-p,--port", port, "Of the listener");
  app.add_option("-f,--format", format, "yaml, json or list")
      ->check(CLI::IsMember({"yaml", "json", "list"}));
  app.add_option("FILE", files, "Lists to take the routes from instead");
  try {
    app.parse(argc, argv);
    List list;
    for (const auto& file : files) list.read(file);
    const penstock::GeneratedRoutes generated(seed, files.empty() ? count : 1);
    const auto& entries = files.empty() ? generated.entries() : list.entries;
    if (format == "yaml")
      write_yaml(entries, port);
    else if (format == "json")
      write_json(entries, port);
    else
      write_list(entries);
    if (list.refused > 0) fmt::print(stderr, "left out {} lines\n", list.refused);
  } catch (const CLI::Error& error) {
    return app.exit(error);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {  // The standard output cannot be written.
    std::fputs(error.what(), stderr);
    return 1;
  }
}
