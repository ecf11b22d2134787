#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "specs/rules/certificate_facts.h"
#include "specs/rules/rules.h"
#include "specs/scalar.h"
#include "specs/server_fields.h"

namespace switchyard {
namespace {

constexpr auto kSoon = std::chrono::hours(14 * 24);

// What is wrong with who else may read the file of a secret; empty: nothing, or it is no file.
std::string exposure_of(const SecretRef& ref) {
  struct stat found {};
  if (ref.from != SecretRef::From::kFile || ::stat(ref.place.c_str(), &found) != 0) return {};
  // A group is somebody's decision; everybody is an oversight.
  if (!S_ISREG(found.st_mode) || (found.st_mode & S_IROTH) == 0) return {};
  return fmt::format("everybody on this machine may read \"{}\" (mode {:04o}); \"chmod o-rwx\" stops that",
                     shown(ref.place), found.st_mode & 07777U);
}

class CertificateCheck {
 public:
  CertificateCheck(const Inventory& inventory, const Outside& outside, Complaints& complaints);
  void check(const Resource& server, const Effective& effective);
  void check_dates();

 private:
  bool entry_covers(Packed entry, std::string_view fqdn) const;
  void check_domains(const Resource& server, const Effective& effective);

  const Outside& outside_;
  Complaints& complaints_;
  std::map<std::string_view, CertificateFacts> facts_;  // those that could be read
  std::map<std::string_view, const Resource*> documents_;
  std::map<std::string_view, std::string_view> shown_by_;  // certificate -> the first server that shows it
  std::set<std::pair<std::string_view, std::string_view>> checked_domains_;
};

CertificateCheck::CertificateCheck(const Inventory& inventory, const Outside& outside, Complaints& complaints)
    : outside_(outside), complaints_(complaints) {
  for (const Resource& certificate : inventory.all(Kind::kCertificate)) {
    documents_.emplace(certificate.name, &certificate);
    const Packed place = certificate.find("spec.chain");
    if (!place.exists() || place.is_wrong()) continue;
    const Result<std::string> pem = read_secret(secret_ref(place, outside.folder_of(certificate)));
    if (!pem.ok()) {
      complaints.add(outside.missing, certificate, "spec.chain", "a certificate that is not there",
                     pem.error().message);
      continue;
    }
    Result<CertificateFacts> facts = read_certificate(*pem);
    if (facts.ok()) {
      facts_.emplace(certificate.name, *std::move(facts));
    } else {
      complaints.error(certificate, "spec.chain", "not a certificate", facts.error().message);
    }
  }
}

bool CertificateCheck::entry_covers(Packed entry, std::string_view fqdn) const {
  if (entry.find("type").text_or("") != "server") return false;
  const Packed domains = entry.find("domains");
  const auto facts = facts_.find(entry.find("name").text_or(""));
  const bool known = facts != facts_.end();
  bool covered = domains.count() == 0;
  domains.each([&](Packed domain) { covered = covered || covers(domain.text_or(""), fqdn); });
  if (!covered || !known) return covered;
  return std::ranges::any_of(facts->second.names, [&](const std::string& name) { return covers(name, fqdn); });
}

void CertificateCheck::check(const Resource& server, const Effective& effective) {
  const OptionIds& ids = option_ids();
  const bool tls = effective.option(ids.tls).boolean_or(false);
  const bool webrtc = effective.option(ids.webrtc).boolean_or(false);
  check_domains(server, effective);
  if (!tls && !webrtc) return;
  const FieldId option = tls ? ids.tls : ids.webrtc;
  const std::string_view word = tls ? "tls" : "webrtc";
  const std::string place = place_of_option(effective, option);
  const std::string origin = origin_of_option(effective, option);
  const std::string_view fqdn = effective.option(ids.fqdn).text_or("");
  if (effective.option(ids.fqdn).is_wrong()) return;  // wrong, and complained about
  if (fqdn.empty()) {
    return complaints_.error(
        server, place, fmt::format("{} without an fqdn", word),
        fmt::format("{} needs the name that clients check; write options.fqdn, or {}: false{}", word, word, origin));
  }
  const Packed certificates = effective.option(ids.certificates);
  if (certificates.is_wrong()) return;
  if (certificates.count() == 0) {
    return complaints_.error(
        server, place, fmt::format("{} without a certificate", word),
        fmt::format("{} needs a certificate for \"{}\"; write options.certificates, or {}: false{}", word, fqdn, word,
                    origin));
  }
  bool covered = false;
  std::string seen;
  certificates.each([&](Packed entry) {
    const std::string_view name = entry.find("name").text_or("");
    seen += fmt::format("{}\"{}\"", seen.empty() ? "" : ", ", name);
    if (!entry_covers(entry, fqdn)) return;
    covered = true;
    shown_by_.emplace(name, server.name);
  });
  if (covered) return;
  const std::string_view at = effective.layers[ids.fqdn] == Layer::kServer ? "spec.options.fqdn" : "metadata.name";
  complaints_.error(server, at, "no certificate for its name",
                    fmt::format("{} does not cover \"{}\"; add a certificate of type server that does", seen, fqdn));
}

// What the YAML says that a certificate is for, it has to be for.
void CertificateCheck::check_domains(const Resource& server, const Effective& effective) {
  std::size_t index = 0;
  effective.option(option_ids().certificates).each([&](Packed entry) {
    const std::string path = fmt::format("spec.options.certificates[{}].domains", index++);
    const std::string_view name = entry.find("name").text_or("");
    const auto facts = facts_.find(name);
    if (facts == facts_.end()) return;
    entry.find("domains").each([&](Packed domain) {
      const std::string_view wanted = domain.text_or("");
      if (std::ranges::any_of(facts->second.names, [&](const std::string& each) { return covers(each, wanted); }))
        return;
      if (!checked_domains_.emplace(name, wanted).second) return;
      const bool own = effective.layers[option_ids().certificates] == Layer::kServer;
      std::string names;
      for (const std::string& each : facts->second.names)
        names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", shown(each));
      complaints_.error(server, own ? path : "metadata.name", "a certificate for other names",
                        fmt::format("certificate \"{}\" is for {}, not for \"{}\"", name, names, wanted));
    });
  });
}

void CertificateCheck::check_dates() {
  if (outside_.now == Timestamp{}) return;
  for (const auto& [name, facts] : facts_) {
    const Resource& certificate = *documents_.at(name);
    const auto user = shown_by_.find(name);
    const std::string who =
        user == shown_by_.end() ? "no server shows it" : fmt::format("Server/{} shows it", user->second);
    const Severity severity = user == shown_by_.end() ? Severity::kWarning : Severity::kError;
    if (facts.not_after <= outside_.now) {
      complaints_.add(severity, certificate, "spec.chain", "a certificate that has run out",
                      fmt::format("it ended at {}; {}", to_string(facts.not_after), who));
    } else if (facts.not_before > outside_.now) {
      complaints_.add(severity, certificate, "spec.chain", "a certificate that is not valid yet",
                      fmt::format("it begins at {}; {}", to_string(facts.not_before), who));
    } else if (facts.not_after - outside_.now < kSoon) {
      complaints_.warn(certificate, "spec.chain", "a certificate that runs out soon",
                       fmt::format("it ends at {}, in {}; {}", to_string(facts.not_after),
                                   for_people(facts.not_after - outside_.now), who));
    }
  }
}

}  // namespace

void check_secrets(const Inventory& inventory, const Outside& outside, Complaints& complaints) {
  const auto check = [&](Kind kind, std::string_view path) {
    for (const Resource& resource : inventory.all(kind)) {
      const Packed place = resource.find(path);
      if (!place.exists() || place.is_null() || place.is_wrong()) continue;
      const SecretRef ref = secret_ref(place, outside.folder_of(resource));
      const Result<std::string> secret = read_secret(ref);
      if (!secret.ok()) {
        complaints.add(outside.missing, resource, path, "a secret that is not there", secret.error().message);
      } else if (std::string exposure = exposure_of(ref); !exposure.empty()) {
        complaints.warn(resource, path, "a secret that everybody may read", std::move(exposure));
      }
    }
  };
  check(Kind::kAccount, "spec.credentials.token");
  check(Kind::kCarrier, "spec.registration.password");
  check(Kind::kCertificate, "spec.key");
}

void check_certificates(const Inventory& inventory, const Inheritance& inheritance, const Outside& outside,
                        Complaints& complaints) {
  CertificateCheck check(inventory, outside, complaints);
  Effective effective;
  for (const Resource& server : inventory.all(Kind::kServer)) {
    inheritance.resolve(server, effective);
    check.check(server, effective);
  }
  check.check_dates();
}

}  // namespace switchyard
