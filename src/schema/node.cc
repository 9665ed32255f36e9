#include "schema/node.h"

#include <fmt/format.h>

#include <cstdlib>
#include <expected>
#include <utility>

#include "schema/secret.h"
#include "schema/syntax.h"

namespace penstock::schema {
namespace {

// The length of the UTF-8 sequence that `text` begins with (RFC 3629); 0 if it is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto tail = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return byte(i) >= low && byte(i) <= high;
  };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool second = tail(1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf);
    return second && tail(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool second = tail(1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf);
    return second && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

// The first byte that may not stand in any document: NUL and other control characters, bad UTF-8.
std::optional<std::size_t> first_bad_byte(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool control =
        (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f;
    const auto length = control ? 0 : utf8_length(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
         std::string_view::npos;
}

// The text, or what is wrong with it.
using Expansion = std::expected<std::string, std::string>;

// The value of what stands between `${` and `}`.
Expansion value_of(std::string_view reference, const Environment& environment) {
  const auto separator = reference.find(":-");
  const auto name = reference.substr(0, separator);
  if (asks_for_secret(name))
    return std::unexpected("found a secret within a text, expected it to be the whole value");
  if (!is_name(name))
    return std::unexpected(fmt::format("found {}, expected ${{NAME}} or ${{NAME:-default}}",
                                       in_quotes(fmt::format("${{{}}}", reference))));
  if (reference.find("${") != std::string_view::npos)
    return std::unexpected(fmt::format("found {}, expected a default without a variable in it",
                                       in_quotes(fmt::format("${{{}", reference))));
  auto value = environment(name);
  const bool defaulted = separator != std::string_view::npos;
  if (defaulted && (!value || value->empty())) value = std::string(reference.substr(separator + 2));
  if (!value)
    return std::unexpected(
        fmt::format("found {}, expected a variable that is set, or a default: {}",
                    in_quotes(fmt::format("${{{}}}", reference)),
                    in_quotes(fmt::format("${{{}:-...}}", name))));
  if (value->size() > kMaxExpansion || first_bad_byte(*value))
    return std::unexpected(
        fmt::format("found {}, expected its value to be UTF-8 of at most {} bytes, "
                    "without control characters",
                    in_quotes(fmt::format("${{{}}}", reference)), kMaxExpansion));
  return *std::move(value);
}

Expansion expanded(std::string_view text, const Environment& environment) {
  std::string result;
  while (true) {
    const auto at = text.find("${");
    if (at == std::string_view::npos) break;
    if (at > 0 && text[at - 1] == '$') {
      result += text.substr(0, at - 1);
      result += "${";
      text.remove_prefix(at + 2);
      continue;
    }
    const auto end = text.find('}', at);
    if (end == std::string_view::npos)
      return std::unexpected(
          fmt::format("found {}, expected a closing }}", in_quotes(text.substr(at))));
    auto value = value_of(text.substr(at + 2, end - at - 2), environment);
    if (!value) return value;
    result += text.substr(0, at);
    result += *value;
    text.remove_prefix(end + 1);
    if (result.size() > kMaxExpansion) return std::unexpected("found too long an expansion");
  }
  result += text;
  return result;
}

std::string within(const std::string& path, const Node& item, std::size_t index, bool map) {
  if (!map) return fmt::format("{}[{}]", path, index);
  return path.empty() ? item.key : path + '.' + item.key;
}

class Expander {
 public:
  Expander(const Environment& environment, Findings& findings)
      : environment_(environment), findings_(findings) {}

  void below(Node& node, const std::string& path) {
    if (node.kind == Node::Kind::scalar && node.text.find("${") != std::string::npos)
      return scalar(node, path);
    const bool map = node.kind == Node::Kind::map;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      auto& item = node.items[i];
      if (item.kind != Node::Kind::nothing) below(item, within(path, item, i, map));
    }
  }

 private:
  void scalar(Node& node, const std::string& path) {
    if (is_secret(node.text)) {
      node.secret = true;
      return;
    }
    if (total_ > kMaxExpansions) return;
    auto result = expanded(node.text, environment_);
    node.refused = !result;
    if (!result) return findings_.error(node.at, path, std::move(result.error()));
    total_ += result->size();
    if (total_ > kMaxExpansions)
      return findings_.error(node.at, path,
                             fmt::format("found variables that expand to more than {} bytes in "
                                         "all, expected fewer",
                                         kMaxExpansions));
    node.written = std::exchange(node.text, *std::move(result));
    node.expanded = true;
    findings_.hide(node.text, node.written);
    // A number may come from a variable, also where the syntax wants quotes around `${PORT}`.
    node.quoted = false;
  }

  const Environment& environment_;
  Findings& findings_;
  std::size_t total_ = 0;
};

}  // namespace

Syntax syntax_of(std::string_view name, std::string_view text) {
  if (name.ends_with(".json")) return Syntax::json;
  if (name.ends_with(".yaml") || name.ends_with(".yml")) return Syntax::yaml;
  const auto first = text.find_first_not_of(" \t\r\n");
  const bool json = first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
  return json ? Syntax::json : Syntax::yaml;
}

Position Cursor::at(std::size_t offset) {
  if (offset < offset_) {
    offset_ = line_start_ = 0;
    line_ = 1;
  }
  offset = offset < text_.size() ? offset : text_.size();
  while (true) {
    const auto newline = text_.substr(0, offset).find('\n', offset_);
    if (newline == std::string_view::npos) break;
    ++line_;
    offset_ = line_start_ = newline + 1;
  }
  offset_ = offset;
  return {line_, static_cast<std::uint32_t>(offset - line_start_) + 1, source_};
}

std::optional<Node> parse(std::string_view text, Syntax syntax, std::uint32_t source,
                          Findings& findings) {
  if (text.size() > kMaxDocumentBytes) {
    findings.error(
        {0, 0, source}, {},
        fmt::format("found {} bytes, expected at most {}", text.size(), kMaxDocumentBytes));
    return std::nullopt;
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (const auto bad = first_bad_byte(text)) {
    findings.error(Cursor(text, source).at(*bad), {},
                   fmt::format("found the byte 0x{:02x}, expected UTF-8 without control characters",
                               static_cast<unsigned char>(text[*bad])));
    return std::nullopt;
  }
  auto node = syntax == Syntax::json ? parse_json(text, source, findings)
                                     : parse_yaml(text, source, findings);
  if (node && node->kind == Node::Kind::map) return node;
  if (node)
    findings.error(node->at.line > 0 ? node->at : Position{1, 1, source}, {},
                   fmt::format("found {}, expected a map of keys", kind_of(*node)));
  return std::nullopt;
}

std::string_view kind_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::nothing:
      return "nothing";
    case Node::Kind::scalar:
      return "a single value";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
  }
  return "nothing";
}

Environment process_environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

void expand(Node& node, const Environment& environment, Findings& findings) {
  Expander(environment, findings).below(node, {});
}

}  // namespace penstock::schema
