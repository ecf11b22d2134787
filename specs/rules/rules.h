#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "specs/complaints.h"
#include "specs/inheritance.h"
#include "specs/inventory.h"
#include "specs/load.h"

// The rules that look beyond one document (domain.md, "Rules of validation"). Each complains about every breach.
namespace switchyard {

// Every name that refers to another document refers to one, and no failover runs in a ring.
void check_references(const Inventory& inventory, const Inheritance& inheritance, Complaints& complaints);
// Names that resources had before are free, and claimed once.
void check_former_names(const Inventory& inventory, Complaints& complaints);
void check_accounts(const Inventory& inventory, Complaints& complaints);
void check_zones(const Inventory& inventory, Complaints& complaints);
void check_clusters(const Inventory& inventory, Complaints& complaints);
void check_carriers(const Inventory& inventory, Complaints& complaints);
void check_media(const Inventory& inventory, Complaints& complaints);
void check_servers(const Inventory& inventory, const Inheritance& inheritance, Complaints& complaints);

// What lies outside of the YAML's own bytes: variables, files, certificates and their dates. Never cached.
struct Outside {
  Timestamp now;  // zero: dates are not looked at
  Severity missing;
  std::function<std::string(const Resource&)> folder_of;  // that a document's paths are relative to
};
void check_secrets(const Inventory& inventory, const Outside& outside, Complaints& complaints);
void check_certificates(const Inventory& inventory, const Inheritance& inheritance, const Outside& outside,
                        Complaints& complaints);

// The words that a provider is known to take; empty where only the provider can tell.
std::span<const std::string_view> known_regions(std::string_view provider);
std::span<const std::string_view> known_sizes(std::string_view provider);

}  // namespace switchyard
