#include "config/check_select.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "http/h1/syntax.h"

namespace penstock {
namespace {

using schema::in_quotes;

bool has_split(const SelectConfig& config) {
  if (config.target.split) return true;
  if (!config.versions) return false;
  const auto& to = config.versions->to.entries;
  return std::ranges::any_of(
      to, [](const auto& entry) { return entry.value.target.split.has_value(); });
}

// What may stand between `<` and `>` in a Link field (RFC 8288, RFC 3986).
bool is_reference(std::string_view text) {
  const auto fits = [](char c) {
    return c > ' ' && c < 0x7f && std::string_view("<>\"\\^`{|}").find(c) == std::string_view::npos;
  };
  return !text.empty() && std::ranges::all_of(text, fits);
}

std::uint64_t total_of(const std::vector<ShareConfig>& shares) {
  std::uint64_t total = 0;
  for (const auto& share : shares) total += share.weight.value;
  return total;
}

}  // namespace

SelectCheck::SelectCheck(const Document& document, const Names& services,
                         schema::Findings& findings)
    : services_(services), service_names_(services.all()), findings_(findings) {
  for (const auto& service : document.services) {
    const auto serves = [](const auto& instance) {
      return instance.healthy && instance.weight > 0;
    };
    if (std::ranges::none_of(service.instances, serves)) idle_.insert(service.service_name.value);
  }
}

void SelectCheck::one(const SelectConfig& config, const std::string& path) {
  target(config.target, path);
  if (config.target.split) serves(config.target, "the route", path + ".split");
  if (config.versions) versions(*config.versions, path + ".versions");
  if (config.sticky_by) sticky(config, path + ".stickyBy");
}

void SelectCheck::target(const TargetConfig& target, const std::string& path) {
  if (target.upstream_service) service(*target.upstream_service, path + ".upstreamService");
  if (target.split) split(*target.split, path + ".split");
}

void SelectCheck::service(const Text& name, const std::string& path) {
  if (is_missing(name) || services_.contains(name.value)) return;
  const auto hint = findings_.wanted() ? schema::did_you_mean(name.value, service_names_) : "";
  findings_.error(name.at, path,
                  fmt::format("found {}, expected the serviceName of a service{}",
                              in_quotes(name.value), hint));
}

void SelectCheck::split(const std::vector<ShareConfig>& shares, const std::string& path) {
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const auto& name = shares[i].upstream_service;
    const auto at = fmt::format("{}[{}].upstreamService", path, i);
    service(name, at);
    if (!is_missing(name) && !seen.insert(name.value).second)
      findings_.error(name.at, at,
                      fmt::format("found {} a second time, expected each service once, with all of "
                                  "its weight",
                                  in_quotes(name.value)));
  }
  const auto is_read = [](const ShareConfig& share) { return share.weight.at.line > 0; };
  if (!shares.empty() && std::ranges::all_of(shares, is_read) && total_of(shares) == 0)
    findings_.error(shares.front().weight.at, path,
                    "found no weight but 0, expected one above it: nothing would be served");
}

// Services without instances that serve have a finding of their own; here is what it means to those
// who ask for `what`.
void SelectCheck::serves(const TargetConfig& target, std::string_view what,
                         const std::string& path) {
  if (target.upstream_service && is_idle(*target.upstream_service))
    return findings_.warning(target.upstream_service->at, path,
                             fmt::format("found no healthy instance of {}, so all requests for {} "
                                         "are answered 503 no_healthy_endpoint",
                                         in_quotes(target.upstream_service->value), what));
  if (!target.split) return;
  for (std::size_t i = 0; i < target.split->size(); ++i) {
    const auto& share = (*target.split)[i];
    if (share.weight.value == 0 || !is_idle(share.upstream_service)) continue;
    findings_.warning(share.upstream_service.at, fmt::format("{}[{}]", path, i),
                      fmt::format("found no healthy instance of {}, so {} of {} requests for {} "
                                  "are answered 503 no_healthy_endpoint",
                                  in_quotes(share.upstream_service.value), share.weight.value,
                                  total_of(*target.split), what));
  }
}

void SelectCheck::sticky(const SelectConfig& config, const std::string& path) {
  if (const auto& field = config.sticky_by->value.map) {
    if (field->header) token(*field->header, "the name of a header field", path + ".header");
    if (field->cookie) token(*field->cookie, "the name of a cookie", path + ".cookie");
  }
  if (!has_split(config) && config.sticky_by->at.line > 0)
    findings_.warning(config.sticky_by->at, path,
                      "found it without a split, expected one: there is nothing to keep to");
}

void SelectCheck::token(const Text& name, std::string_view what, const std::string& path) {
  if (is_missing(name) || http::h1::is_token(name.value)) return;
  findings_.error(name.at, path, fmt::format("found {}, expected {}", in_quotes(name.value), what));
}

void SelectCheck::versions(const VersionsConfig& config, const std::string& path) {
  token(config.header, "the name of a header field, such as Accept-Version", path + ".header");
  Names names("version", findings_);
  for (const auto& [name, version] : config.to.entries) {
    const auto at = fmt::format("{}.to.{}", path, name.value);
    names.add(name, at);
    this->version(in_quotes(name.value), version, at);
  }
  const auto& standard = config.default_version;
  if (!standard || is_missing(*standard) || names.contains(standard->value)) return;
  findings_.error(
      standard->at, path + ".default",
      fmt::format("found {}, expected one of the versions in `to`{}", in_quotes(standard->value),
                  schema::did_you_mean(standard->value, names.all())));
}

void SelectCheck::version(const std::string& name, const VersionConfig& config,
                          const std::string& path) {
  target(config.target, path);
  serves(config.target, "version " + name, config.target.split ? path + ".split" : path);
  dates(config, path);
  const auto& successor = config.successor;
  if (successor && !is_missing(*successor) && !is_reference(successor->value))
    findings_.error(successor->at, path + ".successor",
                    fmt::format("found {}, expected a URI or a path such as /api/v2",
                                in_quotes(successor->value)));
}

// RFC 9745 §4: a sunset is not before the deprecation.
void SelectCheck::dates(const VersionConfig& config, const std::string& path) {
  if (!config.deprecated || !config.sunset) return;
  const auto& [sunset, at] = *config.sunset;
  if (at.line == 0 || config.deprecated->at.line == 0) return;
  if (sunset >= config.deprecated->value) return;
  findings_.error(at, path + ".sunset",
                  fmt::format("found {}, expected none before it is deprecated, which is {}",
                              sunset.to_text(), config.deprecated->value.to_text()));
}

}  // namespace penstock
