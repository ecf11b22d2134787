#pragma once

#include <string>
#include <vector>

#include "specs/fleet.h"
#include "state/model/observation.h"

namespace switchyard {

// One document of an export, and what a person should know of it.
struct ExportedDocument {
  Key key;
  Fields fields;
  std::vector<std::string> notes;  // written above it as comments

  friend bool operator==(const ExportedDocument&, const ExportedDocument&) = default;
};

// An account as documents of the language whose plan is empty: the account, the zones, clusters and carriers that its
// servers name, and the servers with what is in force on them. Secrets are not known to anybody but the servers:
// variables stand in their place. A server without our mark gets a document as well, with the import that makes it
// ours. Pure.
std::vector<ExportedDocument> export_account(const DesiredAccount& account, const ObservedAccount& observed);

// The document of one server alone, for `import`.
ExportedDocument export_server(const Key& key, const ObservedServer& server, const std::string& zone);

// As one YAML text, documents apart by "---".
std::string to_yaml(const std::vector<ExportedDocument>& documents);

}  // namespace switchyard
