#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/node/node.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <istream>
#include <map>
#include <streambuf>
#include <string>
#include <utility>
#include <vector>

#include "schema/syntax.h"

namespace penstock::schema {
namespace {

// Thrown through yaml-cpp, which has no other way to be stopped, and caught in parse_yaml.
struct Refused {
  Position at;
  std::string text;
};

// The text for the library, which reads ahead as far as it takes to know what stands there: a
// bracket may open a key, so it keeps all up to the closing one in some 200 times the room. Hence
// there is an end to how much it may read before it tells of anything.
class Text final : public std::streambuf {
 public:
  static constexpr std::size_t kMostUntold = std::size_t{1} * 1024 * 1024;

  explicit Text(std::string_view text) {
    // The interface wants it so; nothing writes.
    auto* const begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
    told_up_to_ = gptr();
  }

  void tell(Position at) {
    told_ = at;
    told_up_to_ = gptr();
  }

 protected:
  std::streamsize xsgetn(char* to, std::streamsize count) override {
    if (gptr() - told_up_to_ > static_cast<std::ptrdiff_t>(kMostUntold))
      throw Refused{told_,
                    fmt::format("found more than {} bytes after this in one text or one pair "
                                "of brackets, expected fewer: write lists and maps by "
                                "indentation, or name a JSON file .json",
                                kMostUntold)};
    return std::streambuf::xsgetn(to, count);
  }

 private:
  Position told_;
  const char* told_up_to_ = nullptr;
};

// Builds the tree from the library's events.
class Builder final : public YAML::EventHandler {
 public:
  Builder(Text& text, std::uint32_t source) : text_(text), source_(source) {}

  Node take() { return std::move(root_); }
  bool has_root() const { return done_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (done_) throw Refused{position(mark), "found a second document, expected one in the file"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(leaf(Node::Kind::nothing, mark), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    auto node = leaf(Node::Kind::scalar, mark);
    node.quoted = tag == "!";  // What the library says of a scalar in quotes, or a block.
    node.text = value;
    if (value.find('\0') != std::string::npos)
      throw Refused{node.at, "found the character U+0000, expected text without it"};
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end())
      throw Refused{position(mark), "found an alias within its own anchor, expected one after it"};
    aliased_ += known->second.nodes;
    if (aliased_ > kMaxAliased)
      throw Refused{position(mark), fmt::format("found aliases that stand for more than {} values, "
                                                "expected fewer",
                                                kMaxAliased)};
    count(position(mark), known->second.nodes);
    if (depth() + known->second.depth > kMaxDepth) refuse_depth(position(mark));
    auto copy = known->second.node;
    add(std::move(copy), 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::list, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  // A list or map that is not complete yet.
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    std::size_t nodes_before = 0;
    std::size_t deepest = 0;  // Levels within.
    bool has_key = false;
    std::string key;
    Position key_at;
  };
  struct Anchored {
    Node node;
    std::size_t nodes = 1;
    std::size_t depth = 0;
  };

  std::size_t depth() const { return open_.size(); }

  // The library knows no place of a value that is left out: `key:` and no more.
  Position position(const YAML::Mark& mark) const {
    if (mark.line < 0 || mark.column < 0) return {0, 0, source_};
    return {static_cast<std::uint32_t>(mark.line) + 1, static_cast<std::uint32_t>(mark.column) + 1,
            source_};
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw Refused{position(mark),
                  fmt::format("found the tag {}, expected a value without a tag", in_quotes(tag))};
  }
  [[noreturn]] static void refuse_depth(Position at) {
    throw Refused{at, fmt::format("found more than {} levels, expected fewer", kMaxDepth)};
  }

  Node leaf(Node::Kind kind, const YAML::Mark& mark) {
    Node node;
    node.kind = kind;
    node.at = position(mark);
    if (node.at.line > 0) text_.tell(node.at);
    count(node.at, 1);
    return node;
  }

  void count(Position at, std::size_t more) {
    nodes_ += more;
    if (nodes_ > kMaxNodes)
      throw Refused{at, fmt::format("found more than {} values, expected fewer", kMaxNodes)};
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    refuse_tag(mark, tag);
    const auto before = nodes_;
    auto node = leaf(kind, mark);
    if (depth() >= kMaxDepth) refuse_depth(node.at);
    if (expects_key()) refuse_key(node);
    open_.push_back({.node = std::move(node),
                     .anchor = anchor,
                     .nodes_before = before,
                     .key = {},
                     .key_at = {}});
  }

  void close() {
    auto closed = std::move(open_.back());
    open_.pop_back();
    const auto levels = closed.deepest + 1;
    if (closed.anchor != 0)
      anchors_[closed.anchor] = {closed.node, nodes_ - closed.nodes_before, levels};
    place(std::move(closed.node), levels);
  }

  void add(Node node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = {node, 1, 0};
    if (expects_key()) return take_key(node);
    place(std::move(node), 0);
  }

  bool expects_key() const {
    return !open_.empty() && open_.back().node.kind == Node::Kind::map && !open_.back().has_key;
  }
  [[noreturn]] static void refuse_key(const Node& node) {
    throw Refused{node.at, fmt::format("found {} as a key, expected a name", kind_of(node))};
  }
  void take_key(Node& node) {
    if (node.kind != Node::Kind::scalar) refuse_key(node);
    if (node.text == "<<" && !node.quoted)
      throw Refused{node.at, "found a merge key, expected the keys themselves"};
    auto& map = open_.back();
    map.has_key = true;
    map.key = std::move(node.text);
    map.key_at = node.at;
  }

  // Puts a complete value, `levels` deep, where it belongs.
  void place(Node node, std::size_t levels) {
    if (open_.empty()) {
      root_ = std::move(node);
      done_ = true;
      return;
    }
    auto& parent = open_.back();
    parent.deepest = std::max(parent.deepest, levels);
    if (parent.node.kind == Node::Kind::map) {
      node.key = std::move(parent.key);
      node.key_at = parent.key_at;
      parent.has_key = false;
    }
    if (node.at.line == 0) node.at = node.key_at.line > 0 ? node.key_at : parent.node.at;
    parent.node.items.push_back(std::move(node));
  }

  Text& text_;
  std::uint32_t source_;
  std::size_t nodes_ = 0;
  std::size_t aliased_ = 0;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  Node root_;
  bool done_ = false;
};

// Whether the line (from 1) begins with blanks of which one is a tab, which YAML does not take.
bool is_indented_by_tab(std::string_view text, std::uint32_t line) {
  for (; line > 1; --line) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  const auto first = text.find_first_not_of(' ');
  return first != std::string_view::npos && text[first] == '\t';
}

}  // namespace

std::optional<Node> parse_yaml(std::string_view text, std::uint32_t source, Findings& findings) {
  const auto refuse = [&](Position at, std::string_view why) -> std::optional<Node> {
    findings.error(at, {}, why);
    return std::nullopt;
  };
  try {
    Text characters(text);
    characters.tell({1, 1, source});
    std::istream stream(&characters);
    YAML::Parser parser(stream);
    Builder builder(characters, source);
    while (parser.HandleNextDocument(builder)) {
    }
    if (!builder.has_root()) return Node{};
    return builder.take();
  } catch (const Refused& refused) {
    return refuse(refused.at, refused.text);
  } catch (const YAML::Exception& error) {
    const auto& mark = error.mark;
    const bool known = mark.line >= 0 && mark.column >= 0;
    const Position at{known ? static_cast<std::uint32_t>(mark.line) + 1 : 1,
                      known ? static_cast<std::uint32_t>(mark.column) + 1 : 1, source};
    if (is_indented_by_tab(text, at.line))
      return refuse({at.line, 1, source}, "found a tab in the indentation, expected blanks only");
    return refuse(at, fmt::format("found what is not YAML: {}", error.msg));
  } catch (const std::exception&) {
    return refuse({1, 1, source}, "found what the YAML reader cannot read");
  }
}

}  // namespace penstock::schema
