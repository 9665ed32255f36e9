#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace penstock::http {

enum class Method : std::uint8_t {
  get,
  head,
  post,
  put,
  delete_,
  connect,
  options,
  trace,
  patch,
  other
};
// Methods are case-sensitive (RFC 9110 §9.1): `get` is Method::other.
Method method_of(std::string_view text);
std::string_view text_of(Method method);  // Empty for Method::other.

// The field names the gateway looks at, so that a comparison is one of numbers. In no order that
// matters; the texts stand in message.cc.
enum class Name : std::uint8_t {
  other,
  accept,
  accept_encoding,
  authorization,
  connection,
  content_length,
  content_type,
  cookie,
  date,
  expect,
  forwarded,
  host,
  keep_alive,
  max_forwards,
  origin,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  proxy_status,
  retry_after,
  sec_websocket_key,
  sec_websocket_version,
  server,
  set_cookie,
  te,
  traceparent,
  tracestate,
  trailer,
  transfer_encoding,
  upgrade,
  user_agent,
  via,
  x_auth_method,
  x_auth_scopes,
  x_consumer_id,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_port,
  x_forwarded_prefix,
  x_forwarded_proto,
  x_real_ip,
  x_request_id,
  x_tenant_id,
  x_user_id,
  allow,
  content_encoding,
  location,
  http2_settings,
};
// Case-insensitive; Name::other for what is not in the list.
Name name_of(std::string_view text);
// As it is usually written (`Content-Length`); empty for Name::other.
std::string_view text_of(Name name);

// One field line. The texts are views: of the head's buffer, of an arena, or static.
struct Field {
  std::string_view name;
  std::string_view value;
  Name id = Name::other;
};

// Field lines in the order of their arrival; repeated names stay apart.
class Fields {
 public:
  void clear() { list_.clear(); }
  void reserve(std::size_t n) { list_.reserve(n); }
  void add(const Field& field) { list_.push_back(field); }
  void add(Name id, std::string_view value) { list_.push_back({text_of(id), value, id}); }
  void add(std::string_view name, std::string_view value) {
    list_.push_back({name, value, name_of(name)});
  }

  // The first with that name, or nullptr.
  const Field* find(Name id) const;
  const Field* find(std::string_view name) const;
  // The one line with that name; nullptr when there is none, or several.
  const Field* only(std::string_view name) const;
  bool has(Name id) const { return find(id) != nullptr; }
  std::size_t count(Name id) const;

  // Removes every line with that name; says how many there were.
  std::size_t remove(Name id);
  std::size_t remove(std::string_view name);
  template <class Predicate>
  std::size_t remove_if(Predicate&& predicate) {
    return std::erase_if(list_, predicate);
  }
  // Removes what is there and adds one line.
  void set(Name id, std::string_view value) {
    remove(id);
    add(id, value);
  }

  std::size_t size() const { return list_.size(); }
  bool empty() const { return list_.empty(); }
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }
  std::span<Field> all() { return list_; }

 private:
  std::vector<Field> list_;
};

// How a message's content is delimited (RFC 9112 §6.3).
enum class Framing : std::uint8_t { none, length, chunked, until_close };

struct RequestHead {
  Method method = Method::other;
  std::string_view method_text;
  std::string_view target;         // As received: origin-, absolute-, authority- or asterisk-form.
  std::string_view authority;      // Of an absolute-form target, else of Host; empty without both.
  std::uint8_t minor_version = 1;  // HTTP/1.x
  Fields fields;
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;  // With Framing::length.
  bool keep_alive = true;            // What the version and `Connection` say together.
  bool expects_continue = false;     // `Expect: 100-continue` of an HTTP/1.1 client.
  bool upgrade_websocket = false;    // `Connection: upgrade` with `Upgrade: websocket`.

  void clear();
};

// The method that a CORS preflight asks about (Fetch §3.2.2): an OPTIONS with `Origin` and
// `Access-Control-Request-Method`, one line of each. Empty for every other request.
std::string_view preflight_method(const RequestHead& request);

struct ResponseHead {
  std::uint16_t status = 0;
  std::string_view phrase;  // Empty: the writer puts the usual one.
  std::uint8_t minor_version = 1;
  Fields fields;
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  bool upgrade_websocket = false;  // 101 with `Connection: upgrade` and `Upgrade: websocket`.

  void clear();
};

// The usual phrase for a status (RFC 9110 §15); empty for one that has none.
std::string_view phrase_of(std::uint16_t status);

}  // namespace penstock::http
