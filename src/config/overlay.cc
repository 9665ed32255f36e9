#include "config/overlay.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "schema/describe.h"

namespace penstock {
namespace {

using schema::FieldInfo;
using schema::Node;
using schema::Type;

const FieldInfo* field_named(const schema::ObjectInfo& object, std::string_view key) {
  for (const auto& field : object.fields) {
    if (!field.flat) {
      if (field.name == key || (!field.one_name.empty() && field.one_name == key)) return &field;
    } else if (const auto* const within = field_named(*field.type->object, key)) {
      return within;
    }
  }
  return nullptr;
}

// The key that tells the objects of a list apart; empty if there is none.
std::string_view id_key(const schema::ObjectInfo& object) {
  for (const auto& field : object.fields) {
    if (field.id) return field.name;
    if (!field.flat) continue;
    if (const auto within = id_key(*field.type->object); !within.empty()) return within;
  }
  return {};
}

// The object that a value of the type is, or may be; nullptr for values without keys.
const schema::ObjectInfo* object_of(const Type* type) {
  while (type != nullptr && type->kind != schema::Kind::list && type->inner != nullptr)
    type = type->inner;
  return type == nullptr ? nullptr : type->object;
}

const Type* list_of(const Type* type) {
  while (type != nullptr && type->kind != schema::Kind::list) type = type->inner;
  return type;
}

class Overlay {
 public:
  explicit Overlay(schema::Findings& findings) : findings_(findings) {}

  void lay(Node& base, Node over, const Type* type) {
    if (base.kind == Node::Kind::map && over.kind == Node::Kind::map)
      return members(base, std::move(over), object_of(type));
    if (base.kind == Node::Kind::list && over.kind == Node::Kind::list)
      if (const auto* const list = list_of(type))
        if (const auto* const object = object_of(list->inner))
          if (const auto key = id_key(*object); !key.empty())
            return elements(base, std::move(over), *list->inner, key);
    base = std::move(over);
  }

 private:
  void members(Node& base, Node over, const schema::ObjectInfo* object) {
    std::unordered_map<std::string, std::size_t> seen;  // Line of each of the overlay's keys.
    for (auto& item : over.items) {
      const auto length = path_.size();
      path_ += (length > 0 ? "." : "") + item.key;
      const auto [first, added] = seen.try_emplace(item.key, item.key_at.line);
      if (added)
        member(base, std::move(item), object);
      else
        findings_.error(item.key_at, path_,
                        fmt::format("found the key {} a second time, expected it once: the first "
                                    "is in line {}",
                                    schema::in_quotes(item.key), first->second));
      path_.resize(length);
    }
  }

  void member(Node& base, Node item, const schema::ObjectInfo* object) {
    const auto* const field = object == nullptr ? nullptr : field_named(*object, item.key);
    const auto same = std::find_if(base.items.begin(), base.items.end(),
                                   [&](const Node& known) { return known.key == item.key; });
    if (same != base.items.end()) {
      if (item.kind == Node::Kind::nothing) return void(base.items.erase(same));
      return lay(*same, std::move(item), field == nullptr ? nullptr : field->type);
    }
    if (field != nullptr) drop_other_spelling(base, item.key, *field);
    base.items.push_back(std::move(item));
  }

  // `methods: [GET, PUT]` takes the place of `method: GET`.
  static void drop_other_spelling(Node& base, std::string_view key, const FieldInfo& field) {
    if (field.one_name.empty()) return;
    const auto other = key == field.name ? field.one_name : field.name;
    std::erase_if(base.items, [&](const Node& known) { return known.key == other; });
  }

  void elements(Node& base, Node over, const Type& type, std::string_view key) {
    std::unordered_map<std::string, std::size_t> known;
    for (std::size_t i = 0; i < base.items.size(); ++i)
      if (const auto* const id = id_of(base.items[i], key)) known.try_emplace(id->text, i);
    std::unordered_map<std::string, std::size_t> seen;  // Line of each of the overlay's ids.
    for (std::size_t i = 0; i < over.items.size(); ++i) {
      auto& item = over.items[i];
      const auto* const id = id_of(item, key);
      const auto length = path_.size();
      path_ += fmt::format("[{}]", i);
      if (id == nullptr || is_first(*id, key, seen)) {
        const auto found = id == nullptr ? known.end() : known.find(id->text);
        if (found == known.end())
          base.items.push_back(std::move(item));
        else
          lay(base.items[found->second], std::move(item), &type);
      }
      path_.resize(length);
    }
  }

  bool is_first(const Node& id, std::string_view key,
                std::unordered_map<std::string, std::size_t>& seen) {
    const auto [first, added] = seen.try_emplace(id.text, id.at.line);
    if (!added)
      findings_.error(id.at, fmt::format("{}.{}", path_, key),
                      fmt::format("found {} a second time, expected a {} of its own: the first is "
                                  "in line {}",
                                  schema::in_quotes(id.text), key, first->second));
    return added;
  }

  static const Node* id_of(const Node& node, std::string_view key) {
    for (const auto& item : node.items)
      if (item.key == key && item.kind == Node::Kind::scalar) return &item;
    return nullptr;
  }

  schema::Findings& findings_;
  std::string path_;
};

}  // namespace

void overlay(schema::Node& base, schema::Node over, const schema::Type& type,
             schema::Findings& findings) {
  Overlay(findings).lay(base, std::move(over), &type);
}

}  // namespace penstock
