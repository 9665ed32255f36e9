#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/civil_time.h"

namespace penstock {

// Bytes that are wiped before their memory is given back.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::string bytes) : bytes_(std::move(bytes)) {}
  SecretBytes(SecretBytes&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  SecretBytes& operator=(SecretBytes other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~SecretBytes();

  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

struct CertificateFiles {
  std::string certificate;
  std::string key;
  std::string ocsp;  // Empty: none.

  friend bool operator==(const CertificateFiles&, const CertificateFiles&) = default;
};

// What is wrong with one of the files, in words that follow its name.
struct FileFault {
  enum class File : std::uint8_t { certificate, key, ocsp };
  File file = File::certificate;
  std::string text;
};

// The file's name and what is wrong with it.
std::string to_text(const FileFault& fault, const CertificateFiles& files);

// A certificate with its chain and private key, as they were read from files. Immutable.
struct Certificate {
  enum class KeyType : std::uint8_t { rsa, ecdsa, ed25519 };
  static constexpr std::size_t kKeyTypes = 3;

  CertificateFiles files;
  std::string chain;  // PEM, the certificate first.
  SecretBytes key;    // PEM
  std::string ocsp;   // A response for it, DER; empty for none.
  KeyType key_type = KeyType::rsa;
  std::string common_name;         // Empty where it has none.
  std::vector<std::string> names;  // DNS names, in lower case; `*.example.com` too.
  CivilTime not_before;
  CivilTime not_after;
};

std::string_view text_of(Certificate::KeyType type);

struct LoadedCertificate {
  std::shared_ptr<const Certificate> certificate;
  std::vector<FileFault> warnings;
};

// Reads and judges the files. Blocks.
std::expected<LoadedCertificate, FileFault> load_certificate(const CertificateFiles& files,
                                                             CivilTime now);

// A file of certificates that are trusted, as PEM; the error is a sentence. Blocks.
std::expected<std::string, std::string> load_trusted(const std::string& file);

// The text of a small regular file; the error says why there is none. Blocks.
std::expected<std::string, std::string> read_small_file(const std::string& path);

}  // namespace penstock
