#include <fmt/format.h>
#include <simdjson.h>

#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "schema/syntax.h"

namespace penstock::schema {
namespace {

namespace ondemand = simdjson::ondemand;

// RFC 8259 §6, which the library checks only when it is asked for a number's value.
bool is_json_number(std::string_view text) {
  const auto digits = [&] {
    const auto before = text.size();
    while (!text.empty() && is_digit(text[0])) text.remove_prefix(1);
    return before > text.size();
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.starts_with('0'))
    text.remove_prefix(1);
  else if (!digits())
    return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!digits()) return false;
  }
  if (!text.starts_with('e') && !text.starts_with('E')) return text.empty();
  text.remove_prefix(1);
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return digits() && text.empty();
}

bool is_json_word(std::string_view text) {
  return text == "true" || text == "false";
}

// Builds the tree while the library walks the text. The first error ends the walk: every function
// says whether it went well, and `error` with `error_at` what did not.
class JsonReader {
 public:
  JsonReader(std::string_view text, std::uint32_t source) : text_(text), cursor_(text, source) {}

  bool open(ondemand::parser& parser, const simdjson::padded_string& text,
            ondemand::document& document) {
    if (take(parser.iterate(text), document)) return true;
    error_at_ = first_offset();
    return false;
  }

  bool read(ondemand::document& document, Node& root) {
    ondemand::object object;
    root.at = cursor_.at(first_offset());
    root.kind = Node::Kind::map;
    if (!take(document.get_object(), object)) {
      error_at_ = incomplete_ ? last_offset() : first_offset();
      return false;
    }
    if (!read_members(object, root, 1)) {
      if (!located_) error_at_ = here(document);
      return false;
    }
    // What is left over stands where the library would read on; at the end there is no place.
    const char* rest = nullptr;
    if (document.current_location().get(rest) != simdjson::SUCCESS) return true;
    return refuse(offset_of(rest), "found more text, expected the end of the document");
  }

  const std::string& error() const { return error_; }
  Position error_at() { return cursor_.at(error_at_); }

 private:
  bool refuse(std::size_t offset, std::string why) {
    error_at_ = offset;
    located_ = true;
    error_ = std::move(why);
    return false;
  }

  template <class T>
  bool take(simdjson::simdjson_result<T> result, T& value) {
    const auto code = std::move(result).get(value);
    if (code == simdjson::SUCCESS) return true;
    incomplete_ = code == simdjson::INCOMPLETE_ARRAY_OR_OBJECT;
    error_ = fmt::format("found what is not JSON: {}", why(code));
    return false;
  }

  static std::string_view why(simdjson::error_code code) {
    switch (code) {
      case simdjson::UNCLOSED_STRING:
        return "a string that does not end";
      case simdjson::STRING_ERROR:
        return "a string with a bad escape";
      case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
        return "a document that does not end with the } of its beginning";
      case simdjson::INCORRECT_TYPE:
        return "something else than a map of keys";
      case simdjson::EMPTY:
        return "nothing at all";
      default:
        return "a comma, colon or bracket too many or too few";
    }
  }

  std::size_t first_offset() const {
    const auto first = text_.find_first_not_of(" \t\r\n");
    return first == std::string_view::npos ? 0 : first;
  }
  std::size_t last_offset() const {
    const auto last = text_.find_last_not_of(" \t\r\n");
    return last == std::string_view::npos ? 0 : last;
  }
  std::size_t offset_of(const char* place) const {
    const auto offset = place - text_.data();
    if (offset < 0) return 0;
    return std::min(static_cast<std::size_t>(offset), text_.size());
  }
  std::size_t here(ondemand::document& document) const {
    const char* place = nullptr;
    if (document.current_location().get(place) != simdjson::SUCCESS) return text_.size();
    return offset_of(place);
  }

  bool enter(Node& node, std::size_t offset, std::size_t depth) {
    node.at = cursor_.at(offset);
    if (++nodes_ > kMaxNodes)
      return refuse(offset, fmt::format("found more than {} values, expected fewer", kMaxNodes));
    if (depth > kMaxDepth)
      return refuse(offset, fmt::format("found more than {} levels, expected fewer", kMaxDepth));
    return true;
  }

  bool read_members(ondemand::object& object, Node& node, std::size_t depth) {
    for (auto item : object) {
      ondemand::field member;
      if (!take(std::move(item), member)) return false;
      const auto key_offset = offset_of(member.key().raw()) - 1;
      auto& child = node.items.emplace_back();
      child.key_at = cursor_.at(key_offset);
      std::string_view key;
      if (!take(member.unescaped_key(), key)) return false;
      if (key.find('\0') != std::string_view::npos) return refuse_nul(key_offset);
      child.key = key;
      if (!read_value(member.value(), child, depth)) return false;
    }
    return true;
  }

  bool read_elements(ondemand::array& array, Node& node, std::size_t depth) {
    for (auto item : array) {
      ondemand::value value;
      if (!take(item, value)) return false;
      if (!read_value(value, node.items.emplace_back(), depth)) return false;
    }
    return true;
  }

  bool read_value(ondemand::value value, Node& node, std::size_t depth) {
    const auto token = value.raw_json_token();
    const auto offset = offset_of(std::to_address(token.begin()));
    // Containers in containers: a scalar may stand one level deeper than the last container.
    const bool container = token.starts_with('{') || token.starts_with('[');
    if (!enter(node, offset, container ? depth + 1 : depth)) return false;
    if (token.starts_with('{')) {
      ondemand::object object;
      node.kind = Node::Kind::map;
      return take(value.get_object(), object) && read_members(object, node, depth + 1);
    }
    if (token.starts_with('[')) {
      ondemand::array array;
      node.kind = Node::Kind::list;
      return take(value.get_array(), array) && read_elements(array, node, depth + 1);
    }
    node.kind = Node::Kind::scalar;
    return token.starts_with('"') ? read_string(value, node, offset)
                                  : read_word(token, node, offset);
  }

  bool read_string(ondemand::value& value, Node& node, std::size_t offset) {
    std::string_view text;
    if (!take(value.get_string(), text)) return false;
    if (text.find('\0') != std::string_view::npos) return refuse_nul(offset);
    node.quoted = true;
    node.text = text;
    return true;
  }

  bool refuse_nul(std::size_t offset) {
    return refuse(offset, "found the character U+0000, expected text without it");
  }

  // A number, true, false or null.
  bool read_word(std::string_view token, Node& node, std::size_t offset) {
    const auto end = token.find_last_not_of(" \t\r\n");
    const auto word = token.substr(0, end == std::string_view::npos ? 0 : end + 1);
    if (word == "null") {
      node.kind = Node::Kind::nothing;
    } else if (!is_json_word(word) && !is_json_number(word)) {
      return refuse(offset, fmt::format("found {}, expected a JSON value", in_quotes(word)));
    }
    node.text = word;
    return true;  // The library moves past what it was not asked for.
  }

  std::string_view text_;
  Cursor cursor_;
  std::size_t nodes_ = 0;
  std::string error_;
  std::size_t error_at_ = 0;
  bool located_ = false;
  bool incomplete_ = false;
};

}  // namespace

std::optional<Node> parse_json(std::string_view text, std::uint32_t source, Findings& findings) {
  const auto refuse = [&](Position at, std::string_view why) -> std::optional<Node> {
    findings.error(at, {}, why);
    return std::nullopt;
  };
  try {
    const simdjson::padded_string padded(text);
    ondemand::parser parser;
    ondemand::document document;
    JsonReader reader(std::string_view(padded), source);
    Node root;
    if (reader.open(parser, padded, document) && reader.read(document, root)) return root;
    return refuse(reader.error_at(), reader.error());
  } catch (const std::exception&) {
    return refuse({1, 1, source}, "found what the JSON reader cannot read");
  }
}

}  // namespace penstock::schema
