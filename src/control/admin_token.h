#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace penstock {

// The operator's credential: whoever shows it may use the admin API. Made at the first start, 256
// random bits, and kept in the state folder for its owner alone.
class AdminToken {
 public:
  static std::string path_in(const std::string& state_dir);

  // Reads it, or makes one. The error is a sentence and does not hold the token.
  static std::expected<AdminToken, std::string> open(const std::string& state_dir);
  static std::expected<AdminToken, std::string> read(const std::string& state_dir);

  // Takes the same time wherever the two differ.
  bool matches(std::string_view presented) const;
  // It was made just now, and nobody has seen it yet.
  bool is_new() const { return is_new_; }
  // For whom it belongs to: never for a log, but for the one line that shows a new one.
  const std::string& text() const { return text_; }

 private:
  AdminToken(std::string text, bool is_new) : text_(std::move(text)), is_new_(is_new) {}
  std::string text_;
  bool is_new_;
};

}  // namespace penstock
