#include "route/condition_set.h"

#include <utility>

#include "base/ascii.h"

namespace penstock {

std::expected<std::uint32_t, std::string> ConditionSet::add(const Condition& condition,
                                                            RegexSet& regexes) {
  if (const auto fault = fault_of_name(condition.subject, condition.name); !fault.empty())
    return std::unexpected(std::string(fault));
  auto canonical = condition;
  if (canonical.subject == Condition::Subject::header) canonical.name = lowered(canonical.name);
  const auto next = static_cast<std::uint32_t>(tests_.size());
  const auto [known, added] = numbers_.try_emplace(canonical, next);
  if (!added) return known->second;
  Test test{.condition = condition, .subject = subject_of(canonical)};
  if (condition.op == Condition::Operator::regex) {
    const auto regex = regexes.add(condition.value);
    if (!regex) {
      numbers_.erase(known);
      return std::unexpected(regex.error());
    }
    test.regex = *regex;
  }
  tests_.push_back(std::move(test));
  return next;
}

std::uint32_t ConditionSet::subject_of(const Condition& canonical) {
  const bool header = canonical.subject == Condition::Subject::header;
  const auto next = static_cast<std::uint32_t>(subjects_.size());
  const auto [known, added] =
      subject_numbers_.try_emplace((header ? "h " : "q ") + canonical.name, next);
  if (added)
    subjects_.push_back({canonical.subject,
                         header ? http::name_of(canonical.name) : http::Name::other,
                         canonical.name});
  return known->second;
}

std::size_t ConditionSet::memory() const {
  // A test, and what finds it again when the next is added.
  return tests_.capacity() * sizeof(Test) + numbers_.size() * (sizeof(Condition) + 48) +
         subjects_.capacity() * (sizeof(Subject) + 80);
}

std::optional<std::string_view> ConditionReader::value(std::uint32_t condition) {
  const auto number = set_.tests_[condition].subject;
  auto& known = known_[number % known_.size()];
  if (known.subject == number) return known.value;
  const auto& subject = set_.subjects_[number];
  known.value = subject.kind == Condition::Subject::header
                    ? header_value(request_.fields, subject.id, subject.name, known.scratch)
                    : query_value(request_.query, subject.name, known.scratch);
  known.subject = number;
  return known.value;
}

bool ConditionReader::holds(std::uint32_t condition) {
  const auto found = value(condition);
  const auto& test = set_.tests_[condition];
  switch (test.condition.op) {
    case Condition::Operator::present:
      return found.has_value();
    case Condition::Operator::absent:
      return !found.has_value();
    case Condition::Operator::equals:
      return found == test.condition.value;
    case Condition::Operator::regex:
      return found && regexes_[test.regex].matches(*found);
  }
  return false;
}

}  // namespace penstock
