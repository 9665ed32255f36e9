#include "schema/restart.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

namespace penstock::schema {
namespace {

bool equal(const Type& type, const void* a, const void* b);

bool equal_objects(const ObjectInfo& object, const void* a, const void* b) {
  return std::ranges::all_of(object.fields, [&](const FieldInfo& field) {
    return equal(*field.type, field.read(a), field.read(b));
  });
}

bool equal_elements(const Type& type, const void* a, const void* b) {
  if (type.count(a) != type.count(b)) return false;
  for (std::size_t i = 0; i < type.count(a); ++i)
    if (!equal(*type.inner, type.at(a, i), type.at(b, i))) return false;
  return true;
}

bool equal(const Type& type, const void* a, const void* b) {
  switch (type.kind) {
    case Kind::boolean:
    case Kind::integer:
    case Kind::duration:
    case Kind::size:
    case Kind::choice:
      return type.load(a) == type.load(b);
    case Kind::number:
      return *static_cast<const double*>(a) == *static_cast<const double*>(b);
    case Kind::percent:
      return *static_cast<const Percent*>(a) == *static_cast<const Percent*>(b);
    case Kind::text:
      return *static_cast<const std::string*>(a) == *static_cast<const std::string*>(b);
    case Kind::parsed:
      return type.show(a) == type.show(b);
    case Kind::secret:
      return *static_cast<const Secret*>(a) == *static_cast<const Secret*>(b);
    case Kind::object:
      return equal_objects(*type.object, a, b);
    case Kind::located:
      return equal(*type.inner, type.at(a, 0), type.at(b, 0));
    case Kind::optional:
    case Kind::list:
      return equal_elements(type, a, b);
    case Kind::map:          // The keys of these two cannot be looked at, and nothing that needs a
    case Kind::word_or_map:  // restart has any.
      break;
  }
  return false;
}

// The text by which a list's object is told apart; empty where there is none.
std::string_view id_of(const ObjectInfo& object, const void* value) {
  for (const auto& field : object.fields) {
    if (!field.id) continue;
    const auto* type = field.type;
    const auto* text = field.read(value);
    while (type->kind == Kind::located) {
      text = type->at(text, 0);
      type = type->inner;
    }
    return *static_cast<const std::string*>(text);
  }
  return {};
}

class Comparison {
 public:
  void objects(const ObjectInfo& object, const std::string& path, const void* running,
               const void* wanted) {
    for (const auto& field : object.fields) {
      const auto inner = field.flat     ? path
                         : path.empty() ? std::string(field.name)
                                        : fmt::format("{}.{}", path, field.name);
      compare(field, inner, field.read(running), field.read(wanted));
    }
  }

  std::vector<std::string> take() { return std::move(paths_); }

 private:
  void compare(const FieldInfo& field, const std::string& path, const void* running,
               const void* wanted) {
    const auto& type = *field.type;
    if (field.restart) {
      if (!equal(type, running, wanted)) paths_.push_back(path);
    } else if (type.kind == Kind::object) {
      objects(*type.object, path, running, wanted);
    } else if (type.kind == Kind::list && type.inner->kind == Kind::object) {
      lists(type, path, running, wanted);
    }
  }

  void lists(const Type& type, const std::string& path, const void* running, const void* wanted) {
    const auto& object = *type.inner->object;
    if (!needs_restart(object)) return;
    std::map<std::string_view, const void*> left;
    for (std::size_t i = 0; i < type.count(running); ++i)
      left.emplace(id_of(object, type.at(running, i)), type.at(running, i));
    for (std::size_t i = 0; i < type.count(wanted); ++i) {
      const auto* const element = type.at(wanted, i);
      const auto id = id_of(object, element);
      const auto name = fmt::format("{}[{}]", path, id);
      const auto found = left.find(id);
      if (found == left.end()) {
        paths_.push_back(name);
        continue;
      }
      objects(object, name, found->second, element);
      left.erase(found);
    }
    for (const auto& [id, element] : left) paths_.push_back(fmt::format("{}[{}]", path, id));
  }

  static bool needs_restart(const ObjectInfo& object) {
    return std::ranges::any_of(object.fields, [](const FieldInfo& field) {
      return field.restart ||
             (field.type->kind == Kind::object && needs_restart(*field.type->object));
    });
  }

  std::vector<std::string> paths_;
};

}  // namespace

std::vector<std::string> waiting_for_restart(const Type& type, const void* running,
                                             const void* wanted) {
  Comparison comparison;
  comparison.objects(*type.object, {}, running, wanted);
  return comparison.take();
}

}  // namespace penstock::schema
