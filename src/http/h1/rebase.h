#pragma once

#include <string_view>

#include "base/arena.h"
#include "http/message.h"

namespace penstock::http::h1 {

// Moves a head that was parsed in passing bytes to the arena: copies `bytes`, which its views are
// of, and points the views at the copy.
template <class Head>
void move_to_arena(Head& head, std::string_view bytes, Arena& arena) {
  const auto copy = arena.copy(bytes);
  const auto move = [&](std::string_view& view) {
    if (view.data() < bytes.data() || view.data() > bytes.data() + bytes.size()) return;
    view = {copy.data() + (view.data() - bytes.data()), view.size()};
  };
  if constexpr (requires { head.target; }) {
    move(head.method_text);
    move(head.target);
    move(head.authority);
  } else {
    move(head.phrase);
  }
  for (auto& field : head.fields.all()) {
    move(field.name);
    move(field.value);
  }
}

}  // namespace penstock::http::h1
