#include "providers/agent/kamailio/tls_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "specs/base/digest.h"
#include "specs/rules/certificate_facts.h"

namespace switchyard::kamailio {
namespace {

std::string pair_of(const Place& place, const Certificate& certificate) {
  return fmt::format(
      "certificate = {0}/current/{1}.chain.pem\nprivate_key = {0}/current/{1}.key.pem\nmethod = TLSv1.2+\n"
      "verify_certificate = no\nrequire_certificate = no\n",
      place.folder, certificate.name);
}

}  // namespace

std::map<std::string, std::string> tls_files(const Place& place, const Wanted& wanted) {
  std::map<std::string, std::string> files;
  if (!wanted.speaks_tls()) return files;
  const Certificate* first = nullptr;
  const Certificate* client = nullptr;
  for (const Certificate& certificate : wanted.certificates) {
    files[certificate.name + ".chain.pem"] = certificate.chain;
    files[certificate.name + ".key.pem"] = certificate.key;
    if (certificate.side == Certificate::Side::kClient) {
      if (client == nullptr) client = &certificate;
      continue;
    }
    if (first == nullptr) first = &certificate;
  }
  for (const Certificate& certificate : wanted.certificates) {
    const bool for_fqdn = std::ranges::any_of(certificate.domains,
                                              [&](const std::string& domain) { return covers(domain, wanted.fqdn); });
    if (certificate.side == Certificate::Side::kServer && for_fqdn) {
      first = &certificate;
      break;
    }
  }
  std::string text = fmt::format("[server:default]\n{}", pair_of(place, *first));
  for (const Certificate& certificate : wanted.certificates) {
    if (certificate.side != Certificate::Side::kServer) continue;
    for (const std::string& domain : certificate.domains) {
      // Mode 2 takes what lies below a domain, 0 the domain alone (tls module, server_name_mode).
      const bool below = domain.starts_with("*.");
      text += fmt::format("\n[server:any]\n{}server_name = {}\nserver_name_mode = {}\n", pair_of(place, certificate),
                          below ? domain.substr(2) : domain, below ? 2 : 0);
    }
  }
  text += fmt::format("\n[client:default]\n{}",
                      client == nullptr ? "method = TLSv1.2+\nverify_certificate = no\n" : pair_of(place, *client));
  files["tls.cfg"] = text;
  return files;
}

std::string material_of(const std::map<std::string, std::string>& files) {
  if (files.empty()) return {};
  std::string all;
  for (const auto& [name, text] : files) all += fmt::format("{}\n{}\n{}", name, text.size(), text);
  return sha256_hex(all);
}

}  // namespace switchyard::kamailio
