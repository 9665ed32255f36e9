#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "route/generated_routes.h"
#include "route/listed_routes.h"
#include "route/router.h"

// Writes a configuration with many routes: generated, `--routes 100000 --seed 1`, or those of lists
// whose lines are `METHOD path` or `METHOD host/path`.
namespace {

using penstock::RouteEntry;

// The routes of all lists; what is left out is said on standard error.
void read_lists(const std::vector<std::string>& files, penstock::ListedRoutes& list) {
  for (const auto& file : files) {
    std::ifstream in(file);
    if (!in) throw CLI::FileError::Missing(file);
    list.read(in);
  }
  for (const auto& [line, why] : list.left_out())
    fmt::print(stderr, "left out: {}: {}\n", line, why);
  if (!list.left_out().empty())
    fmt::print(stderr, "took {} lines, left out {}\n", list.entries().size(),
               list.left_out().size());
}

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
    penstock::ListedRoutes list;
    read_lists(files, list);
    const penstock::GeneratedRoutes generated(seed, files.empty() ? count : 1);
    const auto& entries = files.empty() ? generated.entries() : list.entries();
    if (format == "yaml")
      write_yaml(entries, port);
    else if (format == "json")
      write_json(entries, port);
    else
      write_list(entries);
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
