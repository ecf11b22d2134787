#include "providers/sim/world_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "providers/sim/offer.h"
#include "providers/sim/world_json.h"
#include "state/sqlite/migration.h"

namespace switchyard {
namespace {

constexpr std::array<const char*, 2> kSteps = {R"sql(
CREATE TABLE world (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  now INTEGER NOT NULL,             -- milliseconds since 1970, as all times here
  balance INTEGER NOT NULL,         -- 10^-6 of a minor unit
  root TEXT NOT NULL,               -- JSON: settings and counters
  faults TEXT NOT NULL              -- JSON: faults, how often each struck, the generator
) STRICT;
CREATE TABLE server (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  key TEXT, fleet TEXT, uid TEXT,   -- the mark; NULL: none
  role TEXT,
  region TEXT NOT NULL,
  size TEXT NOT NULL,
  phase TEXT NOT NULL,
  created INTEGER NOT NULL,
  ready INTEGER, delivered INTEGER, expires INTEGER, charged_from INTEGER,
  own_price INTEGER,
  price_hidden INTEGER NOT NULL,
  work TEXT,                        -- JSON
  last_action TEXT NOT NULL,
  last_action_state INTEGER NOT NULL,
  last_action_message TEXT NOT NULL,
  applied TEXT NOT NULL,
  digest TEXT NOT NULL,
  peers TEXT NOT NULL,              -- JSON
  fingerprints TEXT NOT NULL,       -- JSON
  next_configuration TEXT,          -- JSON
  channels INTEGER NOT NULL,
  calls_end INTEGER,
  drained INTEGER NOT NULL,
  booted INTEGER,
  release TEXT NOT NULL,
  pending_release TEXT NOT NULL,
  heard INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  removed INTEGER                   -- gone since; kept for listings that lag
) STRICT;
)sql",
                                               R"sql(
ALTER TABLE server ADD COLUMN address TEXT NOT NULL DEFAULT '';  -- of a real one
)sql"};

// "SYsw" in ASCII: a Switchyard simulated world.
constexpr std::int32_t kApplicationId = 0x53597377;

sqlite::Format format() {
  return {.name = "world file", .application_id = kApplicationId, .steps = kSteps};
}

constexpr std::string_view kIfDamaged = "remove it to begin with a fresh world, or put a copy back";

// SQL that names each column once, in the order in which save_server() and load_server() take them.
constexpr std::string_view kColumns =
    "number, name, key, fleet, uid, role, region, size, phase, created, ready, delivered, expires, charged_from, "
    "own_price, "
    "price_hidden, work, last_action, last_action_state, last_action_message, applied, digest, peers, fingerprints, "
    "next_configuration, channels, calls_end, drained, booted, release, pending_release, heard, fence, removed";

Error damaged(std::string_view what) {
  return {ErrorCode::kUnreadable, fmt::format("the world's file holds a {} that makes no sense; {}", what, kIfDamaged)};
}

std::optional<std::string> text_or_nothing(const sqlite::Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return std::string(row.text(column));
}

// Reads a JSON column with `from`; an empty list needs no parser.
template <class T>
Result<T> json_column(const sqlite::Statement& row, int column, Result<T> (*from)(const Json&)) {
  if (row.text(column) == "[]") return T{};
  const Result<Json> json = parse_json(row.text(column));
  if (!json) return json.error();
  return from(*json);
}

Result<SimServer> load_server(const sqlite::Statement& row) {
  int column = 0;
  const auto next_text = [&] { return std::string(row.text(column++)); };
  const auto next_time = [&] { return row.optional_time(column++); };

  SimServer server{.number = row.integer(column++), .name = {}, .region = {}, .size = {}};
  server.name = next_text();
  const std::optional<std::string> key = text_or_nothing(row, column++);
  std::string fleet = next_text();
  std::string uid = next_text();
  if (key) {
    const std::optional<Key> parsed = parse_key(*key);
    if (!parsed) return damaged("mark");
    server.mark = Mark{.fleet = std::move(fleet), .key = *parsed, .uid = std::move(uid)};
  }
  server.role = parse_role(next_text());
  server.region = next_text();
  server.size = next_text();
  const std::optional<Phase> phase = parse_phase(next_text());
  if (!phase) return damaged("phase");
  server.phase = *phase;
  server.created = row.time(column++);
  server.ready = next_time();
  server.delivered = next_time();
  server.expires = next_time();
  server.charged_from = next_time();
  server.own_price = row.optional_integer(column++);
  if (server.own_price.value_or(0) < 0 || server.own_price.value_or(0) > kHighestPrice) return damaged("price");
  server.price_hidden = row.integer(column++) != 0;
  if (!row.is_null(column)) {
    Result<SimWork> work = json_column(row, column, work_from_json);
    if (!work) return work.error();
    server.work = *std::move(work);
  }
  ++column;
  server.last_action = next_text();
  const std::int64_t state = row.integer(column++);
  if (state < 0 || state > 3) return damaged("state of an action");
  server.last_action_state = static_cast<ObservedServer::ActionState>(state);
  server.last_action_message = next_text();
  server.configuration.applied = next_text();
  server.configuration.digest = next_text();
  auto peers = json_column(row, column++, peers_from_json);
  if (!peers) return peers.error();
  server.configuration.peers = *std::move(peers);
  auto fingerprints = json_column(row, column++, pairs_from_json);
  if (!fingerprints) return fingerprints.error();
  server.configuration.fingerprints = *std::move(fingerprints);
  if (!row.is_null(column)) {
    Result<SimConfiguration> next = json_column(row, column, configuration_from_json);
    if (!next) return next.error();
    server.next_configuration = *std::move(next);
  }
  ++column;
  server.channels = row.integer(column++);
  server.calls_end = next_time();
  server.drained = row.integer(column++) != 0;
  server.booted = next_time();
  server.release = next_text();
  server.pending_release = next_text();
  server.heard = row.time(column++);
  server.fence = row.integer(column++);
  server.removed = next_time();
  server.address = next_text();
  return server;
}

std::optional<std::string> as_text(const std::optional<SimWork>& work) {
  if (!work) return std::nullopt;
  return to_string(to_json(*work));
}

std::optional<std::string> as_text(const std::optional<SimConfiguration>& configuration) {
  if (!configuration) return std::nullopt;
  return to_string(to_json(*configuration));
}

Result<std::unique_ptr<sqlite::Database>> open_for_reading(const std::string& path) {
  const auto open_as = [&path](sqlite::Database::Access access) {
    return sqlite::Database::open(path, {.access = access, .if_damaged = std::string(kIfDamaged)});
  };
  // A connection that may write, and does not, takes its -wal and -shm away again when it is closed.
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (::access(path.c_str(), W_OK) == 0 && ::access(folder.empty() ? "." : folder.c_str(), W_OK) == 0) {
    return open_as(sqlite::Database::Access::kReadWrite);
  }
  auto database = open_as(sqlite::Database::Access::kReadOnly);
  if (database && sqlite::version_of(**database, format())) return database;
  // Without permission to write, not even the index of the write-ahead log can be made; then nobody can be writing.
  return open_as(sqlite::Database::Access::kReadOnlyImmutable);
}

// Folders and file are made for their owner only, before SQLite would make the file for everybody. What fails shows
// when it is opened.
void make_for_owner(const std::filesystem::path& file) {
  std::error_code ignored;
  std::vector<std::filesystem::path> missing;
  for (auto at = file.parent_path(); !at.empty() && !std::filesystem::exists(at, ignored); at = at.parent_path()) {
    missing.push_back(at);
  }
  for (auto at = missing.rbegin(); at != missing.rend(); ++at) ::mkdir(at->c_str(), 0700);
  const int handle = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (handle >= 0) ::close(handle);
}

}  // namespace

Result<std::unique_ptr<WorldFile>> WorldFile::open(const std::string& path, Access access) {
  std::error_code error;
  if (access == Access::kRead) {
    if (!std::filesystem::exists(path, error)) {
      return Error{ErrorCode::kNotFound, fmt::format("there is no world file \"{}\"", path)};
    }
    auto database = open_for_reading(path);
    if (!database) return database.error();
    if (auto version = sqlite::version_of(**database, format()); !version) return version.error();
    return std::unique_ptr<WorldFile>(new WorldFile(*std::move(database)));
  }
  make_for_owner(path);
  auto database = sqlite::Database::open(
      path, {.access = sqlite::Database::Access::kCreate, .if_damaged = std::string(kIfDamaged)});
  if (!database) return database.error();
  if (auto version = sqlite::version_of(**database, format()); !version) return version.error();
  if (auto logged = (*database)->use_write_ahead_log(); !logged) return logged.error();
  // A commit survives a crash of the process at once; a simulated world need not survive one of the machine.
  if (auto set = (*database)->set_synchronous(sqlite::Synchronous::kNormal); !set) return set.error();
  if (auto migrated = sqlite::migrate(**database, format()); !migrated) return migrated.error();
  return std::unique_ptr<WorldFile>(new WorldFile(*std::move(database)));
}

Result<std::int64_t> WorldFile::version_of_others() {
  return database_->number("PRAGMA data_version");
}

Result<std::optional<WorldFile::Root>> WorldFile::load_root() {
  const Result<std::int64_t> version = sqlite::version_of(*database_, format());
  if (!version) return version.error();
  if (*version == 0) return std::optional<Root>();
  sqlite::Statement row = database_->prepare("SELECT now, balance, root, faults FROM world");
  const Result<bool> found = row.step();
  if (!found) return found.error();
  if (!*found) return std::optional<Root>();
  const Result<Json> root_json = parse_json(row.text(2));
  if (!root_json) return root_json.error();
  Result<WorldRoot> root = root_from_json(*root_json);
  if (!root) return root.error();
  root->now = row.time(0);
  root->balance_micro_minor = row.integer(1);
  if (!is_amount(root->balance_micro_minor / 1'000'000)) return damaged("balance");
  const Result<Json> faults_json = parse_json(row.text(3));
  if (!faults_json) return faults_json.error();
  Result<FaultBook> faults = FaultBook::from_json(*faults_json);
  if (!faults) return faults.error();
  return std::optional<Root>(Root{.root = *std::move(root), .faults = *std::move(faults)});
}

Result<WorldFile::Servers> WorldFile::load_servers() {
  Servers servers;
  const Result<std::int64_t> version = sqlite::version_of(*database_, format());
  if (!version) return version.error();
  if (*version == 0) return servers;
  const auto read =
      database_
          ->prepare(fmt::format("SELECT {}, {} FROM server ORDER BY number", kColumns, *version < 2 ? "''" : "address"))
          .for_each_row([&servers](const sqlite::Statement& row) -> Result<Done> {
            Result<SimServer> server = load_server(row);
            if (!server) return server.error();
            auto& place = server->removed ? servers.removed : servers.living;
            const std::int64_t number = server->number;
            place.emplace_hint(place.end(), number, *std::move(server));
            return Done{};
          });
  if (!read) return read.error();
  return servers;
}

Result<Done> WorldFile::save_root(const WorldRoot& root, const FaultBook& faults) {
  return database_->prepare("INSERT OR REPLACE INTO world (id, now, balance, root, faults) VALUES (1, ?, ?, ?, ?)")
      .bind(root.now)
      .bind(root.balance_micro_minor)
      .bind(std::string_view(to_string(to_json(root))))
      .bind(std::string_view(to_string(faults.to_json())))
      .run();
}

Result<Done> WorldFile::save_server(const SimServer& server) {
  static const std::string kSql = fmt::format(
      "INSERT OR REPLACE INTO server ({}, address) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
      "?, ?, ?, "
      "?, ?, ?, "
      "?, ?, ?, ?, ?, ?, ?, ?, ?)",
      kColumns);
  const std::optional<Mark>& mark = server.mark;
  using Text = std::optional<std::string>;
  const Text key = mark ? Text(to_string(mark->key)) : Text();
  const Text fleet = mark ? Text(mark->fleet) : Text();
  const Text uid = mark ? Text(mark->uid) : Text();
  const Text role = server.role ? Text(to_string(*server.role)) : Text();
  return database_->prepare(kSql)
      .bind(server.number)
      .bind(std::string_view(server.name))
      .bind_or_null(key)
      .bind_or_null(fleet)
      .bind_or_null(uid)
      .bind_or_null(role)
      .bind(std::string_view(server.region))
      .bind(std::string_view(server.size))
      .bind(to_string(server.phase))
      .bind(server.created)
      .bind_or_null(server.ready)
      .bind_or_null(server.delivered)
      .bind_or_null(server.expires)
      .bind_or_null(server.charged_from)
      .bind_or_null(server.own_price)
      .bind(std::int64_t{server.price_hidden})
      .bind_or_null(as_text(server.work))
      .bind(std::string_view(server.last_action))
      .bind(static_cast<std::int64_t>(server.last_action_state))
      .bind(std::string_view(server.last_action_message))
      .bind(std::string_view(server.configuration.applied))
      .bind(std::string_view(server.configuration.digest))
      .bind(std::string_view(to_string(to_json(server.configuration.peers))))
      .bind(std::string_view(to_string(to_json(server.configuration.fingerprints))))
      .bind_or_null(as_text(server.next_configuration))
      .bind(server.channels)
      .bind_or_null(server.calls_end)
      .bind(std::int64_t{server.drained})
      .bind_or_null(server.booted)
      .bind(std::string_view(server.release))
      .bind(std::string_view(server.pending_release))
      .bind(server.heard)
      .bind(server.fence)
      .bind_or_null(server.removed)
      .bind(std::string_view(server.address))
      .run();
}

Result<Done> WorldFile::erase_server(std::int64_t number) {
  return database_->prepare("DELETE FROM server WHERE number = ?").bind(number).run();
}

}  // namespace switchyard
