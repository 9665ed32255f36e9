#include "http/h1/writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/ensure.h"
#include "http/h1/syntax.h"

namespace penstock::http::h1 {
namespace {

#ifdef NDEBUG
constexpr bool kChecked = false;
#else
constexpr bool kChecked = true;
#endif

void check_text(std::string_view text) {
  if constexpr (kChecked) ensure(skip_text(text, 0) == text.size());
}

// Grows once and copies, instead of once for each part.
template <class... Parts>
void append(std::string& out, const Parts&... parts) {
  const std::string_view views[] = {std::string_view(parts)...};
  std::size_t size = 0;
  for (const auto view : views) size += view.size();
  const auto before = out.size();
  if (out.capacity() - before < size) out.reserve(std::max(before + size, out.capacity() * 2));
  out.resize_and_overwrite(before + size, [&](char* data, std::size_t whole) {
    auto* at = data + before;
    for (const auto view : views) {
      if (!view.empty()) std::memcpy(at, view.data(), view.size());
      at += view.size();
    }
    return whole;
  });
}

void append_length(std::string& out, std::uint64_t length) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), length).ptr;
  append_field(out, "Content-Length",
               {digits.data(), static_cast<std::size_t>(end - digits.data())});
}

void append_framing(std::string& out, Framing framing, std::uint64_t length) {
  if (framing == Framing::length) append_length(out, length);
  if (framing == Framing::chunked) append_field(out, "Transfer-Encoding", "chunked");
}

// `option` is empty where there is nothing to say about the connection itself.
void append_connection(std::string& out, std::string_view option, bool lists_te) {
  if (option.empty() && !lists_te) return;
  const auto comma = option.empty() || !lists_te ? std::string_view{} : std::string_view(", ");
  append(out, "Connection: ", option, comma, lists_te ? "TE" : "", "\r\n");
}

bool written_apart(Name name) {
  return name == Name::content_length || name == Name::transfer_encoding ||
         name == Name::connection;
}

// Whether one of the fields is TE.
bool append_fields(std::string& out, const Fields& fields) {
  bool te = false;
  for (const auto& field : fields) {
    if (written_apart(field.id)) continue;
    te |= field.id == Name::te;
    append_field(out, field.name, field.value);
  }
  return te;
}

// The length that a HEAD or 304 answer states without sending that much.
void append_stated_length(std::string& out, const ResponseHead& head) {
  if (head.framing != Framing::none || head.status < 200 || head.status == 204) return;
  if (const auto* length = head.fields.find(Name::content_length); length != nullptr)
    append_field(out, length->name, length->value);
}

std::string_view persistence(const ResponseHead& head, std::uint8_t client_minor_version) {
  if (head.upgrade_websocket) return "upgrade";
  if (head.status < 200) return {};
  if (!head.keep_alive) return "close";
  return client_minor_version == 0 ? "keep-alive" : "";
}

}  // namespace

void append_field(std::string& out, std::string_view name, std::string_view value) {
  if constexpr (kChecked) ensure(is_token(name));
  check_text(value);
  append(out, name, ": ", value, "\r\n");
}

void append_request(std::string& out, const RequestHead& head) {
  if constexpr (kChecked) {
    ensure(is_token(head.method_text) && !head.target.empty());
    ensure(skip_target(head.target, 0) == head.target.size());
    ensure(head.framing != Framing::until_close);
  }
  append(out, head.method_text, " ", head.target, " HTTP/1.1\r\n");
  const bool te = append_fields(out, head.fields);
  append_framing(out, head.framing, head.content_length);
  append_connection(out, head.upgrade_websocket ? "upgrade" : head.keep_alive ? "" : "close", te);
  out += "\r\n";
}

void append_response(std::string& out, const ResponseHead& head,
                     std::uint8_t client_minor_version) {
  ensure(head.status >= 100 && head.status <= 999);
  ensure(head.framing != Framing::chunked || client_minor_version >= 1);
  ensure(head.framing != Framing::until_close || !head.keep_alive);
  const auto phrase = head.phrase.empty() ? phrase_of(head.status) : head.phrase;
  check_text(phrase);
  const char digits[] = {static_cast<char>('0' + head.status / 100),
                         static_cast<char>('0' + head.status / 10 % 10),
                         static_cast<char>('0' + head.status % 10)};
  append(out, "HTTP/1.1 ", std::string_view(digits, 3), " ", phrase, "\r\n");
  append_fields(out, head.fields);
  append_stated_length(out, head);
  append_framing(out, head.framing, head.content_length);
  append_connection(out, persistence(head, client_minor_version), false);
  out += "\r\n";
}

}  // namespace penstock::http::h1
