#pragma once

#include <string>
#include <string_view>

#include "schema/describe.h"

namespace penstock::schema {

// The reference of an object and all objects within it, in Markdown: a heading and a table of
// fields for each. `title` names the outermost; a heading has `level` signs.
std::string reference(const Type& type, std::string_view title, int level);

// A JSON Schema (draft 2020-12) of documents of that type, for editors.
std::string json_schema(const Type& type, std::string_view title);

// The default of a field of `object` as it would be written; empty where there is none to write.
std::string default_text(const ObjectInfo& object, const FieldInfo& field);

// Its keys, those of its flat members included, with what holds them.
struct Described {
  const ObjectInfo* object;
  const FieldInfo* field;
};
std::vector<Described> fields_of(const ObjectInfo& object);

// Without lists, optionals and positions around it.
const Type& innermost(const Type& type);

}  // namespace penstock::schema
