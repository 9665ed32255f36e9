#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

#include "schema/type.h"

// The only place a config field is declared: a config struct's `describe()` names its fields, and
// from that come its parser and checks (decode.h), its JSON Schema (json_schema.h) and its table in
// the reference (reference.h).
namespace penstock::schema {

// A bound of a range, in the field's own unit: a number, a duration (held in ns), a size in bytes.
struct Bound {
  std::int64_t value;
  constexpr Bound(std::integral auto number) : value(static_cast<std::int64_t>(number)) {}
  template <class Rep, class Period>
  constexpr Bound(std::chrono::duration<Rep, Period> length) : value(Duration(length).count()) {}
  constexpr Bound(ByteSize size) : value(static_cast<std::int64_t>(size.bytes)) {}
};

struct FieldInfo {
  std::string_view name = {};
  std::string_view doc = {};       // One or more sentences for the reference.
  std::string_view one_name = {};  // The spelling for a list of just one.
  std::string_view one_of = {};    // Of the fields with this word exactly one is written.
  bool required = false;
  bool id = false;       // Tells the objects of a list apart, and overlays merge by it.
  bool off = false;      // An optional that may be written `off`.
  bool alone = false;    // A list of one may be written as that one.
  bool flat = false;     // Its keys stand among those of the object that holds it.
  bool restart = false;  // A change waits for the process's next start: see restart.h.
  bool bounded = false;  // Whether low and high were given; else the type's own hold.
  std::int64_t low = 0;  // Of the value, or of each element of a list.
  std::int64_t high = 0;
  std::size_t least = 0;  // Elements of a list or a map.
  std::size_t most = kMostElements;
  const Type* type = nullptr;
  void* (*member)(void* object) = nullptr;
  const void* (*read)(const void* object) = nullptr;

  static constexpr std::size_t kMostElements = 1'000'000;
};

template <class C, class M>
struct Field {
  FieldInfo info;
  M C::* pointer;

  constexpr Field required() const {
    auto field = *this;
    field.info.required = true;
    return field;
  }
  // The text by which the objects of a list are told apart; it is required. Two documents that are
  // laid over one another mean the same object by the same id.
  constexpr Field id() const {
    auto field = required();
    field.info.id = true;
    return field;
  }
  // Both bounds belong to the range.
  constexpr Field range(Bound low, Bound high) const {
    auto field = *this;
    field.info.bounded = true;
    field.info.low = low.value;
    field.info.high = high.value;
    return field;
  }
  // A reload does not take in a change of it; the whole of what it holds.
  constexpr Field restart() const {
    auto field = *this;
    field.info.restart = true;
    return field;
  }
  // Exactly one is written of the object's fields that say the same word here.
  constexpr Field one_of(std::string_view what) const {
    auto field = *this;
    field.info.one_of = what;
    return field;
  }
  // How many elements the list or map may have.
  constexpr Field elements(std::size_t least, std::size_t most) const {
    auto field = *this;
    field.info.least = least;
    field.info.most = most;
    return field;
  }
  // `off` is accepted and leaves the optional empty.
  constexpr Field or_off() const
    requires(detail::kIsOptional<M>)
  {
    auto field = *this;
    field.info.off = true;
    return field;
  }
  // A list of one may be written without the list: `scope: ip` for `scope: [ip]`.
  constexpr Field or_alone() const
    requires(detail::kIsList<M>)
  {
    auto field = *this;
    field.info.alone = true;
    return field;
  }
  // A second spelling for a list of one: `method: GET` for `methods: [GET]`. Never both.
  constexpr Field or_one(std::string_view name) const
    requires(detail::kIsList<M>)
  {
    auto field = *this;
    field.info.one_name = name;
    return field;
  }
};

template <class C, class M>
constexpr Field<C, M> field(std::string_view name, M C::* pointer, std::string_view doc) {
  return {.info = {.name = name, .doc = doc, .type = &kType<M>}, .pointer = pointer};
}

// The keys of the object at `pointer` stand among those of the object that holds it.
template <class C, class M>
constexpr Field<C, M> flat(M C::* pointer) {
  return {.info = {.flat = true, .type = &kType<M>}, .pointer = pointer};
}

template <class... Fields>
struct Object {
  std::tuple<Fields...> fields;
};

template <class... Fields>
constexpr Object<Fields...> object(Fields... fields) {
  return {.fields = {fields...}};
}

// The fields of a base and more: for a config that extends another by deriving from it.
template <class... Base, class... More>
constexpr Object<Base..., More...> extend(const Object<Base...>& base, More... more) {
  return {.fields = std::tuple_cat(base.fields, std::tuple(more...))};
}

// An object's table. `defaults` gives one that holds nothing but its defaults.
struct ObjectInfo {
  std::span<const FieldInfo> fields;
  const void* (*defaults)() = nullptr;
};

namespace detail {

template <class C>
inline constexpr auto kDescription = C::describe();

template <class C, std::size_t I>
void* member_of(void* object) {
  return &(static_cast<C*>(object)->*std::get<I>(kDescription<C>.fields).pointer);
}

template <class C, std::size_t I>
const void* read_of(const void* object) {
  return &(static_cast<const C*>(object)->*std::get<I>(kDescription<C>.fields).pointer);
}

template <class C, std::size_t... I>
constexpr auto fields_of(std::index_sequence<I...>) {
  std::array<FieldInfo, sizeof...(I)> fields{std::get<I>(kDescription<C>.fields).info...};
  ((fields[I].member = &member_of<C, I>), ...);
  ((fields[I].read = &read_of<C, I>), ...);
  return fields;
}

template <class C>
inline constexpr auto kFields =
    fields_of<C>(std::make_index_sequence<std::tuple_size_v<decltype(kDescription<C>.fields)>>());

template <class C>
inline constexpr ObjectInfo kObject{.fields = kFields<C>, .defaults = []() -> const void* {
                                      static const C defaults{};
                                      return &defaults;
                                    }};

template <class T>
constexpr Type object() {
  return {.kind = Kind::object, .object = &kObject<T>};
}

}  // namespace detail
}  // namespace penstock::schema
