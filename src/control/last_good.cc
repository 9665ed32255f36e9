#include "control/last_good.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "control/durable_file.h"
#include "control/sha256.h"

namespace penstock {
namespace {

constexpr std::string_view kTitle = "penstock last-good 1 sha256 ";
constexpr std::size_t kDigest = 64;
constexpr std::size_t kLongest = std::size_t{1} << 30;

std::string digest_of(std::string_view text) {
  Sha256 sum;
  sum.add(text);
  return sum.finish();
}

// Takes `<length> <name>\n<text>\n` off the front.
std::optional<DocumentText> take_document(std::string_view& rest) {
  const auto line = rest.substr(0, rest.find('\n'));
  const auto space = line.find(' ');
  if (line.size() == rest.size() || space == std::string_view::npos) return std::nullopt;
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + space, length);
  if (error != std::errc{} || end != line.data() + space) return std::nullopt;
  rest.remove_prefix(line.size() + 1);
  if (length >= rest.size() || rest[length] != '\n') return std::nullopt;
  DocumentText document{std::string(line.substr(space + 1)), std::string(rest.substr(0, length))};
  rest.remove_prefix(length + 1);
  return document;
}

}  // namespace

std::string last_good_path(const std::string& state_dir) {
  return state_dir + "/last-good";
}

std::expected<void, std::string> save_last_good(const std::string& state_dir,
                                                std::span<const DocumentText> texts) {
  std::string content(kTitle);
  content.append(kDigest, '0').push_back('\n');
  const auto begin = content.size();
  for (const auto& [name, text] : texts) {
    auto line = name;
    for (char& c : line)
      if (c == '\n') c = ' ';  // The name is for people.
    fmt::format_to(std::back_inserter(content), "{} {}\n", text.size(), line);
    content.append(text).push_back('\n');
  }
  content.replace(kTitle.size(), kDigest, digest_of(std::string_view(content).substr(begin)));
  return write_durably(last_good_path(state_dir), content, 0600);
}

std::expected<std::vector<DocumentText>, std::string> read_last_good(const std::string& state_dir) {
  const auto path = last_good_path(state_dir);
  const auto content = read_whole(path, kLongest);
  if (!content) return std::unexpected(content.error());
  const auto damaged = std::unexpected(path + " is damaged: it is not as it was written");
  std::string_view rest = *content;
  const auto begin = kTitle.size() + kDigest + 1;
  if (rest.size() < begin || !rest.starts_with(kTitle) || rest[begin - 1] != '\n') return damaged;
  const auto digest = rest.substr(kTitle.size(), kDigest);
  rest.remove_prefix(begin);
  if (digest != digest_of(rest)) return damaged;
  std::vector<DocumentText> documents;
  while (!rest.empty()) {
    auto document = take_document(rest);
    if (!document) return damaged;
    documents.push_back(*std::move(document));
  }
  if (documents.empty()) return damaged;
  return documents;
}

}  // namespace penstock
