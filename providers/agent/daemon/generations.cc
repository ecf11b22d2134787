#include "providers/agent/daemon/generations.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <utility>

#include "providers/agent/daemon/configuration_json.h"
#include "providers/agent/daemon/durable_file.h"

namespace switchyard {
namespace {

constexpr std::string_view kFacts = "generation.json";

std::optional<std::int64_t> number_of(std::string_view name) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || number < 1) return std::nullopt;
  return number;
}

bool is_plain(std::string_view name) {
  return !name.empty() && name != kFacts && name.find('/') == std::string_view::npos && !name.starts_with('.');
}

}  // namespace

Generations::Generations(std::string folder) : folder_(std::move(folder)) {}

std::string Generations::path(std::int64_t number) const {
  return folder_ + "/generations/" + std::to_string(number);
}

std::vector<std::int64_t> Generations::numbers() const {
  std::vector<std::int64_t> numbers;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/generations", error)) {
    if (const auto number = number_of(entry.path().filename().string())) numbers.push_back(*number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

std::optional<std::int64_t> Generations::named_by(const std::string& link) const {
  std::error_code error;
  const auto target = std::filesystem::read_symlink(folder_ + "/" + link, error);
  if (error) return std::nullopt;
  return number_of(target.filename().string());
}

Result<Done> Generations::write_files(const Generation& generation) const {
  const std::string folder = path(generation.number);
  for (const auto& [name, text] : generation.rendered.files) {
    if (!is_plain(name)) return Error{ErrorCode::kInvalid, "\"" + name + "\" is no name for a file"};
    if (auto done = write_durably(folder + "/" + name, text); !done) return done;
  }
  Json facts = stored_json(generation.rendered);
  facts.set("wanted", stored_json(generation.wanted));
  return write_durably(folder + "/" + std::string(kFacts), to_string(facts));
}

Result<Generation> Generations::make(const Configuration& wanted, const Rendered& rendered) {
  if (auto done = make_folder(folder_ + "/generations"); !done) return done.error();
  const std::vector<std::int64_t> before = numbers();
  const auto current = named_by("current");
  const auto good = named_by("good");
  Generation generation{.number = 1, .wanted = wanted, .rendered = rendered};
  for (const std::int64_t number : before) {
    generation.number = number + 1;
    // Begun and left by a crash, or refused: without its last file nothing can ever name it.
    if (number != current && number != good && !read_text(path(number) + "/" + std::string(kFacts)).ok()) {
      if (auto done = remove(number); !done) return done.error();
    }
  }
  if (auto done = make_folder(path(generation.number)); !done) return done.error();
  if (auto done = write_files(generation); !done) return done.error();
  return generation;
}

Result<Done> Generations::rewrite(const Generation& generation) {
  return write_files(generation);
}

Result<Done> Generations::remove(std::int64_t number) {
  return remove_folder(path(number));
}

Result<Done> Generations::make_current(std::int64_t number) {
  return point_link(folder_ + "/current", "generations/" + std::to_string(number));
}

Result<Done> Generations::forget_current() {
  const std::string link = folder_ + "/current";
  if (::unlink(link.c_str()) == 0 || errno == ENOENT) return Done{};
  return Error{ErrorCode::kStorage, "could not remove \"" + link + "\": " + std::strerror(errno)};
}

Result<Done> Generations::mark_good(std::int64_t number) {
  if (named_by("good") != number) {
    if (auto done = point_link(folder_ + "/good", "generations/" + std::to_string(number)); !done) return done;
  }
  std::vector<std::int64_t> all = numbers();
  const auto current = named_by("current");
  std::size_t kept = all.size();
  for (const std::int64_t old : all) {
    if (kept <= kKept) break;
    if (old == number || old == current) continue;
    if (auto done = remove(old); !done) return done;
    --kept;
  }
  return Done{};
}

Result<std::optional<Generation>> Generations::read(std::optional<std::int64_t> number) const {
  if (!number) return std::optional<Generation>();
  const std::string folder = path(*number);
  const Result<std::string> text = read_text(folder + "/" + std::string(kFacts));
  if (!text) return Error{ErrorCode::kUnreadable, "generation " + std::to_string(*number) + " is damaged"};
  const Result<Json> facts = parse_json(*text);
  if (!facts) return facts.error();
  const Json* wanted = facts->find("wanted");
  if (wanted == nullptr) return Error{ErrorCode::kUnreadable, "generation " + std::to_string(*number) + " is damaged"};
  Result<Configuration> configuration = configuration_from_stored(*wanted);
  if (!configuration) return configuration.error();
  Result<Rendered> rendered = rendered_from_stored(*facts);
  if (!rendered) return rendered.error();
  for (auto& [name, content] : rendered->files) {
    Result<std::string> file = read_text(folder + "/" + name);
    if (!file) return Error{ErrorCode::kUnreadable, "generation " + std::to_string(*number) + " is damaged"};
    content = *std::move(file);
  }
  return std::optional(
      Generation{.number = *number, .wanted = *std::move(configuration), .rendered = *std::move(rendered)});
}

Result<std::optional<Generation>> Generations::current() const {
  return read(named_by("current"));
}

Result<std::optional<Generation>> Generations::good() const {
  return read(named_by("good"));
}

}  // namespace switchyard
