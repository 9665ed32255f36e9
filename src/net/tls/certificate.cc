#include "net/tls/certificate.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "net/tls/openssl.h"

namespace penstock {
namespace {

constexpr std::size_t kLargestFile = std::size_t{1} << 20;
constexpr int kLeastRsaBits = 2048;

using File = FileFault::File;

std::unexpected<FileFault> fault(File file, std::string text) {
  return std::unexpected(FileFault{file, std::move(text)});
}

// Asked for a passphrase: there is none, and nobody to ask.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

CivilTime time_of(const ASN1_TIME* time) {
  std::tm civil{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &civil) != 1) return {};
  return {timegm(&civil)};
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), to_lower);
  return out;
}

std::string common_name_of(X509* x509) {
  auto* const subject = X509_get_subject_name(x509);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* text = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) return {};
  std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return name;
}

std::vector<std::string> dns_names_of(X509* x509, bool& any) {
  std::vector<std::string> names;
  auto* const list =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509, NID_subject_alt_name, nullptr, nullptr));
  any = list != nullptr;
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const auto* const name = sk_GENERAL_NAME_value(list, i);
    if (name->type != GEN_DNS) continue;
    const auto* const text = name->d.dNSName;
    const std::string_view view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                static_cast<std::size_t>(ASN1_STRING_length(text)));
    names.push_back(lower(view));
  }
  GENERAL_NAMES_free(list);
  return names;
}

std::expected<Certificate::KeyType, std::string> type_of(EVP_PKEY* key) {
  using Type = Certificate::KeyType;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      if (const auto bits = EVP_PKEY_get_bits(key); bits < kLeastRsaBits)
        return std::unexpected(
            fmt::format("its RSA key has {} bits, expected {} or more", bits, kLeastRsaBits));
      return Type::rsa;
    case EVP_PKEY_EC:
      return Type::ecdsa;
    case EVP_PKEY_ED25519:
      return Type::ed25519;
    default:
      return std::unexpected("its key is of another kind than RSA, ECDSA and Ed25519");
  }
}

// All certificates of a text, one at the least; the error says what is wrong with it.
std::expected<std::vector<X509Pointer>, std::string> parse_certificates(std::string_view pem) {
  const auto bio = bio_over(pem);
  std::vector<X509Pointer> all;
  while (auto* const next = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr))
    all.emplace_back(next);
  const auto error = ERR_peek_last_error();
  ERR_clear_error();
  const bool ended =
      ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!ended) return std::unexpected("a certificate in it is broken");
  if (all.empty()) return std::unexpected("it holds no certificate in PEM");
  return all;
}

bool in_order(const std::vector<X509Pointer>& chain) {
  for (std::size_t i = 1; i < chain.size(); ++i)
    if (X509_check_issued(chain[i].get(), chain[i - 1].get()) != X509_V_OK) return false;
  return true;
}

std::expected<KeyPointer, FileFault> parse_key(std::string_view pem) {
  constexpr std::string_view kEncrypted[] = {"-----BEGIN ENCRYPTED PRIVATE KEY-----",
                                             "Proc-Type: 4,ENCRYPTED"};
  for (const auto mark : kEncrypted)
    if (pem.find(mark) != std::string_view::npos)
      return fault(File::key, "its key is encrypted, expected one without a passphrase");
  const auto bio = bio_over(pem);
  KeyPointer key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key) return fault(File::key, "it holds no private key in PEM");
  return key;
}

void judge_dates(const Certificate& certificate, CivilTime now, std::vector<FileFault>& warnings) {
  if (certificate.not_after < now)
    warnings.push_back({File::certificate, fmt::format("its certificate has expired on {}",
                                                       certificate.not_after.to_text())});
  if (certificate.not_before > now)
    warnings.push_back({File::certificate, fmt::format("its certificate is valid only from {} on",
                                                       certificate.not_before.to_text())});
}

// --- OCSP

using OcspResponse = std::unique_ptr<OCSP_RESPONSE, OpensslFree<OCSP_RESPONSE_free>>;
using OcspBasic = std::unique_ptr<OCSP_BASICRESP, OpensslFree<OCSP_BASICRESP_free>>;

// Whether the response speaks of this certificate; by its serial number, since the issuer may not
// be in the file.
OCSP_SINGLERESP* answer_for(OCSP_BASICRESP* basic, X509* x509) {
  for (int i = 0; i < OCSP_resp_count(basic); ++i) {
    auto* const single = OCSP_resp_get0(basic, i);
    ASN1_INTEGER* serial = nullptr;
    OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial,
                      const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single)));
    if (ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(x509)) == 0) return single;
  }
  return nullptr;
}

// A response that is stale is left out, with a warning: to staple it would harm.
std::expected<std::string, FileFault> load_ocsp(const std::string& path, X509* x509, CivilTime now,
                                                std::vector<FileFault>& warnings) {
  auto der = read_small_file(path);
  if (!der) return fault(File::ocsp, der.error());
  const auto* at = reinterpret_cast<const unsigned char*>(der->data());
  const OcspResponse response(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der->size())));
  ERR_clear_error();
  if (!response) return fault(File::ocsp, "it holds no OCSP response in DER");
  if (OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return fault(File::ocsp, "its OCSP response says that the responder failed");
  const OcspBasic basic(OCSP_response_get1_basic(response.get()));
  auto* const single = basic ? answer_for(basic.get(), x509) : nullptr;
  if (single == nullptr) return fault(File::ocsp, "its OCSP response is about another certificate");
  ASN1_GENERALIZEDTIME* next = nullptr;
  const int status = OCSP_single_get0_status(single, nullptr, nullptr, nullptr, &next);
  if (status != V_OCSP_CERTSTATUS_GOOD)
    warnings.push_back({File::ocsp,
                        "its OCSP response says that the certificate is revoked or "
                        "unknown"});
  if (next == nullptr || time_of(next) >= now) return std::move(*der);
  warnings.push_back({File::ocsp, "its OCSP response has expired, so it is not sent"});
  return std::string();
}

}  // namespace

std::string to_text(const FileFault& fault, const CertificateFiles& files) {
  switch (fault.file) {
    case File::certificate:
      return fmt::format("{}: {}", files.certificate, fault.text);
    case File::key:
      return fmt::format("{}: {}", files.key, fault.text);
    case File::ocsp:
      break;
  }
  return fmt::format("{}: {}", files.ocsp, fault.text);
}

std::string_view text_of(Certificate::KeyType type) {
  constexpr std::string_view kTexts[] = {"RSA", "ECDSA", "Ed25519"};
  return kTexts[static_cast<std::size_t>(type)];
}

SecretBytes::~SecretBytes() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

std::expected<std::string, std::string> read_small_file(const std::string& path) {
  if (path.empty()) return std::unexpected("a name is missing");
  // Without waiting for a writer, should it be a pipe.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return std::unexpected(fmt::format("it cannot be read: {}", std::strerror(errno)));
  struct stat status{};
  std::string text;
  std::string trouble;
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
    trouble = "it is no file";
  else if (static_cast<std::size_t>(status.st_size) > kLargestFile)
    trouble = "it is longer than 1 MiB";
  else
    text.resize(static_cast<std::size_t>(status.st_size));
  std::size_t filled = 0;
  while (trouble.empty() && filled < text.size()) {
    const auto got = read(descriptor, text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  close(descriptor);
  if (!trouble.empty()) return std::unexpected(trouble);
  text.resize(filled);
  return text;
}

std::expected<LoadedCertificate, FileFault> load_certificate(const CertificateFiles& files,
                                                             CivilTime now) {
  LoadedCertificate loaded;
  auto& warnings = loaded.warnings;
  auto chain = read_small_file(files.certificate);
  if (!chain) return fault(File::certificate, chain.error());
  const auto parsed = parse_certificates(*chain);
  if (!parsed) return fault(File::certificate, parsed.error());
  auto* const x509 = parsed->front().get();
  if (!in_order(*parsed))
    warnings.push_back({File::certificate,
                        "its certificates do not stand in the order of their chain: each one "
                        "should be the issuer of the one before"});
  auto key_text = read_small_file(files.key);
  if (!key_text) return fault(File::key, key_text.error());
  SecretBytes key_bytes(std::move(*key_text));
  const auto key = parse_key(key_bytes.bytes());
  if (!key) return std::unexpected(key.error());
  auto type = type_of(key->get());
  if (!type) return fault(File::key, type.error());
  if (X509_check_private_key(x509, key->get()) != 1) {
    ERR_clear_error();
    return fault(File::key, fmt::format("its key does not belong to the certificate in {}",
                                        files.certificate));
  }
  std::string ocsp;
  if (!files.ocsp.empty()) {
    auto response = load_ocsp(files.ocsp, x509, now, warnings);
    if (!response) return std::unexpected(response.error());
    ocsp = std::move(*response);
  }
  bool any_name = false;
  auto names = dns_names_of(x509, any_name);
  if (!any_name)
    warnings.push_back({File::certificate,
                        "its certificate names no host in a subjectAltName, so that no client "
                        "accepts it by name"});
  loaded.certificate = std::make_shared<const Certificate>(
      Certificate{.files = files,
                  .chain = std::move(*chain),
                  .key = std::move(key_bytes),
                  .ocsp = std::move(ocsp),
                  .key_type = *type,
                  .common_name = common_name_of(x509),
                  .names = std::move(names),
                  .not_before = time_of(X509_get0_notBefore(x509)),
                  .not_after = time_of(X509_get0_notAfter(x509))});
  judge_dates(*loaded.certificate, now, warnings);
  return loaded;
}

std::expected<std::string, std::string> load_trusted(const std::string& file) {
  auto text = read_small_file(file);
  if (!text) return text;
  const auto parsed = parse_certificates(*text);
  if (!parsed) return std::unexpected(parsed.error());
  return text;
}

}  // namespace penstock
