#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "config/config.h"
#include "config/names.h"
#include "schema/findings.h"

namespace penstock {

// What is wrong with the way in which routes choose their services.
class SelectCheck {
 public:
  SelectCheck(const Document& document, const Names& services, schema::Findings& findings);

  // `path` is the route's.
  void one(const SelectConfig& config, const std::string& path);

 private:
  using Text = schema::Located<std::string>;

  void target(const TargetConfig& target, const std::string& path);
  void split(const std::vector<ShareConfig>& shares, const std::string& path);
  void service(const Text& name, const std::string& path);
  void serves(const TargetConfig& target, std::string_view what, const std::string& path);
  void sticky(const SelectConfig& config, const std::string& path);
  void token(const Text& name, std::string_view what, const std::string& path);
  void versions(const VersionsConfig& config, const std::string& path);
  void version(const std::string& name, const VersionConfig& config, const std::string& path);
  void dates(const VersionConfig& config, const std::string& path);
  bool is_idle(const Text& service) const { return idle_.contains(service.value); }

  const Names& services_;
  const std::vector<std::string_view> service_names_;
  std::unordered_set<std::string_view> idle_;  // Services without an instance that serves.
  schema::Findings& findings_;
};

}  // namespace penstock
