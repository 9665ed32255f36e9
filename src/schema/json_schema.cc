#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/decode.h"
#include "schema/reference.h"

namespace penstock::schema {
namespace {

using Json = nlohmann::ordered_json;

Json schema_of(const FieldInfo& field, const Type& type);

// What is no text may come from a variable.
Json or_variable(Json schema) {
  return {{"anyOf", Json::array({std::move(schema), {{"$ref", "#/$defs/variable"}}})}};
}

Json text_like(std::string_view pattern) {
  return {{"type", "string"}, {"pattern", pattern}};
}

Json number_schema(const FieldInfo& field, const Type& type) {
  Json schema{{"type", type.kind == Kind::integer ? "integer" : "number"}};
  const auto low = field.bounded ? field.low : type.lowest;
  const auto high = field.bounded ? field.high : type.highest;
  if (type.kind == Kind::integer || field.bounded) schema["minimum"] = low;
  if (high < std::numeric_limits<std::int64_t>::max()) schema["maximum"] = high;
  return or_variable(std::move(schema));
}

Json choice_schema(const Type& type) {
  Json names = Json::array();
  for (const auto& choice : type.choices) names.push_back(choice.name);
  return or_variable({{"enum", std::move(names)}});
}

// Of the fields that say the same word in `one_of` exactly one is there.
std::vector<Json> alternatives(const ObjectInfo& object) {
  std::map<std::string_view, Json> each;
  for (const auto& [owner, field] : fields_of(object))
    if (!field->one_of.empty()) each[field->one_of].push_back({{"required", {field->name}}});
  std::vector<Json> rules;
  for (auto& [word, choices] : each) rules.push_back({{"oneOf", std::move(choices)}});
  return rules;
}

Json object_schema(const ObjectInfo& object) {
  Json properties = Json::object();
  Json required = Json::array();
  Json rules = Json::array();
  for (const auto& [owner, field] : fields_of(object)) {
    const std::string name(field->name);
    const std::string one(field->one_name);
    properties[name] = schema_of(*field, *field->type);
    properties[name]["description"] = field->doc;
    if (one.empty()) {
      if (field->required) required.push_back(name);
      continue;
    }
    properties[one] = schema_of(*field, *field->type->inner);
    properties[one]["description"] = fmt::format("One of `{}`.", name);
    const Json each = Json::array({{{"required", {name}}}, {{"required", {one}}}});
    if (field->required)
      rules.push_back({{"oneOf", each}});
    else
      rules.push_back({{"not", {{"required", {name, one}}}}});
  }
  for (const auto& rule : alternatives(object)) rules.push_back(rule);
  Json schema{{"type", "object"}, {"additionalProperties", false}};
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  if (!rules.empty()) schema["allOf"] = std::move(rules);
  return schema;
}

Json list_schema(const FieldInfo& field, const Type& type) {
  Json schema{{"type", "array"}, {"items", schema_of(field, *type.inner)}};
  if (field.least > 0) schema["minItems"] = field.least;
  if (field.most < FieldInfo::kMostElements) schema["maxItems"] = field.most;
  if (!field.alone) return schema;
  return {{"anyOf", Json::array({schema_of(field, *type.inner), std::move(schema)})}};
}

Json map_schema(const FieldInfo& field, const Type& type) {
  Json schema{{"type", "object"}, {"additionalProperties", schema_of(field, *type.inner)}};
  if (field.least > 0) schema["minProperties"] = field.least;
  if (field.most < FieldInfo::kMostElements) schema["maxProperties"] = field.most;
  return schema;
}

Json schema_of(const FieldInfo& field, const Type& type) {
  switch (type.kind) {
    case Kind::boolean:
      return or_variable({{"type", "boolean"}});
    case Kind::integer:
    case Kind::number:
      return number_schema(field, type);
    case Kind::text:
      return {{"type", {"string", "number", "boolean"}}};
    case Kind::duration:
      return or_variable(text_like("^([0-9]+(\\.[0-9]+)?(d|h|m|s|ms|us|ns))+$"));
    case Kind::size:
      return or_variable(text_like("^[0-9]+(\\.[0-9]+)?(B|kB|MB|GB|KiB|MiB|GiB)$"));
    case Kind::percent:
      return or_variable(text_like("^[0-9]+(\\.[0-9]+)?%$"));
    case Kind::choice:
      return choice_schema(type);
    case Kind::parsed:
      return or_variable({{"type", {"string", "integer"}}, {"pattern", type.pattern}});
    case Kind::secret:
      return text_like(SecretName::kPattern);
    case Kind::object:
      return object_schema(*type.object);
    case Kind::list:
      return list_schema(field, type);
    case Kind::map:
      return map_schema(field, type);
    case Kind::located:
      return schema_of(field, *type.inner);
    case Kind::word_or_map:
      return {
          {"anyOf", Json::array({schema_of(field, *type.word), schema_of(field, *type.inner)})}};
    case Kind::optional:
      break;
  }
  auto schema = schema_of(field, *type.inner);
  if (!field.off) return schema;
  return {{"anyOf", Json::array({std::move(schema), {{"const", "off"}}})}};
}

}  // namespace

std::string json_schema(const Type& type, std::string_view title) {
  Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", title}};
  schema.update(object_schema(*type.object));
  schema["$defs"] = {{"variable", text_like("\\$\\{")}};
  return schema.dump(2) + '\n';
}

}  // namespace penstock::schema
