#include "message.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace penstock::bench {
namespace {

constexpr std::string_view kEnd = "\r\n\r\n";
constexpr std::size_t kLongestHead = 65536;

// Its value, 0 where the field is missing, nullopt where it has no number or the body is chunked.
std::optional<std::size_t> content_length(std::string_view head) {
  constexpr std::string_view name = "\r\ncontent-length:";
  constexpr std::string_view chunked = "\r\ntransfer-encoding:";
  std::size_t length = 0;
  for (auto at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    const auto line = head.substr(at);
    if (line.size() > chunked.size() &&
        strncasecmp(line.data(), chunked.data(), chunked.size()) == 0) {
      return std::nullopt;
    }
    if (line.size() <= name.size() || strncasecmp(line.data(), name.data(), name.size()) != 0) {
      continue;
    }
    const auto value = line.substr(line.find_first_not_of(' ', name.size()));
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (error != std::errc{}) return std::nullopt;
  }
  return length;
}

}  // namespace

MessageReader::State MessageReader::feed(std::string_view& bytes) {
  if (ended_) {
    head_.clear();
    in_body_ = ended_ = false;
  }
  if (!in_body_) {
    const auto state = feed_head(bytes);
    if (state != State::whole) return state;
  }
  const auto taken = std::min(body_left_, bytes.size());
  bytes.remove_prefix(taken);
  body_left_ -= taken;
  ended_ = body_left_ == 0;
  return ended_ ? State::whole : State::more;
}

MessageReader::State MessageReader::feed_head(std::string_view& bytes) {
  const auto searched = head_.size() < kEnd.size() ? 0 : head_.size() - kEnd.size() + 1;
  const auto before = head_.size();
  head_.append(bytes.substr(0, kLongestHead));
  const auto end = head_.find(kEnd, searched);
  if (end == std::string::npos) {
    bytes = {};
    return head_.size() < kLongestHead ? State::more : State::broken;
  }
  head_.resize(end + kEnd.size());
  bytes.remove_prefix(head_.size() - before);
  const auto length = content_length(head_);
  if (!length) return State::broken;
  body_left_ = *length;
  in_body_ = true;
  return State::whole;
}

std::string_view MessageReader::first_line() const {
  return std::string_view(head_).substr(0, head_.find("\r\n"));
}

}  // namespace penstock::bench
