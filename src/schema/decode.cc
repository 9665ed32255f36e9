#include "schema/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "schema/syntax.h"

namespace penstock::schema {
namespace {

struct Bounds {
  std::int64_t low;
  std::int64_t high;
};

Bounds bounds_of(const FieldInfo& field, const Type& type) {
  if (field.bounded) return {field.low, field.high};
  if (type.kind == Kind::percent) return {0, 100};
  return {type.lowest, type.highest};
}

std::string bound_text(Kind kind, std::int64_t bound) {
  if (kind == Kind::duration) return penstock::to_text(Duration(bound));
  if (kind == Kind::size) return penstock::to_text(ByteSize{static_cast<std::uint64_t>(bound)});
  return std::to_string(bound) + (kind == Kind::percent ? "%" : "");
}

std::string within(std::string_view what, Kind kind, Bounds bounds) {
  // A bound that is only what the type can hold is of no use to a reader.
  if (bounds.high == std::numeric_limits<std::int64_t>::max()) return std::string(what);
  const bool example = what.find(" such as ") != std::string_view::npos;
  return fmt::format("{}{} from {} to {}", what, example ? "," : "", bound_text(kind, bounds.low),
                     bound_text(kind, bounds.high));
}

std::string one_of(std::span<const Choice> choices) {
  std::string text;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) text += i + 1 == choices.size() ? " or " : ", ";
    text += choices[i].name;
  }
  return text;
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// Of a list, or of a map of free keys.
std::string list_expectation(const FieldInfo& field, std::string_view list, std::string_view noun) {
  const bool bounded = field.most < FieldInfo::kMostElements;
  if (field.least > 0 && bounded)
    return fmt::format("{} of {} to {}", list, field.least, counted(field.most, noun));
  if (field.least > 0) return fmt::format("{} of at least {}", list, counted(field.least, noun));
  if (bounded) return fmt::format("{} of at most {}", list, counted(field.most, noun));
  return std::string(list);
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto digits = text.starts_with('-') ? text.substr(1) : text;
  // A leading zero might mean octal to whoever wrote it.
  if (digits.size() > 1 && digits[0] == '0') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> plain_number(std::string_view text) {
  double number = 0;
  const auto digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || !is_digit(digits[0])) return std::nullopt;  // Not inf, nor nan.
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The path in words that not_served lists: without indices.
std::string without_indices(std::string_view path) {
  std::string out;
  for (const char c : path)
    if (!(is_digit(c) && !out.empty() && out.back() == '[')) out += c;
  return out;
}

bool name_matches(std::string_view pattern, std::string_view name) {
  if (pattern.starts_with('*')) return name.ends_with(pattern.substr(1));
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == name;
}

class Decoder {
 public:
  Decoder(NotServed not_served, const SecretSource& secrets, Findings& findings)
      : not_served_(not_served), secrets_(secrets), findings_(findings) {}

  // `field` says what holds for the value, or for each element of a list.
  bool value(const Node& node, const FieldInfo& field, const Type& type, void* value) {
    if (node.refused) return false;
    switch (type.kind) {
      case Kind::object:
        return object(node, field, *type.object, value);
      case Kind::list:
        return list(node, field, type, value);
      case Kind::map:
        return map(node, field, type, value);
      case Kind::optional:
        return optional(node, field, type, value);
      case Kind::located:
        if (!this->value(node, field, *type.inner, type.open(value))) return false;
        *type.position(value) = node.at;  // Only what could be read has a place.
        return true;
      case Kind::word_or_map:
        return word_or_map(node, field, type, value);
      case Kind::secret:
        return secret(node, *static_cast<Secret*>(value));
      default:
        break;
    }
    if (node.secret) return misplaced_secret(node, expectation(field, type));
    if (node.kind == Node::Kind::scalar && scalar(node, field, type, value)) return true;
    return refuse(node, field, type);
  }

 private:
  // A key that the object at hand knows, and the object it is a member of.
  struct Slot {
    const FieldInfo* field;
    void* owner;
    const Node* seen = nullptr;
  };

  bool refuse(const Node& node, const FieldInfo& field, const Type& type) {
    std::string hint = field.off && type.kind != Kind::optional ? ", or off" : "";
    std::string_view but = ",";
    if (type.kind == Kind::choice && node.kind == Node::Kind::scalar && !node.expanded) {
      if (is_word_not_served(node.text))
        but = ", which this release does not serve;";
      else
        hint += did_you_mean_choice(node.text, type.choices);
    }
    findings_.error(
        node.at, path_,
        fmt::format("found {}{} expected {}{}", found(node), but, expectation(field, type), hint));
    return false;
  }

  bool is_word_not_served(std::string_view word) const {
    const auto entry = fmt::format("{}={}", without_indices(path_), word);
    return std::find(not_served_.begin(), not_served_.end(), entry) != not_served_.end();
  }

  static std::string found(const Node& node) {
    if (node.kind != Node::Kind::scalar) return std::string(kind_of(node));
    // What a variable holds may be a secret.
    if (node.expanded) return "the value of " + in_quotes(node.written);
    return node.quoted || node.text.empty() ? in_quotes(node.text) : shown(node.text);
  }
  // Numbers and words stand without quotes, so that `"8080"` and `8080` can be told apart.
  static std::string shown(std::string_view text) {
    const bool plain = plain_number(text) || text == "true" || text == "false";
    return plain ? std::string(text) : in_quotes(text);
  }

  bool misplaced_secret(const Node& node, std::string_view expected) {
    findings_.error(node.at, path_,
                    fmt::format("found a secret, expected {}: this value is no secret, and it "
                                "could be shown",
                                expected));
    return false;
  }

  // What is found is never shown: it may be what should have been kept secret.
  bool secret(const Node& node, Secret& value) {
    const auto refuse = [&](std::string_view found, std::string_view expected) {
      findings_.error(node.at, path_, fmt::format("found {}, expected {}", found, expected));
      return false;
    };
    if (node.kind != Node::Kind::scalar) return refuse(kind_of(node), SecretName::kExpected);
    const auto name = SecretName::parse(node.text);
    if (!name && node.secret) return refuse("a name that no secret has", SecretName::kExpected);
    if (!name || node.expanded) return refuse("a secret in plain text", SecretName::kExpected);
    const auto found =
        secrets_ ? secrets_(*name) : std::unexpected("no secret: none can be looked up here");
    if (!found) return refuse(in_quotes(node.text), found.error());
    if (!found->warning.empty())
      findings_.warning(node.at, path_,
                        fmt::format("found {}, {}", in_quotes(node.text), found->warning));
    value = Secret(node.text, found->value);
    return true;
  }

  static std::string did_you_mean_choice(std::string_view text, std::span<const Choice> choices) {
    std::vector<std::string_view> names;
    for (const auto& choice : choices) names.push_back(choice.name);
    return did_you_mean(text, names);
  }

  bool scalar(const Node& node, const FieldInfo& field, const Type& type, void* value) {
    const auto bounds = bounds_of(field, type);
    const auto store = [&](std::optional<std::int64_t> number) {
      if (!number || *number < bounds.low || *number > bounds.high) return false;
      type.store(value, *number);
      return true;
    };
    const std::string_view text = node.text;
    switch (type.kind) {
      case Kind::boolean:
        return !node.quoted && (text == "true" || text == "false") && store(text == "true");
      case Kind::integer:
        return !node.quoted && store(whole_number(text));
      case Kind::duration: {
        const auto duration = parse_duration(text);
        return duration && store(duration->count());
      }
      case Kind::size: {
        const auto size = parse_size(text);
        return size && store(static_cast<std::int64_t>(size->bytes));
      }
      case Kind::choice:
        for (const auto& choice : type.choices)
          if (choice.name == text) return type.store(value, choice.value), true;
        return false;
      case Kind::number:
        return !node.quoted && real(plain_number(text), bounds, value);
      case Kind::percent:
        return percent(text, bounds, value);
      case Kind::text:
        *static_cast<std::string*>(value) = node.text;
        return true;
      case Kind::parsed:
        return type.parse(value, text);
      default:
        return false;
    }
  }

  static bool real(std::optional<double> number, Bounds bounds, void* value) {
    if (!number || *number < static_cast<double>(bounds.low) ||
        *number > static_cast<double>(bounds.high))
      return false;
    *static_cast<double*>(value) = *number;
    return true;
  }
  static bool percent(std::string_view text, Bounds bounds, void* value) {
    if (!text.ends_with('%')) return false;
    const auto number = plain_number(text.substr(0, text.size() - 1));
    return real(number, bounds, &static_cast<Percent*>(value)->percent);
  }

  bool optional(const Node& node, const FieldInfo& field, const Type& type, void* value) {
    if (field.off && node.kind == Node::Kind::scalar && node.text == "off") return true;
    return this->value(node, field, *type.inner, type.open(value));
  }

  bool word_or_map(const Node& node, const FieldInfo& field, const Type& type, void* value) {
    if (node.kind == Node::Kind::map)
      return this->value(node, field, *type.inner, type.open(value));
    if (node.kind != Node::Kind::scalar) return refuse(node, field, type);
    return this->value(node, field, *type.word, type.open_word(value));
  }

  bool list(const Node& node, const FieldInfo& field, const Type& type, void* value) {
    if (node.kind != Node::Kind::list)
      return field.alone ? one(node, field, value) : refuse(node, field, type);
    if (!counts(node, field, type, "element")) return false;
    type.clear(value);
    bool good = true;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const auto length = path_.size();
      path_ += fmt::format("[{}]", i);
      good = this->value(node.items[i], field, *type.inner, type.open(value)) && good;
      path_.resize(length);
    }
    return good;
  }

  bool counts(const Node& node, const FieldInfo& field, const Type& type, std::string_view noun) {
    if (node.items.size() >= field.least && node.items.size() <= field.most) return true;
    findings_.error(node.at, path_,
                    fmt::format("found {}, expected {}", counted(node.items.size(), noun),
                                expectation(field, type)));
    return false;
  }

  bool map(const Node& node, const FieldInfo& field, const Type& type, void* value) {
    if (node.kind != Node::Kind::map) return refuse(node, field, type);
    if (!counts(node, field, type, "key")) return false;
    type.clear(value);
    std::unordered_map<std::string_view, const Node*> seen;
    bool good = true;
    for (const auto& item : node.items) {
      const auto [first, added] = seen.try_emplace(item.key, &item);
      if (!added) {
        good = repeated(item, *first->second);
        continue;
      }
      const auto length = path_.size();
      path_ += '.' + item.key;
      void* const element = type.open(value);
      *type.last_key(value) = {item.key, item.key_at};
      good = this->value(item, field, *type.inner, element) && good;
      path_.resize(length);
    }
    return good;
  }

  static void collect(const ObjectInfo& info, void* value, std::vector<Slot>& slots) {
    for (const auto& field : info.fields) {
      if (field.flat)
        collect(*field.type->object, field.member(value), slots);
      else
        slots.push_back({.field = &field, .owner = value});
    }
  }

  bool object(const Node& node, const FieldInfo& field, const ObjectInfo& info, void* value) {
    if (node.kind != Node::Kind::map) {
      findings_.error(node.at, path_,
                      fmt::format("found {}, expected a map of {}", found(node), joined(info)));
      return false;
    }
    static_cast<void>(field);
    std::vector<Slot> slots;
    collect(info, value, slots);
    bool good = true;
    for (const auto& item : node.items) good = member(item, info, slots) && good;
    for (const auto& slot : slots) good = present(node, slot) && good;
    return alternatives(node, slots) && good;
  }

  bool member(const Node& item, const ObjectInfo& info, std::vector<Slot>& slots) {
    const auto slot = std::find_if(slots.begin(), slots.end(), [&](const Slot& known) {
      return known.field->name == item.key ||
             (!known.field->one_name.empty() && known.field->one_name == item.key);
    });
    if (slot == slots.end()) return unknown(item, info);
    if (slot->seen != nullptr) return repeated(item, *slot->seen);
    slot->seen = &item;
    const auto& field = *slot->field;
    void* const value = field.member(slot->owner);
    const auto length = path_.size();
    if (length > 0) path_ += '.';
    path_ += item.key;
    const bool good = item.key == field.name ? this->value(item, field, *field.type, value)
                                             : one(item, field, value);
    path_.resize(length);
    return good;
  }

  // A list of one, written as that one.
  bool one(const Node& item, const FieldInfo& field, void* value) {
    field.type->clear(value);
    const auto& inner = *field.type->inner;
    void* const element = field.type->open(value);
    if (!this->value(item, field, inner, element)) return false;
    if (inner.kind == Kind::located) inner.position(element)->alone = item.key != field.name;
    return true;
  }

  bool repeated(const Node& item, const Node& first) {
    if (first.key != item.key)
      findings_.error(item.key_at, path_,
                      fmt::format("found both {} and {}, expected one of them",
                                  in_quotes(first.key), in_quotes(item.key)));
    else
      findings_.error(item.key_at, path_,
                      fmt::format("found the key {} a second time, expected it once: the first is "
                                  "in line {}",
                                  in_quotes(item.key), first.key_at.line));
    return false;
  }

  bool unknown(const Node& item, const ObjectInfo& info) {
    if (!findings_.wanted()) {
      findings_.error(item.key_at, path_, {});
      return false;
    }
    const auto keys = keys_of(info);
    if (is_not_served(item.key) && !equals_ignoring_case(nearest(item.key, keys), item.key)) {
      findings_.error(
          item.key_at, path_,
          fmt::format("found the key {}, which this release does not serve; expected {}",
                      in_quotes(item.key), joined(info)));
      return false;
    }
    findings_.error(item.key_at, path_,
                    fmt::format("found the key {}, expected {}{}", in_quotes(item.key),
                                joined(info), did_you_mean(item.key, keys)));
    return false;
  }

  bool is_not_served(std::string_view key) const {
    const auto here = without_indices(path_);
    return std::any_of(not_served_.begin(), not_served_.end(), [&](std::string_view entry) {
      const auto dot = entry.rfind('.');
      const bool top = dot == std::string_view::npos;
      return here == (top ? "" : entry.substr(0, dot)) &&
             name_matches(top ? entry : entry.substr(dot + 1), key);
    });
  }

  bool present(const Node& node, const Slot& slot) {
    const auto& field = *slot.field;
    if (!field.required || slot.seen != nullptr) return true;
    auto path = path_.empty() ? std::string(field.name) : fmt::format("{}.{}", path_, field.name);
    const auto other = field.one_name.empty()
                           ? std::string()
                           : fmt::format(", or {} for one", in_quotes(field.one_name));
    findings_.error(node.at.line > 0 ? node.at : Position{1, 1, node.at.source}, path,
                    fmt::format("found no such key, expected {}{}: it is required",
                                expectation(field, *field.type), other));
    return false;
  }

  // Of the fields that say the same word in `one_of` exactly one is there.
  bool alternatives(const Node& node, std::span<const Slot> slots) {
    bool good = true;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const auto word = slots[i].field->one_of;
      const auto same = [&](const Slot& slot) { return slot.field->one_of == word; };
      if (word.empty() || std::ranges::any_of(slots.first(i), same)) continue;
      good = exactly_one(node, slots, word) && good;
    }
    return good;
  }

  bool exactly_one(const Node& node, std::span<const Slot> slots, std::string_view word) {
    std::string all;
    std::vector<const Node*> written;
    for (const auto& slot : slots) {
      if (slot.field->one_of != word) continue;
      all += (all.empty() ? "" : ", ") + in_quotes(slot.field->name);
      if (slot.seen != nullptr) written.push_back(slot.seen);
    }
    if (written.size() == 1) return true;
    if (written.empty()) {
      findings_.error(node.at.line > 0 ? node.at : Position{1, 1, node.at.source}, path_,
                      fmt::format("found none of {}, expected exactly one of them", all));
      return false;
    }
    std::ranges::sort(written, {}, [](const Node* item) { return item->key_at; });
    findings_.error(written[1]->key_at, path_,
                    fmt::format("found both {} and {}, expected exactly one of {}",
                                in_quotes(written[0]->key), in_quotes(written[1]->key), all));
    return false;
  }

  static std::string joined(const ObjectInfo& info) {
    std::string text;
    for (const auto key : keys_of(info)) {
      if (!text.empty()) text += ", ";
      text += key;
    }
    return text;
  }

  NotServed not_served_;
  const SecretSource& secrets_;
  Findings& findings_;
  std::string path_;
};

}  // namespace

std::string expectation(const FieldInfo& field, const Type& type) {
  const auto bounds = bounds_of(field, type);
  switch (type.kind) {
    case Kind::boolean:
      return "true or false";
    case Kind::integer:
      return within("a whole number", type.kind, bounds);
    case Kind::number:
      return within("a number", type.kind, bounds);
    case Kind::text:
      return "text";
    case Kind::duration:
      return within("a duration such as 1m30s", type.kind, bounds);
    case Kind::size:
      return within("a size such as 16KiB", type.kind, bounds);
    case Kind::percent:
      return within("a share such as 20%", type.kind, bounds);
    case Kind::choice:
      return one_of(type.choices);
    case Kind::parsed:
      return std::string(type.expected);
    case Kind::secret:
      return std::string(SecretName::kExpected);
    case Kind::object:
      return "a map";
    case Kind::list:
      return list_expectation(field, "a list", "element");
    case Kind::map:
      return list_expectation(field, "a map", "key");
    case Kind::optional:
      return expectation(field, *type.inner) + (field.off ? ", or off" : "");
    case Kind::located:
      return expectation(field, *type.inner);
    case Kind::word_or_map:
      return expectation(field, *type.word) + ", or a map";
  }
  return {};
}

std::vector<std::string_view> keys_of(const ObjectInfo& object) {
  std::vector<std::string_view> keys;
  for (const auto& field : object.fields) {
    if (field.flat) {
      const auto more = keys_of(*field.type->object);
      keys.insert(keys.end(), more.begin(), more.end());
      continue;
    }
    keys.push_back(field.name);
    if (!field.one_name.empty()) keys.push_back(field.one_name);
  }
  return keys;
}

void decode(const Node& node, const Type& type, void* value, NotServed not_served,
            const SecretSource& secrets, Findings& findings) {
  static constexpr FieldInfo kAny{};
  Decoder(not_served, secrets, findings).value(node, kAny, type, value);
}

}  // namespace penstock::schema
