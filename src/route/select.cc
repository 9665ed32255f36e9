#include "route/select.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "base/siphash.h"
#include "http/cookie.h"

namespace penstock {
namespace {

// Written down here and nowhere else, since all nodes and releases are to agree. No secret: a
// caller that seeks out a text for a service gets that service, and nothing more.
constexpr SipKey kStickyKey{.low = 0x70656e73746f636b, .high = 0x737469636b792d31};

// One bid of a service for a text, from two hashes: evenly spread, and independent of other bids.
std::uint64_t mixed(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return bits ^ (bits >> 31);
}

// In (0, 1).
double unit_of(std::uint64_t bits) {
  return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
}

using Shares = std::vector<Split::Share>;

std::expected<Shares, std::string> shares_of(const TargetConfig& target,
                                             const ServiceIndices& services) {
  Shares shares;
  std::uint64_t total = 0;
  const auto add = [&](const std::string& name, std::uint32_t weight) {
    const auto service = services.find(name);
    if (service == services.end()) return false;
    shares.push_back({service->second, weight, name});
    total += weight;
    return true;
  };
  if (target.upstream_service && !add(target.upstream_service->value, 1))
    return std::unexpected("names no service");
  static const std::vector<ShareConfig> none;
  for (const auto& share : target.split ? *target.split : none)
    if (!add(share.upstream_service.value, share.weight.value))
      return std::unexpected("names no service");
  if (total == 0) return std::unexpected("has no service with a weight");
  return shares;
}

RouteVersion version_of(std::string name, const VersionConfig& config, const Shares& shares) {
  RouteVersion version{
      .name = std::move(name), .split = Split(shares), .deprecation = {}, .sunset = {}, .link = {}};
  if (config.deprecated) version.deprecation = fmt::format("@{}", config.deprecated->value.seconds);
  if (config.sunset) version.sunset = http_date(config.sunset->value);
  if (config.successor)
    version.link = fmt::format("<{}>; rel=\"successor-version\"", config.successor->value);
  return version;
}

}  // namespace

// --- Split

Split::Split(const std::vector<Share>& shares) {
  for (const auto& share : shares) {
    if (share.weight == 0) continue;
    parts_.push_back({share.service, share.weight, siphash(kStickyKey, share.name)});
    total_ += share.weight;
  }
}

std::uint32_t Split::draw(Random& random) const {
  if (is_single()) return parts_.front().service;
  auto ticket = random.below(total_);
  for (const auto& part : parts_) {
    if (ticket < part.weight) return part.service;
    ticket -= part.weight;
  }
  return parts_.back().service;
}

// A part waits for its bid an exponential time, the shorter the heavier it is; the first gets the
// text.
std::uint32_t Split::keep(std::string_view text) const {
  const auto hash = siphash(kStickyKey, text);
  const Part* first = &parts_.front();
  double shortest = std::numeric_limits<double>::infinity();
  for (const auto& part : parts_) {
    const auto wait = -std::log(unit_of(mixed(hash ^ part.name))) / part.weight;
    if (wait >= shortest) continue;
    shortest = wait;
    first = &part;
  }
  return first->service;
}

// --- What is compiled

std::expected<Selection::Terms, std::string> Selection::versions_of(
    const VersionsConfig& config, const ServiceIndices& services) {
  Terms terms;
  terms.version_header = config.header.value;
  terms.known = fmt::format("{} may be", config.header.value);
  terms.versions.reserve(config.to.entries.size());
  for (const auto& [name, version] : config.to.entries) {
    const auto shares = shares_of(version.target, services);
    if (!shares)
      return std::unexpected(fmt::format("in version {} {}", name.value, shares.error()));
    terms.known += (terms.versions.empty() ? " " : ", ") + name.value;
    terms.versions.push_back(version_of(name.value, version, *shares));
  }
  terms.known += '.';
  if (config.default_version) terms.default_version = terms.version(config.default_version->value);
  return terms;
}

std::expected<Selection, std::string> Selection::compile(const SelectConfig& config,
                                                         const ServiceIndices& services) {
  Selection selection;
  std::expected<Terms, std::string> terms;
  if (config.versions) {
    terms = versions_of(*config.versions, services);
    if (!terms) return std::unexpected(terms.error());
  } else {
    const auto shares = shares_of(config.target, services);
    if (!shares) return std::unexpected(shares.error());
    selection.service_ = shares->front().service;
    if (shares->size() == 1) return selection;
    terms->split.emplace(*shares);
  }
  if (config.sticky_by) terms->keep_to(config.sticky_by->value);
  selection.terms_ = std::make_unique<const Terms>(*std::move(terms));
  return selection;
}

void Selection::Terms::keep_to(const schema::WordOrMap<StickyWord, StickyFieldConfig>& config) {
  if (config.word) sticky = *config.word == StickyWord::ip ? Sticky::address : Sticky::user;
  if (!config.map) return;
  sticky = config.map->header ? Sticky::header : Sticky::cookie;
  sticky_name = (config.map->header ? config.map->header : config.map->cookie)->value;
}

const RouteVersion* Selection::Terms::version(std::string_view name) const {
  for (const auto& version : versions)
    if (version.name == name) return &version;
  return nullptr;
}

// --- What is chosen

Result<Selected> Selection::weigh(const SelectRequest& request, Random& random,
                                  Arena& arena) const {
  Selected selected;
  if (!terms_->split) {
    const auto version = asked_version(request.fields);
    if (!version) return fail(version.error());
    selected.version = *version;
  }
  const auto& split = selected.version != nullptr ? selected.version->split : *terms_->split;
  auto text = split.is_single() ? std::string_view{} : sticky_text(request);
  if (text.empty() && terms_->sticky == Sticky::cookie && !split.is_single())
    text = new_cookie(request, random, arena, selected);
  selected.service = text.empty() ? split.draw(random) : split.keep(text);
  return selected;
}

Result<const RouteVersion*> Selection::asked_version(const http::Fields& fields) const {
  const http::Field* asked = nullptr;
  for (const auto& field : fields) {
    if (!equals_ignoring_case(field.name, terms_->version_header)) continue;
    if (asked != nullptr) return fail(reasons::kUnknownVersion, terms_->known);
    asked = &field;
  }
  if (asked == nullptr) {
    if (terms_->default_version != nullptr) return terms_->default_version;
    return fail(reasons::kVersionMissing, terms_->known);
  }
  if (const auto* const version = terms_->version(asked->value)) return version;
  return fail(reasons::kUnknownVersion, terms_->known);
}

// What the caller is told apart by; empty where it has not got it.
std::string_view Selection::sticky_text(const SelectRequest& request) const {
  switch (terms_->sticky) {
    case Sticky::no:
      return {};
    case Sticky::user:
      return request.user.empty() ? request.client : request.user;
    case Sticky::address:
      return request.client;
    case Sticky::header: {
      const auto* const field = request.fields.find(terms_->sticky_name);
      return field == nullptr ? std::string_view{} : field->value;
    }
    case Sticky::cookie:
      return http::cookie_of(request.fields, terms_->sticky_name);
  }
  return {};
}

// A caller without the cookie gets one, and the part that it will keep to with it.
std::string_view Selection::new_cookie(const SelectRequest& request, Random& random, Arena& arena,
                                       Selected& selected) const {
  const auto value = arena.copy(fmt::format("{:016x}", random.next()));
  selected.set_cookie = arena.join(terms_->sticky_name, "=", value,
                                   "; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax",
                                   request.secure ? "; Secure" : "");
  return value;
}

}  // namespace penstock
