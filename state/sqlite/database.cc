#include "state/sqlite/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace switchyard::sqlite {
namespace {

// As a URI, so that parameters can be given and no path has a second meaning.
std::string uri_of(const std::string& path, Database::Access access) {
  std::string uri = path.starts_with('/') ? "file://" : "file:";
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
                       c == '.' || c == '-' || c == '_';
    if (plain) {
      uri += c;
    } else {
      uri += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (access == Database::Access::kReadOnlyImmutable) uri += "?immutable=1";
  return uri;
}

int flags_of(Database::Access access) {
  constexpr int kAlways = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (access) {
    case Database::Access::kReadOnly:
    case Database::Access::kReadOnlyImmutable:
      return kAlways | SQLITE_OPEN_READONLY;
    case Database::Access::kReadWrite:
      return kAlways | SQLITE_OPEN_READWRITE;
    case Database::Access::kCreate:
      return kAlways | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case Database::Access::kMemory:
      return kAlways | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY;
  }
  return kAlways;
}

// The system's own words where there are some: "No space left on device".
std::string system_words(sqlite3* handle) {
  const int number = handle == nullptr ? 0 : sqlite3_system_errno(handle);
  return number == 0 ? std::string() : fmt::format(" ({})", std::strerror(number));
}

std::string damage_message(const std::string& path, std::string_view what, const std::string& if_damaged) {
  return fmt::format("\"{}\" is damaged or not what it should be ({}){}{}", path, what, if_damaged.empty() ? "" : "; ",
                     if_damaged);
}

Error error_for(int code, sqlite3* handle, const std::string& path, const std::string& if_damaged) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {ErrorCode::kStorage,
              fmt::format("\"{}\": the disk is full; nothing was written: make room and try again", path)};
    case SQLITE_IOERR:
    case SQLITE_NOLFS:
      return {ErrorCode::kStorage, fmt::format("\"{}\": {}{}; check the disk and try again", path,
                                               sqlite3_errstr(code & 0xff), system_words(handle))};
    case SQLITE_READONLY:
      return {ErrorCode::kStorage,
              fmt::format("\"{}\" cannot be written; check the permissions of the file and of its folder", path)};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {ErrorCode::kStorage,
              fmt::format("\"{}\" cannot be opened{}; check the permissions of the file and of its folder", path,
                          system_words(handle))};
    case SQLITE_NOMEM:
      return {ErrorCode::kStorage, fmt::format("\"{}\": out of memory", path)};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return {ErrorCode::kLocked, fmt::format("\"{}\" is busy: another process writes to it; try again", path)};
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
      return {ErrorCode::kInvalid, fmt::format("\"{}\" does not take this: {}", path,
                                               handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle))};
    case SQLITE_INTERRUPT:
      return {ErrorCode::kCancelled, fmt::format("\"{}\": interrupted", path)};
    default:  // SQLITE_CORRUPT, SQLITE_NOTADB, and SQLITE_ERROR: tables that are not what they should be
      // A read that the disk fails with EIO is told as damage by SQLite; nobody is to restore a backup for that.
      if ((code & 0xff) == SQLITE_CORRUPT && errno == EIO) {
        return {ErrorCode::kStorage,
                fmt::format("\"{}\": disk I/O error ({}); check the disk and try again", path, std::strerror(EIO))};
      }
      return {ErrorCode::kUnreadable,
              damage_message(path, handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle), if_damaged)};
  }
}

}  // namespace

Statement::Statement(Database& database, sqlite3_stmt* handle, std::optional<Error> failure, std::string sql)
    : database_(&database), handle_(handle), failure_(std::move(failure)), sql_(std::move(sql)) {}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      handle_(std::exchange(other.handle_, nullptr)),
      failure_(std::move(other.failure_)),
      sql_(std::move(other.sql_)),
      next_parameter_(other.next_parameter_) {}

Statement::~Statement() {
  if (handle_ == nullptr) return;
  rewind();
  database_->give_back(std::move(sql_), handle_);
}

void Statement::rewind() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  next_parameter_ = 1;
}

void Statement::check_bound(int code) {
  ++next_parameter_;
  if (code != SQLITE_OK && !failure_) failure_ = database_->error_of(code);
}

Statement& Statement::bind(std::int64_t value) {
  if (handle_ != nullptr) check_bound(sqlite3_bind_int64(handle_, next_parameter_, value));
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  // An empty view may point nowhere, which SQLite would take for NULL.
  if (handle_ != nullptr) {
    check_bound(sqlite3_bind_text64(handle_, next_parameter_, text.empty() ? "" : text.data(), text.size(),
                                    SQLITE_TRANSIENT, SQLITE_UTF8));
  }
  return *this;
}

Statement& Statement::bind(Timestamp time) {
  return bind(std::int64_t{time.time_since_epoch().count()});
}

Statement& Statement::bind_or_null(std::optional<std::int64_t> value) {
  return value ? bind(*value) : bind_null();
}

Statement& Statement::bind_or_null(std::optional<Timestamp> time) {
  return time ? bind(*time) : bind_null();
}

Statement& Statement::bind_or_null(const std::optional<std::string>& text) {
  return text ? bind(std::string_view(*text)) : bind_null();
}

Statement& Statement::bind_blob(std::string_view bytes) {
  if (handle_ != nullptr) {
    check_bound(sqlite3_bind_blob64(handle_, next_parameter_, bytes.empty() ? "" : bytes.data(), bytes.size(),
                                    SQLITE_TRANSIENT));
  }
  return *this;
}

Statement& Statement::bind_null() {
  if (handle_ != nullptr) check_bound(sqlite3_bind_null(handle_, next_parameter_));
  return *this;
}

Result<bool> Statement::step() {
  if (failure_) return *failure_;
  errno = 0;  // asked for where it fails
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->error_of(code);
}

Result<Done> Statement::run() {
  return for_each_row([](const Statement&) { return Done{}; });
}

Result<Done> Statement::for_each_row(const std::function<Result<Done>(const Statement& row)>& take) {
  for (;;) {
    const auto row = step();
    if (!row || !*row) {
      if (handle_ != nullptr) rewind();
      if (!row) return row.error();
      return Done{};
    }
    if (auto taken = take(*this); !taken) {
      rewind();
      return taken;
    }
  }
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_, column);
}

Timestamp Statement::time(int column) const {
  return Timestamp(Duration(integer(column)));
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<Timestamp> Statement::optional_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

std::string_view Statement::text(int column) const {
  return blob(column);
}

std::string_view Statement::blob(int column) const {
  // The pointer first: asking for it may convert, which changes the size.
  const void* bytes = sqlite3_column_blob(handle_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

Database::Database(std::string path, Options options, sqlite3* handle)
    : path_(std::move(path)), options_(std::move(options)), handle_(handle) {}

Database::~Database() {
  for (auto& [sql, handles] : idle_) {
    for (sqlite3_stmt* handle : handles) sqlite3_finalize(handle);
  }
  sqlite3_close_v2(handle_);
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Options options) {
  sqlite3* handle = nullptr;
  const std::string name = options.access == Access::kMemory ? ":memory:" : uri_of(path, options.access);
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags_of(options.access), nullptr);
  if (code != SQLITE_OK) {
    Error error = error_for(code, handle, path, options.if_damaged);
    sqlite3_close(handle);
    return error;
  }
  sqlite3_busy_timeout(handle, static_cast<int>(options.busy_timeout.count()));
  std::unique_ptr<Database> database(new Database(path, std::move(options), handle));
  // These read nothing, so a damaged file is not noticed here but by the first statement that reads.
  if (auto done = database->execute("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;"
                                    "PRAGMA cache_size = -8192;");
      !done) {
    return done.error();
  }
  return database;
}

Statement Database::prepare(std::string_view sql) {
  std::string text(sql);
  if (const auto found = idle_.find(text); found != idle_.end() && !found->second.empty()) {
    sqlite3_stmt* handle = found->second.back();
    found->second.pop_back();
    return {*this, handle, std::nullopt, std::move(text)};
  }
  sqlite3_stmt* handle = nullptr;
  errno = 0;
  const int code = sqlite3_prepare_v3(handle_, text.data(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT,
                                      &handle, nullptr);
  std::optional<Error> failure;
  if (code != SQLITE_OK) failure = error_of(code);
  return {*this, handle, std::move(failure), std::move(text)};
}

void Database::give_back(std::string sql, sqlite3_stmt* handle) {
  idle_[std::move(sql)].push_back(handle);
}

Result<Done> Database::execute(const std::string& sql) {
  errno = 0;
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error_of(code);
  return Done{};
}

Result<std::int64_t> Database::number(std::string_view sql) {
  Statement statement = prepare(sql);
  const auto row = statement.step();
  if (!row) return row.error();
  return *row ? statement.integer(0) : 0;
}

Result<std::string> Database::text(std::string_view sql) {
  Statement statement = prepare(sql);
  const auto row = statement.step();
  if (!row) return row.error();
  return *row ? std::string(statement.text(0)) : std::string();
}

std::int64_t Database::last_row_id() const {
  return sqlite3_last_insert_rowid(handle_);
}

std::int64_t Database::rows_changed() const {
  return sqlite3_changes64(handle_);
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

bool Database::fell_back_to_read_only() const {
  return sqlite3_db_readonly(handle_, "main") == 1;
}

Result<Done> Database::set_synchronous(Synchronous level) {
  if (synchronous_ == level) return Done{};
  auto done = execute(level == Synchronous::kFull ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  if (done) synchronous_ = level;
  return done;
}

Result<Done> Database::use_write_ahead_log() {
  // SQLite does not call the busy handler for this switch, so two processes that make the same file wait here.
  const auto until = std::chrono::steady_clock::now() + options_.busy_timeout;
  for (;;) {
    const auto mode = text("PRAGMA journal_mode = WAL");
    if (mode && *mode == "wal") return execute("PRAGMA journal_size_limit = 16777216");
    if (mode) return Error{ErrorCode::kStorage, fmt::format("\"{}\": its file system cannot keep a state file", path_)};
    if (mode.error().code != ErrorCode::kLocked || std::chrono::steady_clock::now() > until) return mode.error();
    sqlite3_sleep(5);
  }
}

Result<Done> Database::copy_into(Database& target) {
  errno = 0;
  sqlite3_backup* backup = sqlite3_backup_init(target.handle_, "main", handle_, "main");
  if (backup == nullptr) return target.error_of(sqlite3_extended_errcode(target.handle_));
  int code = sqlite3_backup_step(backup, -1);
  for (int waits = 0; (code & 0xff) == SQLITE_BUSY && Duration(waits) * 5 < options_.busy_timeout; ++waits) {
    sqlite3_sleep(5);
    code = sqlite3_backup_step(backup, -1);
  }
  const int finished = sqlite3_backup_finish(backup);
  if (code == SQLITE_DONE && finished == SQLITE_OK) return Done{};
  const int reason = code == SQLITE_DONE ? finished : code;
  // A damaged page is the source's, trouble with writing the target's.
  const bool damaged = (reason & 0xff) == SQLITE_CORRUPT || (reason & 0xff) == SQLITE_NOTADB;
  return damaged ? error_for(reason, nullptr, path_, options_.if_damaged)
                 : error_for(reason, nullptr, target.path_, target.options_.if_damaged);
}

Error Database::error_of(int code) const {
  return error_for(code, handle_, path_, options_.if_damaged);
}

Error Database::damaged(std::string_view what) const {
  return {ErrorCode::kUnreadable, damage_message(path_, what, options_.if_damaged)};
}

Result<Transaction> Transaction::begin(Database& database, Kind kind) {
  auto begun = database.prepare(kind == Kind::kRead ? "BEGIN" : "BEGIN IMMEDIATE").run();
  if (!begun) return begun.error();
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  // Some failures (a full disk) have already rolled back by themselves.
  if (database_ == nullptr || !database_->in_transaction()) return;
  [[maybe_unused]] const auto rolled_back = database_->prepare("ROLLBACK").run();
}

Result<Done> Transaction::commit() {
  auto committed = database_->prepare("COMMIT").run();
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace switchyard::sqlite
