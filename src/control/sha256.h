#pragma once

#include <string>
#include <string_view>

namespace penstock {

// SHA-256 of the parts, one after another, as 64 hexadecimal digits.
class Sha256 {
 public:
  Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();

  void add(std::string_view part);
  std::string finish();

 private:
  void* context_;  // An EVP_MD_CTX.
};

}  // namespace penstock
