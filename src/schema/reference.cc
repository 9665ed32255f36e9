#include "schema/reference.h"

#include <fmt/format.h>

#include <vector>

#include "schema/decode.h"

namespace penstock::schema {
namespace {

std::string show(const FieldInfo& field, const Type& type, const void* value) {
  switch (type.kind) {
    case Kind::boolean:
      return type.load(value) != 0 ? "true" : "false";
    case Kind::integer:
      return std::to_string(type.load(value));
    case Kind::number:
      return fmt::format("{}", *static_cast<const double*>(value));
    case Kind::text:
      return *static_cast<const std::string*>(value);
    case Kind::duration:
      return penstock::to_text(Duration(type.load(value)));
    case Kind::size:
      return penstock::to_text(ByteSize{static_cast<std::uint64_t>(type.load(value))});
    case Kind::percent:
      return fmt::format("{}%", static_cast<const Percent*>(value)->percent);
    case Kind::choice:
      for (const auto& choice : type.choices)
        if (choice.value == type.load(value)) return std::string(choice.name);
      return {};
    case Kind::parsed:
      return type.show(value);
    case Kind::object:
    case Kind::secret:
      return {};
    case Kind::optional:
      if (type.count(value) == 0) return field.off ? "off" : "";
      return show(field, *type.inner, type.at(value, 0));
    case Kind::located:
      return show(field, *type.inner, type.at(value, 0));
    case Kind::word_or_map:
      return type.count(value) == 0 ? "" : show(field, *type.word, type.at(value, 0));
    case Kind::map:
      return {};
    case Kind::list:
      break;
  }
  std::string text;
  for (std::size_t i = 0; i < type.count(value); ++i)
    text += (i == 0 ? "" : ", ") + show(field, *type.inner, type.at(value, i));
  return text.empty() ? text : '[' + text + ']';
}

// A pipe would end the table's cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string code(std::string_view text) {
  return text.empty() ? std::string() : fmt::format("`{}`", cell(text));
}

// What may be written: for a list, of each element.
std::string kind_text(const FieldInfo& field, const Type& type) {
  if (type.kind == Kind::optional) {
    const auto inner = kind_text(field, *type.inner);
    return field.off ? inner + ", or `off`" : inner;
  }
  if (type.kind == Kind::located) return kind_text(field, *type.inner);
  if (type.kind == Kind::object) return "map, see below";
  if (type.kind == Kind::list) {
    if (field.alone) return kind_text(field, *type.inner) + "; or a list of such";
    if (type.inner->kind == Kind::word_or_map) return "list of: " + kind_text(field, *type.inner);
    if (innermost(type).kind == Kind::object) return "list of maps, see below";
    return "list of " + kind_text(field, *type.inner);
  }
  if (type.kind == Kind::map) {
    if (type.inner->kind == Kind::object) return "map of names to maps, see below";
    return "map of names, to each: " + kind_text(field, *type.inner);
  }
  if (type.kind == Kind::word_or_map) return kind_text(field, *type.word) + ", or a map, see below";
  return cell(expectation(field, type));
}

std::string row(const Described& described) {
  const auto& field = *described.field;
  auto name = code(field.name);
  if (!field.one_name.empty()) name += fmt::format(" (or {} for one)", code(field.one_name));
  const auto standard = field.required         ? "required"
                        : field.one_of.empty() ? code(default_text(*described.object, field))
                                               : "exactly one of these";
  return fmt::format("| {} | {} | {} | {}{} |\n", name, kind_text(field, *field.type), standard,
                     cell(field.doc), field.restart ? " *A change needs a restart.*" : "");
}

// What a path says between a field's name and the keys within it.
std::string step_into(const Type& type) {
  if (type.kind == Kind::list) return "[]";
  if (type.kind == Kind::map) return ".*";
  return type.inner == nullptr ? "" : step_into(*type.inner);
}

void write(const ObjectInfo& object, const std::string& title, int level, std::string& out) {
  if (!out.empty()) out += '\n';
  out += fmt::format("{} {}\n\n", std::string(static_cast<std::size_t>(level), '#'), title);
  out += "| Key | Value | Default | Meaning |\n|---|---|---|---|\n";
  const auto fields = fields_of(object);
  for (const auto& described : fields) out += row(described);
  for (const auto& [owner, field] : fields) {
    const auto& type = innermost(*field->type);
    if (type.kind != Kind::object) continue;
    const auto inner = std::string(field->name) + step_into(*field->type);
    const bool top = title.empty() || title[0] != '`';
    const auto path = top ? inner : title.substr(1, title.size() - 2) + '.' + inner;
    write(*type.object, '`' + path + '`', top ? level + 1 : level, out);
  }
}

}  // namespace

std::vector<Described> fields_of(const ObjectInfo& object) {
  std::vector<Described> all;
  for (const auto& field : object.fields) {
    if (!field.flat) {
      all.push_back({&object, &field});
      continue;
    }
    const auto more = fields_of(*field.type->object);
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

const Type& innermost(const Type& type) {
  return type.inner == nullptr ? type : innermost(*type.inner);
}

std::string default_text(const ObjectInfo& object, const FieldInfo& field) {
  return show(field, *field.type, field.read(object.defaults()));
}

std::string reference(const Type& type, std::string_view title, int level) {
  std::string out;
  write(*type.object, std::string(title), level, out);
  return out;
}

}  // namespace penstock::schema
