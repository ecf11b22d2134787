#include "specs/locate.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "specs/base/digest.h"
#include "specs/decode.h"
#include "specs/source_text.h"

namespace switchyard {
namespace {

// Puts places where a detail mentions other documents (Complaint::mention).
std::string with_places(const Complaint& complaint, const std::vector<SpecFile>& files) {
  const std::string& detail = complaint.detail;
  std::string out;
  for (std::size_t at = 0; at < detail.size(); ++at) {
    const std::size_t middle = detail[at] == '\x01' ? detail.find('\x02', at) : std::string::npos;
    const std::size_t end = middle == std::string::npos ? middle : detail.find('\x03', middle);
    if (end == std::string::npos) {
      out += detail[at];
      continue;
    }
    const std::size_t file = std::stoul(detail.substr(at + 1, middle - at - 1));
    const std::string line = detail.substr(middle + 1, end - middle - 1);
    out += file == complaint.file ? fmt::format("on line {} of this file", line)
                                  : fmt::format("in {}:{}", files[file].shown, line);
    at = end;
  }
  return out;
}

std::string bytes_of(const SpecFile& file) {
  if (!file.bytes.empty()) return file.bytes;
  std::ifstream stream(file.absolute, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  return fast_hash_hex(bytes) == file.hash ? bytes : "";
}

}  // namespace

void locate(std::vector<Complaint> complaints, const std::vector<SpecFile>& files, Diagnostics& diagnostics) {
  std::map<std::uint32_t, std::multimap<std::uint32_t, Complaint>> by_file;
  for (Complaint& complaint : complaints) {
    complaint.detail = with_places(complaint, files);
    const std::uint32_t file = complaint.file;
    const std::uint32_t document = complaint.document;
    by_file[file].emplace(document, std::move(complaint));
  }
  for (auto& [number, complained] : by_file) {
    auto& of_file = complained;  // clang 14 lets no lambda capture a structured binding
    const std::string bytes = bytes_of(files[number]);
    const SourceText text(files[number].shown, bytes);
    Diagnostics ignored;  // what decoding found is reported already
    parse_yaml(text, YamlLimits{}, ignored, [&](const Document& document, std::uint32_t at) {
      const auto [first, last] = of_file.equal_range(at);
      for (auto each = first; each != last; ++each) {
        const Complaint& complaint = each->second;
        diagnostics.push_back(text.complain(complaint.severity, find_place(document, complaint.path), complaint.message,
                                            complaint.detail));
      }
      of_file.erase(first, last);
    });
    for (const auto& [document, complaint] : of_file) {
      diagnostics.push_back(
          SourceText::complain_of_file(complaint.severity, files[number].shown, complaint.message, complaint.detail));
    }
  }
}

}  // namespace switchyard
