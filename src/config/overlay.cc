#include "config/overlay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
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

// The key of an object's id; empty if it has none.
std::string_view id_key(const schema::ObjectInfo& object) {
  for (const auto& field : object.fields) {
    if (field.id) return field.name;
    if (!field.flat) continue;
    if (const auto within = id_key(*field.type->object); !within.empty()) return within;
  }
  return {};
}

// What a value of the type is in the end: an object, a list, a map of free keys, or no matter what.
// nullptr is the type of what has none, since its key is not known.
const Type* essence(const Type* type) {
  using schema::Kind;
  while (type != nullptr && type->kind != Kind::list && type->kind != Kind::map &&
         type->inner != nullptr)
    type = type->inner;
  return type;
}

// Whether two keys of an object never stand together: two spellings of one field, or fields of
// which exactly one is written.
bool exclude_one_another(const FieldInfo& field, std::string_view key, const FieldInfo& other,
                         std::string_view other_key) {
  if (&field == &other) return key != other_key;
  return !field.one_of.empty() && field.one_of == other.one_of;
}

class Overlay {
 public:
  explicit Overlay(schema::Findings& findings) : findings_(findings) {}

  void lay(Node& base, Node over, const Type* type) {
    type = essence(type);
    if (base.kind == Node::Kind::map && over.kind == Node::Kind::map)
      return members(base, std::move(over), type);
    if (base.kind == Node::Kind::list && over.kind == Node::Kind::list)
      if (const auto key = id_key(type); !key.empty())
        return elements(base, std::move(over), type->inner, key);
    base = std::move(over);
  }

 private:
  // What comes of a member of the base.
  enum class Fate : std::uint8_t { kept, laid_on, gone };
  using Fates = std::vector<Fate>;
  using Places = std::unordered_map<std::string, std::size_t>;  // Of keys or ids, in the base.

  // The key that tells the objects of a list apart; empty if there is none.
  static std::string_view id_key(const Type* type) {
    if (type == nullptr || type->kind != schema::Kind::list) return {};
    const auto* const element = essence(type->inner);
    return element->object == nullptr ? std::string_view() : penstock::id_key(*element->object);
  }

  void members(Node& base, Node over, const Type* type) {
    Places places;
    for (std::size_t i = 0; i < base.items.size(); ++i) places.try_emplace(base.items[i].key, i);
    Fates fates(base.items.size(), Fate::kept);
    std::unordered_map<std::string, std::size_t> seen;  // Line of each of the overlay's keys.
    for (auto& item : over.items) {
      const auto length = path_.size();
      path_ += (length > 0 ? "." : "") + item.key;
      const auto [first, added] = seen.try_emplace(item.key, item.key_at.line);
      if (added)
        member(base, places, fates, std::move(item), type);
      else
        findings_.error(item.key_at, path_,
                        fmt::format("found the key {} a second time, expected it once: the first "
                                    "is in line {}",
                                    schema::in_quotes(item.key), first->second));
      path_.resize(length);
    }
    drop(base.items, fates);
  }

  void member(Node& base, const Places& places, Fates& fates, Node item, const Type* type) {
    const bool free = type != nullptr && type->kind == schema::Kind::map;
    const auto* const object = type == nullptr ? nullptr : type->object;
    const auto* const field = object == nullptr ? nullptr : field_named(*object, item.key);
    if (const auto same = places.find(item.key); same != places.end()) {
      auto& fate = fates[same->second];
      fate = item.kind == Node::Kind::nothing ? Fate::gone : Fate::laid_on;
      if (fate == Fate::gone) return;
      const auto* const of_member = free ? type->inner : field == nullptr ? nullptr : field->type;
      return lay(base.items[same->second], std::move(item), of_member);
    }
    // `methods: [GET, PUT]` takes the place of `method: GET`, and `split` of `upstreamService`.
    for (std::size_t i = 0; field != nullptr && i < fates.size(); ++i) {
      const auto& known = base.items[i].key;
      const auto* const other = field_named(*object, known);
      if (other == nullptr || !exclude_one_another(*field, item.key, *other, known)) continue;
      if (fates[i] == Fate::kept) fates[i] = Fate::gone;
    }
    base.items.push_back(std::move(item));
  }

  // Removes what is gone; what was added after the base's own items stays.
  static void drop(std::vector<Node>& items, const Fates& fates) {
    if (std::find(fates.begin(), fates.end(), Fate::gone) == fates.end()) return;
    std::vector<Node> kept;
    for (std::size_t i = 0; i < items.size(); ++i)
      if (i >= fates.size() || fates[i] != Fate::gone) kept.push_back(std::move(items[i]));
    items = std::move(kept);
  }

  void elements(Node& base, Node over, const Type* type, std::string_view key) {
    Places known;
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
          lay(base.items[found->second], std::move(item), type);
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
