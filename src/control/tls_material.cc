#include "control/tls_material.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace penstock {
namespace {

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::vector<std::string> files_of(const ListenerTlsConfig& config) {
  std::vector<std::string> files;
  for (const auto& certificate : config.certificates)
    for (const auto* const file :
         {&certificate.cert_file, &certificate.key_file, &certificate.ocsp_file})
      if (!file->value.empty()) files.push_back(file->value);
  return files;
}

std::string trust_file_of(const ServiceTlsConfig& config) {
  return config.ca_file.value.empty() ? Trust::system_file() : config.ca_file.value;
}

std::vector<std::string> files_of(const ServiceTlsConfig& config) {
  std::vector<std::string> files;
  if (config.verify.value) files.push_back(trust_file_of(config));
  for (const auto* const file : {&config.cert_file, &config.key_file})
    if (!file->value.empty()) files.push_back(file->value);
  return files;
}

template <class Config>
FileStamps stamps_of(const Config& config) {
  FileStamps stamps;
  for (const auto& file : files_of(config)) stamps.push_back(FileStamp::of(file));
  return stamps;
}

CivilTime now() {
  return {std::time(nullptr)};
}

// Makes what a configuration speaks of; what was made before if nothing has changed.
class Loader {
 public:
  explicit Loader(const TlsWorkers& workers) : workers_(workers) {}

  template <class Config, class Tls>
  std::expected<void, std::string> add(std::map<std::string, TlsEntry<Config, Tls>>& to,
                                       const std::string& name, const Config& config,
                                       const std::map<std::string, TlsEntry<Config, Tls>>& before) {
    TlsEntry<Config, Tls> entry{config, stamps_of(config), nullptr};
    const auto known = before.find(name);
    if (known != before.end() && known->second.config == config &&
        known->second.stamps == entry.stamps) {
      entry.tls = known->second.tls;
    } else {
      auto made = make(config);
      if (!made) return std::unexpected(fmt::format("{}: {}", name, made.error()));
      entry.tls = std::move(*made);
    }
    to.emplace(name, std::move(entry));
    return {};
  }

 private:
  std::expected<std::shared_ptr<const ServerTls>, std::string> make(
      const ListenerTlsConfig& config) {
    auto certificates = load_certificates(config.certificates, now());
    if (!certificates) return std::unexpected(certificates.error());
    return ServerTls::make(std::move(*certificates), config.min_version, workers_);
  }

  std::expected<std::shared_ptr<const ClientTls>, std::string> make(
      const ServiceTlsConfig& config) {
    ClientTlsTerms terms;
    terms.server_name = config.server_name.value;
    if (config.verify.value) {
      auto trust = trusted(trust_file_of(config));
      if (!trust) return std::unexpected(trust.error());
      terms.trust = std::move(*trust);
    }
    if (!config.cert_file.value.empty()) {
      const CertificateFiles files{config.cert_file.value, config.key_file.value, {}};
      auto loaded = load_certificate(files, now());
      if (!loaded) return std::unexpected(to_text(loaded.error(), files));
      terms.certificate = std::move(loaded->certificate);
    }
    return ClientTls::make(std::move(terms), workers_);
  }

  // Most services trust the same: what the file holds is read once.
  std::expected<std::shared_ptr<const Trust>, std::string> trusted(const std::string& file) {
    auto& known = trust_[file];
    if (known) return known;
    auto loaded = Trust::load(file, workers_);
    if (loaded) known = *loaded;
    return loaded;
  }

  const TlsWorkers& workers_;
  std::map<std::string, std::shared_ptr<const Trust>> trust_;
};

template <class Entries>
auto find(const Entries& entries, const std::string& name) {
  const auto known = entries.find(name);
  return known == entries.end() ? nullptr : known->second.tls;
}

void append_stamps(FileStamps& stamps, const auto& entries) {
  for (const auto& [name, entry] : entries) {
    const auto now = stamps_of(entry.config);
    stamps.insert(stamps.end(), now.begin(), now.end());
  }
}

bool any_differs(const auto& entries) {
  return std::any_of(entries.begin(), entries.end(), [](const auto& entry) {
    return entry.second.stamps != stamps_of(entry.second.config);
  });
}

}  // namespace

FileStamp FileStamp::of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return {.path = path};
  return {.path = path,
          .device = status.st_dev,
          .inode = status.st_ino,
          .size = status.st_size,
          .modified = nanoseconds(status.st_mtim),
          .changed = nanoseconds(status.st_ctim)};
}

std::shared_ptr<const ServerTls> TlsMaterial::of_listener(const std::string& name) const {
  return find(listeners, name);
}

std::shared_ptr<const ClientTls> TlsMaterial::of_service(const std::string& name) const {
  return find(services, name);
}

bool TlsMaterial::services_differ(const TlsMaterial& other) const {
  return std::any_of(services.begin(), services.end(), [&](const auto& entry) {
    return entry.second.tls != other.of_service(entry.first);
  });
}

bool TlsLook::changed(const TlsMaterial& tls) {
  FileStamps now;
  append_stamps(now, tls.listeners);
  append_stamps(now, tls.services);
  const bool settled = now == std::exchange(seen_, now);
  if (!settled || now == refused_) return false;
  return any_differs(tls.listeners) || any_differs(tls.services);
}

std::expected<TlsMaterial, std::string> load_tls(const std::vector<ListenerConfig>& listeners,
                                                 const std::vector<ServiceConfig>& services,
                                                 const TlsMaterial& before,
                                                 const TlsWorkers& workers) {
  TlsMaterial tls;
  Loader loader(workers);
  std::expected<void, std::string> added;
  for (const auto& listener : listeners)
    if (listener.tls && added)
      added = loader.add(tls.listeners, listener.name.value, *listener.tls, before.listeners);
  for (const auto& service : services)
    if (service.tls && added)
      added = loader.add(tls.services, service.service_name.value, *service.tls, before.services);
  if (!added) return std::unexpected(added.error());
  return tls;
}

TlsLoadedAgain load_again(const TlsMaterial& before, const TlsWorkers& workers) {
  TlsLoadedAgain loaded;
  Loader loader(workers);
  const auto again = [&](auto& to, const auto& entries) {
    for (const auto& [name, entry] : entries) {
      const auto added = loader.add(to, name, entry.config, entries);
      if (added) continue;
      loaded.faults.push_back(added.error());
      to.emplace(name, entry);
    }
  };
  again(loaded.tls.listeners, before.listeners);
  again(loaded.tls.services, before.services);
  return loaded;
}

}  // namespace penstock
