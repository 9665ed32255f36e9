#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schema/position.h"

namespace penstock::schema {

enum class Severity : std::uint8_t { error, warning };
std::string_view name_of(Severity severity);

// Something that is wrong with a document, or deserves a look.
struct Finding {
  Severity severity = Severity::error;
  std::string file;
  Position at;
  std::string path;  // `routes[2].upstreamService`; empty for the document itself.
  std::string text;  // `found ..., expected ...`
};
// `gw.yaml:7:12 routes[2].upstreamService: found ..., expected ...`
std::string to_text(const Finding& finding);

// Collects findings, all of them, since a user wants to mend a file in one go; of each severity at
// most `kMost`, since a file may hold a million mistakes.
class Findings {
 public:
  static constexpr std::size_t kMost = 200;

  // `sources` names the files that a Position's `source` counts.
  explicit Findings(std::vector<std::string> sources) : sources_(std::move(sources)) {}

  // `text` came out of the variables in `written`. It may be a secret: whatever finding quotes it
  // shows what was written instead.
  void hide(std::string text, std::string written);

  void error(Position at, std::string_view path, std::string_view text);
  void warning(Position at, std::string_view path, std::string_view text);

  bool failed() const { return errors_ > 0; }
  std::size_t errors() const { return errors_; }
  std::size_t warnings() const { return warnings_; }
  // Whether another error would still be shown: a suggestion costs time.
  bool wanted() const { return errors_ < kMost; }
  const std::vector<std::string>& sources() const { return sources_; }

  // `line 4`, or `line 4 of base.yaml` where that is another file than the one of `seen_from`.
  std::string line(Position at, Position seen_from) const;

  // In the order of the file; after them a word on those left out.
  std::vector<Finding> take();

 private:
  struct Hidden {
    std::string text;
    std::string quoted;  // As in_quotes() shows it: cut, maybe.
    std::string written;
  };

  void add(Severity severity, Position at, std::string_view path, std::string_view text);
  std::string masked(std::string text) const;

  std::vector<std::string> sources_;
  std::vector<Hidden> hidden_;
  std::vector<Finding> findings_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

// `"order-svc"`: what was found, in quotes, without control characters and not too long.
std::string in_quotes(std::string_view text);

// The candidate that `text` was probably meant to be; empty if none is near. Looks at a bounded
// number of candidates only.
std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates);
// `; did you mean "order-service"?`, or nothing.
std::string did_you_mean(std::string_view text, std::span<const std::string_view> candidates);

}  // namespace penstock::schema
