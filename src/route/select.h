#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/arena.h"
#include "base/random.h"
#include "base/result.h"
#include "http/message.h"
#include "route/select_config.h"

namespace penstock {

// Services and their shares of the requests.
class Split {
 public:
  struct Share {
    std::uint32_t service = 0;  // Index into the snapshot's services.
    std::uint32_t weight = 0;
    std::string_view name;  // Of the service; looked at by the constructor only.
  };
  // At least one weight is above 0. Shares of weight 0 are left out.
  explicit Split(const std::vector<Share>& shares);

  bool is_single() const { return parts_.size() == 1; }
  // Each service by chance, in proportion to its weight.
  std::uint32_t draw(Random& random) const;
  // The same service for the same text: in every worker, process, node and release, in whatever
  // order the services are listed, on every route that splits among the same. This is weighted
  // rendezvous hashing: each service bids for the text, and the best bid wins. So when weights
  // change, a caller moves only to a service whose weight grew against that of the one it leaves;
  // and where one weight changed, or there are two services, no more callers move than must.
  std::uint32_t keep(std::string_view text) const;

 private:
  struct Part {
    std::uint32_t service;
    std::uint32_t weight;
    std::uint64_t name;  // Its hash.
  };
  std::vector<Part> parts_;
  std::uint64_t total_ = 0;
};

// A version of what a route serves.
struct RouteVersion {
  std::string name;
  Split split;
  // Fields of its answers; empty for none.
  std::string deprecation;  // RFC 9745: `@1688169599`.
  std::string sunset;       // RFC 8594: an HTTP date.
  std::string link;         // `</v2>; rel="successor-version"`.

  bool is_retiring() const { return !deprecation.empty() || !sunset.empty(); }
};

// What the choice depends on.
struct SelectRequest {
  const http::Fields& fields;
  std::string_view client = {};  // Its address; empty if it has none (a unix socket).
  std::string_view user = {};    // Empty as long as nobody is known.
  bool secure = false;           // It came by https, and so will its cookie.
};

struct Selected {
  std::uint32_t service = 0;
  const RouteVersion* version = nullptr;  // None where the route has no versions.
  std::string_view set_cookie = {};       // For the answer's Set-Cookie; empty for none.
};

using ServiceIndices = std::unordered_map<std::string_view, std::uint32_t>;

// Which service a route's request goes to. Immutable and shared by all workers.
class Selection {
 public:
  // Of a config that was checked. The error is the end of a sentence about the route.
  static std::expected<Selection, std::string> compile(const SelectConfig& config,
                                                       const ServiceIndices& services);

  // Or the reason why there is none; its detail lives as long as this. What it makes lives in the
  // arena.
  Result<Selected> choose(const SelectRequest& request, Random& random, Arena& arena) const {
    if (!terms_) [[likely]]
      return Selected{.service = service_};
    return weigh(request, random, arena);
  }
  // The version with that name, or nullptr.
  const RouteVersion* version(std::string_view name) const {
    return terms_ ? terms_->version(name) : nullptr;
  }
  // The field that names the version; empty where the route has no versions.
  std::string_view version_header() const {
    return terms_ ? std::string_view(terms_->version_header) : std::string_view{};
  }

 private:
  enum class Sticky : std::uint8_t { no, user, address, header, cookie };
  // Of a route that does not simply name its service.
  struct Terms {
    std::optional<Split> split;  // None where there are versions.
    Sticky sticky = Sticky::no;
    std::string sticky_name;  // Of the header or cookie.
    std::vector<RouteVersion> versions;
    std::string version_header;
    const RouteVersion* default_version = nullptr;
    std::string known;  // The versions, in words.

    void keep_to(const schema::WordOrMap<StickyWord, StickyFieldConfig>& config);
    const RouteVersion* version(std::string_view name) const;
  };

  static std::expected<Terms, std::string> versions_of(const VersionsConfig& config,
                                                       const ServiceIndices& services);

  Result<Selected> weigh(const SelectRequest& request, Random& random, Arena& arena) const;
  Result<const RouteVersion*> asked_version(const http::Fields& fields) const;
  std::string_view sticky_text(const SelectRequest& request) const;
  std::string_view new_cookie(const SelectRequest& request, Random& random, Arena& arena,
                              Selected& selected) const;

  std::uint32_t service_ = 0;
  std::unique_ptr<const Terms> terms_;
};

}  // namespace penstock
