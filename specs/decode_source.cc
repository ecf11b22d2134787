#include "specs/decode_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "specs/base/digest.h"
#include "specs/kinds/schema.h"
#include "specs/packed.h"

namespace switchyard {
namespace {

// Raised whenever the decoder or the packed format changes in a way that the tables do not show.
constexpr int kFormat = 1;
constexpr std::size_t kChecksum = 32;

std::string cache_key(const SpecFile& file) {
  return fmt::format("decoded/{}/{}/{}/{}", kFormat, SWITCHYARD_VERSION, schema_fingerprint(), file.hash);
}

void decode_one(SpecFile& file, DecodedFile& decoded, bool keep_bytes) {
  decoded = decode_file(SourceText(file.shown, file.bytes));
  decoded.resources.shrink_to_fit();
  if (!keep_bytes) std::string().swap(file.bytes);
}

}  // namespace

std::string to_cache(const DecodedFile& file) {
  std::string body;
  pack_number(file.documents, body);
  body += file.resources;
  return fast_hash_hex(body) + body;
}

std::optional<DecodedFile> from_cache(std::string_view bytes) {
  if (bytes.size() <= kChecksum) return std::nullopt;
  const std::string_view body = bytes.substr(kChecksum);
  if (fast_hash_hex(body) != bytes.substr(0, kChecksum)) return std::nullopt;
  Unpacker from(body);
  DecodedFile file;
  file.documents = static_cast<std::uint32_t>(from.number());
  file.resources = from.rest();
  return file;
}

std::vector<DecodedFile> decode_source(SpecSource& source, const LoadOptions& options, bool keep_bytes) {
  std::vector<DecodedFile> decoded(source.files.size());
  std::vector<std::size_t> missed;
  for (std::size_t i = 0; i < source.files.size(); ++i) {
    SpecFile& file = source.files[i];
    const auto cached = options.cache == nullptr ? std::nullopt : options.cache->get(cache_key(file));
    std::optional<DecodedFile> known = cached ? from_cache(*cached) : std::nullopt;
    if (!known) {
      missed.push_back(i);
      continue;
    }
    decoded[i] = *std::move(known);
    if (!keep_bytes) std::string().swap(file.bytes);
  }
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < missed.size(); i = next++) {
      decode_one(source.files[missed[i]], decoded[missed[i]], keep_bytes);
    }
  };
  const std::size_t workers = std::min<std::size_t>(options.threads, missed.size());
  if (workers <= 1) {
    work();
  } else {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < workers; ++i) threads.emplace_back(work);
    work();
  }
  if (options.cache != nullptr) {
    for (const std::size_t i : missed) {
      if (decoded[i].clean()) options.cache->put(cache_key(source.files[i]), to_cache(decoded[i]));
    }
  }
  return decoded;
}

}  // namespace switchyard
