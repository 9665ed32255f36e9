#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "net/tls/client_tls.h"
#include "net/tls/server_tls.h"
#include "net/tls/tls_worker.h"

namespace penstock {

// What tells a file from the one that had its name before.
struct FileStamp {
  std::string path;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = -1;  // -1: there is none.
  std::int64_t modified = 0;
  std::int64_t changed = 0;

  // Blocks.
  static FileStamp of(const std::string& path);
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
using FileStamps = std::vector<FileStamp>;

// What TLS is made of: files that were read, and may change.
template <class Config, class Tls>
struct TlsEntry {
  Config config;
  FileStamps stamps;  // Taken before the files were read.
  std::shared_ptr<const Tls> tls;
};

// All TLS of a configuration, by the names of its listeners and services.
struct TlsMaterial {
  using ForListener = TlsEntry<ListenerTlsConfig, ServerTls>;
  using ForService = TlsEntry<ServiceTlsConfig, ClientTls>;

  std::map<std::string, ForListener> listeners;
  std::map<std::string, ForService> services;

  std::shared_ptr<const ServerTls> of_listener(const std::string& name) const;
  std::shared_ptr<const ClientTls> of_service(const std::string& name) const;
  bool empty() const { return listeners.empty() && services.empty(); }
  bool services_differ(const TlsMaterial& other) const;
};

// Sees files change, and waits until they have settled: a certificate and its key are two files.
class TlsLook {
 public:
  // Whether files of `tls` are others now, and were the same when this was last asked. Blocks.
  bool changed(const TlsMaterial& tls);
  // What was seen last is known to be wrong: not to be told again until it changes.
  void refuse() { refused_ = seen_; }

 private:
  FileStamps seen_;
  FileStamps refused_;
};

// Reads all files; what neither the configuration nor a file has changed stays what it was. The
// error says which file is wrong, and how. Blocks.
std::expected<TlsMaterial, std::string> load_tls(const std::vector<ListenerConfig>& listeners,
                                                 const std::vector<ServiceConfig>& services,
                                                 const TlsMaterial& before,
                                                 const TlsWorkers& workers);
// The same for what was configured before. Where files are wrong, what was made of the ones before
// stays.
struct TlsLoadedAgain {
  TlsMaterial tls;
  std::vector<std::string> faults;
};
TlsLoadedAgain load_again(const TlsMaterial& before, const TlsWorkers& workers);

}  // namespace penstock
