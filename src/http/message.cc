#include "http/message.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include "base/ascii.h"

namespace penstock::http {
namespace {

constexpr std::array<std::string_view, 10> kMethods{
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", ""};

// In the order of `Name`.
constexpr std::array<std::string_view, 48> kNames{
    "",
    "Accept",
    "Accept-Encoding",
    "Authorization",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Date",
    "Expect",
    "Forwarded",
    "Host",
    "Keep-Alive",
    "Max-Forwards",
    "Origin",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "Proxy-Status",
    "Retry-After",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "Server",
    "Set-Cookie",
    "TE",
    "traceparent",
    "tracestate",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "User-Agent",
    "Via",
    "X-Auth-Method",
    "X-Auth-Scopes",
    "X-Consumer-Id",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "X-Request-Id",
    "X-Tenant-Id",
    "X-User-Id",
    "Allow",
    "Content-Encoding",
    "Location",
    "HTTP2-Settings",
};
static_assert(static_cast<std::size_t>(Name::http2_settings) + 1 == kNames.size());

// A hash without collisions over kNames, its multiplier found when this is compiled: a look-up is
// one multiplication and one comparison.
constexpr std::size_t kSlots = 256;
constexpr std::uint32_t slot_of(std::string_view text, std::uint32_t multiplier) {
  const auto at = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]) | 0x20U);
  };
  const auto n = text.size();
  const auto mix = at(0) ^ (at(n - 1) << 7) ^ (at(n / 2) << 14) ^ (at(n * 3 / 4) << 20) ^
                   (static_cast<std::uint32_t>(n) << 26);
  return (mix * multiplier) >> 24;
}

struct Table {
  std::uint32_t multiplier = 0;
  std::array<Name, kSlots> slots{};
};

consteval Table make_table() {
  for (std::uint32_t multiplier = 0x9e3779b1;; multiplier += 2) {
    Table table{multiplier, {}};
    bool collided = false;
    for (std::size_t i = 1; i < kNames.size() && !collided; ++i) {
      auto& slot = table.slots[slot_of(kNames[i], multiplier)];
      collided = slot != Name::other;
      slot = static_cast<Name>(i);
    }
    if (!collided) return table;
  }
}

constexpr Table kTable = make_table();

// A name in lower case, and 0x20 where it has letters: a text is that name, whatever its case, if
// with those bits set it is equal. So eight bytes are compared at once.
struct Folded {
  static constexpr std::size_t kLongest = 24;
  std::array<char, kLongest> text{};
  std::array<char, kLongest> mask{};
};

consteval auto make_folded() {
  std::array<Folded, kNames.size()> all{};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    for (std::size_t j = 0; j < kNames[i].size(); ++j) {
      const char lower = to_lower(kNames[i][j]);
      all[i].text[j] = lower;
      all[i].mask[j] = lower >= 'a' && lower <= 'z' ? 0x20 : 0;
    }
  }
  return all;
}
constexpr auto kFolded = make_folded();

template <class Word>
bool same_word(const Folded& name, std::string_view text, std::size_t at) {
  Word given;
  Word expected;
  Word mask;
  std::memcpy(&given, text.data() + at, sizeof(Word));
  std::memcpy(&expected, name.text.data() + at, sizeof(Word));
  std::memcpy(&mask, name.mask.data() + at, sizeof(Word));
  return static_cast<Word>(given | mask) == expected;
}

// The last word overlaps the one before it. `text` is as long as the name.
template <class Word>
bool same_words(const Folded& name, std::string_view text) {
  const auto last = text.size() - sizeof(Word);
  for (std::size_t at = 0; at < last; at += sizeof(Word))
    if (!same_word<Word>(name, text, at)) return false;
  return same_word<Word>(name, text, last);
}

bool is_name(const Folded& name, std::string_view text) {
  if (text.size() >= 8) return same_words<std::uint64_t>(name, text);
  if (text.size() >= 4) return same_words<std::uint32_t>(name, text);
  return same_words<std::uint8_t>(name, text);
}

struct Phrase {
  std::uint16_t status;
  std::string_view text;
};

// RFC 9110 §15 and the registry, by status.
constexpr Phrase kPhrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {508, "Loop Detected"},
};

static_assert(std::ranges::is_sorted(kPhrases, {}, &Phrase::status));

}  // namespace

Method method_of(std::string_view text) {
  for (std::size_t i = 0; i + 1 < kMethods.size(); ++i)
    if (kMethods[i] == text) return static_cast<Method>(i);
  return Method::other;
}

std::string_view text_of(Method method) {
  return kMethods[static_cast<std::size_t>(method)];
}

Name name_of(std::string_view text) {
  if (text.empty()) return Name::other;
  const auto name = kTable.slots[slot_of(text, kTable.multiplier)];
  const auto i = static_cast<std::size_t>(name);
  return kNames[i].size() == text.size() && is_name(kFolded[i], text) ? name : Name::other;
}

std::string_view text_of(Name name) {
  return kNames[static_cast<std::size_t>(name)];
}

const Field* Fields::find(Name id) const {
  for (const auto& field : list_)
    if (field.id == id) return &field;
  return nullptr;
}

const Field* Fields::find(std::string_view name) const {
  for (const auto& field : list_)
    if (equals_ignoring_case(field.name, name)) return &field;
  return nullptr;
}

const Field* Fields::only(std::string_view name) const {
  const Field* found = nullptr;
  for (const auto& field : list_) {
    if (!equals_ignoring_case(field.name, name)) continue;
    if (found != nullptr) return nullptr;
    found = &field;
  }
  return found;
}

std::size_t Fields::count(Name id) const {
  std::size_t n = 0;
  for (const auto& field : list_) n += field.id == id ? 1 : 0;
  return n;
}

std::size_t Fields::remove(Name id) {
  return remove_if([id](const Field& field) { return field.id == id; });
}

std::size_t Fields::remove(std::string_view name) {
  return remove_if([name](const Field& field) { return equals_ignoring_case(field.name, name); });
}

void RequestHead::clear() {
  fields.clear();
  method = Method::other;
  method_text = target = authority = {};
  minor_version = 1;
  framing = Framing::none;
  content_length = 0;
  keep_alive = true;
  expects_continue = upgrade_websocket = false;
}

std::string_view preflight_method(const RequestHead& request) {
  if (request.method != Method::options || request.fields.count(Name::origin) != 1) return {};
  const auto* const asked = request.fields.only("Access-Control-Request-Method");
  return asked == nullptr ? std::string_view{} : asked->value;
}

void ResponseHead::clear() {
  fields.clear();
  status = 0;
  phrase = {};
  minor_version = 1;
  framing = Framing::none;
  content_length = 0;
  keep_alive = true;
  upgrade_websocket = false;
}

std::string_view phrase_of(std::uint16_t status) {
  const auto* const found = std::lower_bound(
      std::begin(kPhrases), std::end(kPhrases), status,
      [](const Phrase& phrase, std::uint16_t wanted) { return phrase.status < wanted; });
  if (found == std::end(kPhrases) || found->status != status) return {};
  return found->text;
}

}  // namespace penstock::http
