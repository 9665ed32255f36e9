#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/duration.h"
#include "schema/position.h"
#include "schema/secret.h"

// What a config value's C++ type can do, without the type: one constant table per type, made by the
// compiler, so that parser, checks, JSON Schema and reference are ordinary functions over tables.
namespace penstock::schema {

// Two ways to write one thing: a word, or a map where a word does not say enough:
// `stickyBy: ip`, `stickyBy: { header: X-Bucket }`. Exactly one of the two is set once it was read.
template <class Word, class Map>
struct WordOrMap {
  std::optional<Word> word;
  std::optional<Map> map;
};

// A map whose keys are its writer's own, in the order in which they were written.
template <class T>
struct Map {
  struct Entry {
    Located<std::string> key;
    T value{};
  };
  std::vector<Entry> entries;
};

// A share in percent: `20%`.
struct Percent {
  double percent = 0;
  constexpr double share() const { return percent / 100; }
  friend constexpr bool operator==(Percent, Percent) = default;
};

// One name of an enum. An enum that stands in the config has beside it
// `constexpr auto schema_choices(Io) { return std::array{schema::choice("auto", Io::automatic)};
// }`.
struct Choice {
  std::string_view name = {};
  std::int64_t value = 0;
};
template <class E>
constexpr Choice choice(std::string_view name, E value) {
  return {name, static_cast<std::int64_t>(value)};
}

enum class Kind : std::uint8_t {
  boolean,
  integer,
  number,
  text,
  duration,
  size,
  percent,
  choice,
  parsed,  // Text with a grammar of its own: see ParsedText.
  secret,  // A Secret, of which the document holds only the name.
  object,
  list,
  map,  // Of free keys, each with an `inner`.
  optional,
  located,
  word_or_map,  // `word` is the one type, `inner`, an object, the other.
};

// A type that reads itself: `parse` gives nullopt for what it refuses, `kExpected` finishes the
// sentence "expected ...", `kPattern` is the regular expression for the JSON Schema.
template <class T>
concept ParsedText = requires(const T& value, std::string_view text) {
  { T::parse(text) } -> std::same_as<std::optional<T>>;
  { value.to_text() } -> std::same_as<std::string>;
  { T::kExpected } -> std::convertible_to<std::string_view>;
  { T::kPattern } -> std::convertible_to<std::string_view>;
};

struct ObjectInfo;

// Which members are set depends on `kind`. The functions take a pointer to a value of the type.
struct Type {
  Kind kind = Kind::text;
  // boolean, integer, duration (ns), size (bytes), choice.
  std::int64_t (*load)(const void* value) = nullptr;
  void (*store)(void* value, std::int64_t number) = nullptr;
  std::int64_t lowest = 0;
  std::int64_t highest = std::numeric_limits<std::int64_t>::max();
  std::span<const Choice> choices = {};
  // parsed.
  bool (*parse)(void* value, std::string_view text) = nullptr;
  std::string (*show)(const void* value) = nullptr;
  std::string_view expected = {};
  std::string_view pattern = {};
  // list, map: a new last element. optional: the value, made. located: the value.
  const Type* inner = nullptr;
  void* (*open)(void* value) = nullptr;
  void (*clear)(void* value) = nullptr;  // list, map: its defaults, before it is filled.
  std::size_t (*count)(const void* value) = nullptr;
  const void* (*at)(const void* value, std::size_t index) = nullptr;
  Position* (*position)(void* value) = nullptr;
  Located<std::string>* (*last_key)(void* value) = nullptr;  // map: of its last element.
  // word_or_map: the word, made; `open` makes the map.
  const Type* word = nullptr;
  void* (*open_word)(void* value) = nullptr;
  // object.
  const ObjectInfo* object = nullptr;
};

namespace detail {
template <class T>
constexpr Type type_of();
}

template <class T>
inline constexpr Type kType = detail::type_of<T>();

namespace detail {

template <class T>
constexpr bool kIsOptional = false;
template <class T>
constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
constexpr bool kIsList = false;
template <class T>
constexpr bool kIsList<std::vector<T>> = true;
template <class T>
constexpr bool kIsMap = false;
template <class T>
constexpr bool kIsMap<Map<T>> = true;
template <class T>
constexpr bool kIsLocated = false;
template <class T>
constexpr bool kIsLocated<Located<T>> = true;
template <class T>
constexpr bool kIsWordOrMap = false;
template <class Word, class Map>
constexpr bool kIsWordOrMap<WordOrMap<Word, Map>> = true;

template <class T>
constexpr const T& as(const void* value) {
  return *static_cast<const T*>(value);
}
template <class T>
constexpr T& as(void* value) {
  return *static_cast<T*>(value);
}

template <class T>
constexpr Type whole(Kind kind) {
  Type type{.kind = kind};
  type.load = [](const void* value) { return static_cast<std::int64_t>(as<T>(value)); };
  type.store = [](void* value, std::int64_t number) { as<T>(value) = static_cast<T>(number); };
  return type;
}

template <class T>
constexpr Type integer() {
  auto type = whole<T>(Kind::integer);
  if constexpr (sizeof(T) < sizeof(std::int64_t) || std::is_signed_v<T>) {
    type.lowest = std::numeric_limits<T>::min();
    type.highest = std::numeric_limits<T>::max();
  }
  return type;
}

constexpr Type duration() {
  Type type{.kind = Kind::duration};
  type.load = [](const void* value) -> std::int64_t { return as<Duration>(value).count(); };
  type.store = [](void* value, std::int64_t number) { as<Duration>(value) = Duration(number); };
  return type;
}

constexpr Type size() {
  Type type{.kind = Kind::size};
  type.load = [](const void* value) {
    return static_cast<std::int64_t>(as<ByteSize>(value).bytes);
  };
  type.store = [](void* value, std::int64_t number) {
    as<ByteSize>(value).bytes = static_cast<std::uint64_t>(number);
  };
  return type;
}

template <class E>
inline constexpr auto kChoices = schema_choices(E{});

template <class E>
constexpr Type enumeration() {
  auto type = whole<E>(Kind::choice);
  type.choices = kChoices<E>;
  return type;
}

template <class T>
constexpr Type parsed() {
  Type type{.kind = Kind::parsed};
  type.parse = [](void* value, std::string_view text) {
    auto result = T::parse(text);
    if (!result) return false;
    as<T>(value) = *std::move(result);
    return true;
  };
  type.show = [](const void* value) { return as<T>(value).to_text(); };
  type.expected = T::kExpected;
  type.pattern = T::kPattern;
  return type;
}

template <class T>
constexpr Type list() {
  using List = std::vector<T>;
  Type type{.kind = Kind::list, .inner = &kType<T>};
  type.open = [](void* value) -> void* { return &as<List>(value).emplace_back(); };
  type.clear = [](void* value) { as<List>(value).clear(); };
  type.count = [](const void* value) { return as<List>(value).size(); };
  type.at = [](const void* value, std::size_t index) -> const void* {
    return &as<List>(value)[index];
  };
  return type;
}

template <class T>
constexpr Type map() {
  using Free = Map<T>;
  Type type{.kind = Kind::map, .inner = &kType<T>};
  type.open = [](void* value) -> void* { return &as<Free>(value).entries.emplace_back().value; };
  type.clear = [](void* value) { as<Free>(value).entries.clear(); };
  type.count = [](const void* value) { return as<Free>(value).entries.size(); };
  type.at = [](const void* value, std::size_t index) -> const void* {
    return &as<Free>(value).entries[index].value;
  };
  type.last_key = [](void* value) { return &as<Free>(value).entries.back().key; };
  return type;
}

template <class T>
constexpr Type optional() {
  using Optional = std::optional<T>;
  Type type{.kind = Kind::optional, .inner = &kType<T>};
  type.open = [](void* value) -> void* { return &as<Optional>(value).emplace(); };
  type.count = [](const void* value) -> std::size_t { return as<Optional>(value) ? 1 : 0; };
  type.at = [](const void* value, std::size_t) -> const void* { return &*as<Optional>(value); };
  return type;
}

template <class T>
constexpr Type located() {
  Type type{.kind = Kind::located, .inner = &kType<T>};
  type.open = [](void* value) -> void* { return &as<Located<T>>(value).value; };
  type.at = [](const void* value, std::size_t) -> const void* {
    return &as<Located<T>>(value).value;
  };
  type.position = [](void* value) { return &as<Located<T>>(value).at; };
  return type;
}

template <class T>
constexpr Type word_or_map() {
  using Word = typename decltype(T::word)::value_type;
  using Map = typename decltype(T::map)::value_type;
  Type type{.kind = Kind::word_or_map, .inner = &kType<Map>};
  type.open = [](void* value) -> void* {
    as<T>(value).word.reset();
    return &as<T>(value).map.emplace();
  };
  type.word = &kType<Word>;
  type.open_word = [](void* value) -> void* {
    as<T>(value).map.reset();
    return &as<T>(value).word.emplace();
  };
  type.count = [](const void* value) -> std::size_t { return as<T>(value).word ? 1 : 0; };
  type.at = [](const void* value, std::size_t) -> const void* { return &*as<T>(value).word; };
  return type;
}

template <class T>
constexpr Type object();  // describe.h

template <class T>
constexpr Type type_of() {
  if constexpr (std::is_same_v<T, bool>)
    return whole<bool>(Kind::boolean);
  else if constexpr (std::integral<T>)
    return integer<T>();
  else if constexpr (std::is_same_v<T, double>)
    return Type{.kind = Kind::number};
  else if constexpr (std::is_same_v<T, std::string>)
    return Type{.kind = Kind::text};
  else if constexpr (std::is_same_v<T, Duration>)
    return duration();
  else if constexpr (std::is_same_v<T, ByteSize>)
    return size();
  else if constexpr (std::is_same_v<T, Percent>)
    return Type{.kind = Kind::percent};
  else if constexpr (std::is_same_v<T, Secret>)
    return Type{.kind = Kind::secret};
  else if constexpr (std::is_enum_v<T>)
    return enumeration<T>();
  else if constexpr (kIsList<T>)
    return list<typename T::value_type>();
  else if constexpr (kIsMap<T>)
    return map<decltype(T::Entry::value)>();
  else if constexpr (kIsOptional<T>)
    return optional<typename T::value_type>();
  else if constexpr (kIsLocated<T>)
    return located<decltype(T::value)>();
  else if constexpr (kIsWordOrMap<T>)
    return word_or_map<T>();
  else if constexpr (ParsedText<T>)
    return parsed<T>();
  else
    return object<T>();
}

}  // namespace detail
}  // namespace penstock::schema
