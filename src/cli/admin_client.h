#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace penstock {

// Where a running node's operator is answered, and as whom.
struct AdminPlace {
  std::string url;        // `http://127.0.0.1:9901`.
  std::string state_dir;  // Holds the admin token; empty: where nodes keep it by default.
};

struct AdminAnswer {
  std::uint16_t status = 0;
  std::string content;
};

// Whether that is what ask_admin() takes for a node's address.
bool is_admin_url(std::string_view url);

// Asks a running node for `path`; blocks, for some seconds at most. The error is a sentence.
std::expected<AdminAnswer, std::string> ask_admin(const AdminPlace& place, const std::string& path);

}  // namespace penstock
