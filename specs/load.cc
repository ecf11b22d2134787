#include "specs/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "specs/assemble.h"
#include "specs/decode_source.h"
#include "specs/locate.h"
#include "specs/rules/rules.h"
#include "specs/source_text.h"

namespace switchyard {
namespace {

// Up to here a source's bytes are kept for positions; above, files that need one are read again.
constexpr std::size_t kKeptBytes = 8U << 20U;

void sort_diagnostics(Diagnostics& diagnostics) {
  const auto place = [](const Diagnostic& each) {
    return std::tie(each.file, each.line, each.column, each.severity, each.message, each.detail);
  };
  std::ranges::stable_sort(diagnostics, [&](const Diagnostic& a, const Diagnostic& b) { return place(a) < place(b); });
  diagnostics.erase(std::unique(diagnostics.begin(), diagnostics.end()), diagnostics.end());
}

void refuse_empty(const SpecSource& source, const std::vector<DecodedFile>& decoded, Diagnostics& diagnostics) {
  std::uint32_t documents = 0;
  bool unreadable = has_errors(diagnostics);
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    documents += decoded[i].documents;
    unreadable = unreadable || decoded[i].lost;
    if (decoded[i].documents > 0 || decoded[i].lost) continue;
    diagnostics.push_back(SourceText::complain_of_file(Severity::kWarning, source.files[i].shown, "no document in it",
                                                       "the file declares nothing; remove it, or write a resource"));
  }
  if (documents > 0 || unreadable) return;
  const std::string where = !source.files.empty()   ? source.files.front().shown
                            : !source.scope.empty() ? source.scope.front()
                                                    : "";
  diagnostics.push_back(SourceText::complain_of_file(
      Severity::kError, where, "no resource at all",
      "nothing is declared here; an empty source plans nothing, so that a wrong path destroys nothing"));
}

void check_all(const Specs& specs, const LoadOptions& options, Complaints& complaints) {
  const Inventory& inventory = specs.inventory();
  const Inheritance& inheritance = specs.inheritance();
  check_references(inventory, inheritance, complaints);
  check_former_names(inventory, complaints);
  check_accounts(inventory, complaints);
  check_zones(inventory, complaints);
  check_clusters(inventory, complaints);
  check_carriers(inventory, complaints);
  check_media(inventory, complaints);
  check_servers(inventory, inheritance, complaints);
  const Outside outside{
      .now = options.now,
      .missing = options.missing_secret == LoadOptions::Missing::kError ? Severity::kError : Severity::kWarning,
      .folder_of = [&](const Resource& resource) { return specs.folder_of(resource); }};
  check_secrets(inventory, outside, complaints);
  check_certificates(inventory, inheritance, outside, complaints);
}

}  // namespace

LoadedSpecs load(SpecSource source, const LoadOptions& options) {
  LoadedSpecs loaded;
  loaded.diagnostics = std::move(source.diagnostics);
  std::size_t bytes = 0;
  for (const SpecFile& file : source.files) bytes += file.bytes.size();
  std::vector<DecodedFile> decoded = decode_source(source, options, bytes <= kKeptBytes);
  refuse_empty(source, decoded, loaded.diagnostics);

  std::vector<FileName> names;
  std::vector<std::string> resources;
  bool lost = has_errors(loaded.diagnostics);
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    names.push_back({source.files[i].shown, source.files[i].absolute, source.files[i].hash});
    resources.push_back(std::move(decoded[i].resources));
    lost = lost || decoded[i].lost;
    std::ranges::move(decoded[i].complaints, std::back_inserter(loaded.diagnostics));
  }
  decoded = {};

  Complaints complaints;
  auto specs = std::make_unique<Specs>(std::move(names), std::move(resources), lost, complaints);
  check_all(*specs, options, complaints);
  locate(complaints.take(), source.files, loaded.diagnostics);
  sort_diagnostics(loaded.diagnostics);
  source.files = {};

  if (loaded.ok()) specs->assemble(loaded.fleet);
  loaded.fleet.scope = std::move(source.scope);
  loaded.fleet.field_source = specs.get();
  loaded.field_source = std::move(specs);
  return loaded;
}

}  // namespace switchyard
