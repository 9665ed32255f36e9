#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "route/condition.h"
#include "route/regex.h"

namespace penstock {

// The conditions of a router, numbered: equal ones are one.
class ConditionSet {
 public:
  // The error is the end of a sentence: what is wrong with it.
  std::expected<std::uint32_t, std::string> add(const Condition& condition, RegexSet& regexes);

  const Condition& operator[](std::uint32_t i) const { return tests_[i].condition; }
  std::size_t size() const { return tests_.size(); }
  std::size_t memory() const;  // Bytes held, about.

 private:
  friend class ConditionReader;
  struct Subject {
    Condition::Subject kind;
    http::Name id;
    std::string name;
  };
  struct Test {
    Condition condition;
    std::uint32_t subject = 0;
    std::uint32_t regex = 0;
  };
  std::uint32_t subject_of(const Condition& condition);

  std::vector<Test> tests_;
  std::vector<Subject> subjects_;
  std::unordered_map<std::string, std::uint32_t> subject_numbers_;
  std::map<Condition, std::uint32_t> numbers_;
};

// Asks conditions of one request, and remembers what it has looked up.
class ConditionReader {
 public:
  ConditionReader(const ConditionSet& set, const RegexSet& regexes, const RouteRequest& request)
      : set_(set), regexes_(regexes), request_(request) {}
  ConditionReader(const ConditionReader&) = delete;
  ConditionReader& operator=(const ConditionReader&) = delete;

  bool holds(std::uint32_t condition);
  // What the condition looks at; nothing if it is not there. Valid until the next call.
  std::optional<std::string_view> value(std::uint32_t condition);

 private:
  struct Known {
    std::uint32_t subject = ~std::uint32_t{0};
    std::optional<std::string_view> value;
    std::string scratch;
  };
  const ConditionSet& set_;
  const RegexSet& regexes_;
  const RouteRequest& request_;
  std::array<Known, 8> known_;  // By the subject's number, what was asked last.
};

}  // namespace penstock
