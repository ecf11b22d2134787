#include "state/sqlite/migration.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace switchyard::sqlite {

Result<std::int64_t> version_of(Database& database, const Format& format) {
  // All of it from one moment: between two of these another process may make the file.
  std::optional<Transaction> moment;
  if (!database.in_transaction()) {
    auto begun = Transaction::begin(database, Transaction::Kind::kRead);
    if (!begun) return begun.error();
    moment.emplace(*std::move(begun));
  }
  const auto version = database.number("PRAGMA user_version");
  if (!version) return version.error();
  const auto id = database.number("PRAGMA application_id");
  if (!id) return id.error();
  const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  if (*tables == 0 && *version == 0) return 0;
  if (*id != format.application_id) {
    return Error{ErrorCode::kUnreadable, fmt::format("\"{}\" is a database of another program, not a {}; name another "
                                                     "file, or move this one away",
                                                     database.path(), format.name)};
  }
  if (*version < 0) return database.damaged(fmt::format("its version is {}", *version));
  if (*version > format.version()) {
    return Error{
        ErrorCode::kTooNew,
        fmt::format("\"{}\" is a {} of version {}, written by a newer Switchyard; this one reads up to version "
                    "{}: use the newer program, or restore a backup made before it",
                    database.path(), format.name, *version, format.version())};
  }
  return *version;
}

Result<Done> migrate(Database& database, const Format& format) {
  for (;;) {
    // Looked at without the write lock first: a file that is up to date is opened without waiting for writers.
    const auto before = version_of(database, format);
    if (!before) return before.error();
    if (*before == format.version()) return Done{};

    auto transaction = Transaction::begin(database, Transaction::Kind::kImmediate);
    if (!transaction) return transaction.error();
    const auto version = version_of(database, format);
    if (!version) return version.error();
    if (*version != *before) continue;  // another process was faster
    if (auto done = database.execute(format.steps[static_cast<std::size_t>(*version)]); !done) return done;
    if (auto done = database.execute(
            fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", format.application_id, *version + 1));
        !done) {
      return done;
    }
    if (auto done = transaction->commit(); !done) return done;
  }
}

}  // namespace switchyard::sqlite
