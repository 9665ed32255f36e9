#include "route/witness.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "route/sample.h"

namespace penstock {
namespace {

// What stands for a parameter: not likely a literal that stands beside it, and each of another kind
// of text, since a regex may stand there too.
constexpr std::string_view kValues[Witnesses::kVariations] = {"7f3", "wq", "Z~9_-"};
// What stands below a prefix.
constexpr std::string_view kBelow[Witnesses::kVariations] = {"/zq1/zq2/zq3", "", "/"};
constexpr std::size_t kMaxSubjects = 32;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') ||
                       std::string_view("-._~").contains(c);
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

std::string subject_key(const Condition& condition) {
  const bool header = condition.subject == Condition::Subject::header;
  return header ? "h " + lowered(condition.name) : "q " + condition.name;
}

void add(Witness& witness, const Condition& condition, std::string_view value) {
  if (condition.subject == Condition::Subject::header) {
    witness.fields.add(condition.name, value);
    return;
  }
  if (!witness.query.empty()) witness.query += '&';
  witness.query += escaped(condition.name);
  if (!value.empty()) witness.query += '=' + escaped(value);
}

}  // namespace

std::string Witness::to_text() const {
  auto out = fmt::format("{} {}{}", method, host, path);
  if (!query.empty()) out += '?' + query;
  std::string_view before = " with ";
  for (const auto& field : fields) {
    out += fmt::format("{}{}: {}", before, field.name, field.value);
    before = ", ";
  }
  return out;
}

Witnesses::Witnesses(std::span<const RouteEntry> entries) {
  for (const auto& entry : entries) {
    for (const auto& condition : entry.conditions) {
      if (subjects_.size() == kMaxSubjects) return;
      subjects_.try_emplace(subject_key(condition), condition);
    }
  }
}

std::optional<Witness> Witnesses::make(const RouteEntry& entry, const Pattern& pattern,
                                       std::string_view host, std::string_view method,
                                       unsigned variation) {
  Witness witness;
  witness.method = method;
  witness.host = host;
  if (host.starts_with("*.")) witness.host.replace(0, 1, variation == 2 ? "zq.zq" : "zq");
  if (!fill_path(pattern, variation, witness.path)) return {};
  if (!fill_conditions(entry, variation, witness)) return {};
  if (variation == 1) add_others(entry, witness);
  return witness;
}

const std::optional<std::string>& Witnesses::sample_of(const std::string& regex,
                                                       unsigned variation) {
  auto& known = samples_[{regex, variation}];
  if (!known) known = sample(regex, variation);
  return known;
}

bool Witnesses::fill_path(const Pattern& pattern, unsigned variation, std::string& path) {
  for (const auto& segment : pattern.segments) {
    path += '/' + segment.literals[0];
    for (std::size_t i = 0; i < segment.parameters.size(); ++i) {
      const auto& regex = segment.parameters[i].regex;
      if (regex.empty()) {
        path += kValues[variation];
      } else if (const auto& text = sample_of(regex, variation); text) {
        path += *text;
      } else {
        return false;
      }
      path += segment.literals[i + 1];
    }
  }
  if (pattern.below) path += kBelow[variation];
  if (path.empty()) path = "/";
  return true;
}

// One value for each header or parameter, from the strictest of the conditions on it.
bool Witnesses::fill_conditions(const RouteEntry& entry, unsigned variation, Witness& witness) {
  std::map<std::string, const Condition*> strictest;
  const auto strictness = [](const Condition& condition) {
    return condition.op == Condition::Operator::equals  ? 2
           : condition.op == Condition::Operator::regex ? 1
                                                        : 0;
  };
  for (const auto& condition : entry.conditions) {
    auto& best = strictest[subject_key(condition)];
    if (best == nullptr || strictness(condition) > strictness(*best)) best = &condition;
  }
  for (const auto& [key, condition] : strictest) {
    if (condition->op == Condition::Operator::absent) continue;
    std::string_view value = condition->value;
    if (condition->op == Condition::Operator::present) value = kValues[variation];
    if (condition->op == Condition::Operator::regex) {
      const auto& text = sample_of(condition->value, variation);
      if (!text) return false;
      value = *text;
    }
    add(witness, *condition, value);
  }
  return true;
}

void Witnesses::add_others(const RouteEntry& entry, Witness& witness) const {
  const auto asks = [&](const std::string& key) {
    return std::ranges::find(entry.conditions, key, subject_key) != entry.conditions.end();
  };
  for (const auto& [key, subject] : subjects_) {
    if (!asks(key)) add(witness, subject, kValues[1]);
  }
}

}  // namespace penstock
