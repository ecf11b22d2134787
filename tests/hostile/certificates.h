#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace switchyard {

class Wire;

// What a TLS server shows, and what it can prove it with.
struct ServerIdentity {
  std::string chain;  // PEM
  std::string key;    // PEM
};

// An authority made for one test. Its own certificate is what SSL_CERT_FILE can name.
class Authority {
 public:
  explicit Authority(const std::string& name = "Hostile Test Authority");
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  std::string certificate() const;  // PEM
  // For a DNS name; valid from `from` to `to`, in seconds from now.
  ServerIdentity issue(const std::string& name, long from = -3600, long to = 3600) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

ServerIdentity self_signed(const std::string& name);

// The server's side of TLS.
class TlsSide {
 public:
  explicit TlsSide(const ServerIdentity& identity);
  ~TlsSide();
  TlsSide(const TlsSide&) = delete;
  TlsSide& operator=(const TlsSide&) = delete;
  // nullptr: the other side did not want to.
  std::unique_ptr<Wire> shake_hands(int socket) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard
