#include "cli/findings.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace penstock {

void print_findings(std::FILE* to, std::span<const schema::Finding> findings) {
  for (const auto& finding : findings)
    fmt::print(to, "{}{}\n", finding.severity == schema::Severity::warning ? "warning: " : "",
               to_text(finding));
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

nlohmann::ordered_json json_of(const schema::Finding& finding) {
  using Json = nlohmann::ordered_json;
  Json json{{"severity", name_of(finding.severity)}, {"file", finding.file}};
  json["line"] = finding.at.line > 0 ? Json(finding.at.line) : Json();
  json["column"] = finding.at.line > 0 ? Json(finding.at.column) : Json();
  json["path"] = finding.path;
  json["text"] = finding.text;
  return json;
}

void print_failure(std::string_view error, std::span<const schema::Finding> findings) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& finding : findings) list.push_back(json_of(finding));
  nlohmann::ordered_json report{{"ok", false}, {"error", error}};
  if (!list.empty()) report["findings"] = std::move(list);
  // What is quoted need not be UTF-8.
  fmt::print("{}\n", report.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace penstock
