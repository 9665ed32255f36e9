#include "route/entry.h"

#include <string>
#include <vector>

namespace penstock {
namespace {

std::vector<std::string> texts_of(const std::vector<schema::Located<std::string>>& located) {
  std::vector<std::string> texts;
  texts.reserve(located.size());
  for (const auto& text : located) texts.push_back(text.value);
  return texts;
}

Condition condition_of(const ConditionConfig& config, Condition::Subject subject) {
  Condition condition{.subject = subject, .name = config.name.value, .value = {}};
  if (config.equals) {
    condition.op = Condition::Operator::equals;
    condition.value = config.equals->value;
  } else if (config.regex) {
    condition.op = Condition::Operator::regex;
    condition.value = config.regex->value;
  } else if (config.absent) {
    condition.op = Condition::Operator::absent;
  }
  return condition;
}

}  // namespace

RouteEntry entry_of(const RouteConfig& config) {
  RouteEntry entry{.route_id = config.route_id.value,
                   .hosts = texts_of(config.hosts),
                   .methods = texts_of(config.methods),
                   .path = config.path.value};
  for (const auto& header : config.headers)
    entry.conditions.push_back(condition_of(header, Condition::Subject::header));
  for (const auto& parameter : config.query)
    entry.conditions.push_back(condition_of(parameter, Condition::Subject::query));
  entry.encoded_slashes = config.encoded_slashes == EncodedSlashes::allow;
  return entry;
}

}  // namespace penstock
