#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "specs/base/result.h"
#include "specs/base/timestamp.h"

struct sqlite3;
struct sqlite3_stmt;

// SQLite wrapped once: ownership by RAII, failures as Result. No other folder includes sqlite3.h.
namespace switchyard::sqlite {

class Database;

// One prepared statement, borrowed from its database's cache. Errors of preparing and binding are kept and come out of
// the first step(), run() or for_each_row(), so that calls can be chained. Must not outlive its database.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();  // back into the cache, reset

  // Each binds the next parameter; the bytes are copied. A Timestamp is kept as milliseconds since 1970.
  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view text);
  Statement& bind(Timestamp time);
  Statement& bind_or_null(std::optional<std::int64_t> value);
  Statement& bind_or_null(std::optional<Timestamp> time);
  Statement& bind_or_null(const std::optional<std::string>& text);
  Statement& bind_blob(std::string_view bytes);
  Statement& bind_null();

  // The next row: true when there is one.
  Result<bool> step();
  // Carries it out to its end and makes it ready to be bound again.
  Result<Done> run();
  // Calls `take` for every row and stops at its first error; ready to be bound again afterwards.
  Result<Done> for_each_row(const std::function<Result<Done>(const Statement& row)>& take);

  // Columns of the current row, from 0. Views hold until the next step.
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  Timestamp time(int column) const;
  std::optional<std::int64_t> optional_integer(int column) const;
  std::optional<Timestamp> optional_time(int column) const;
  std::string_view text(int column) const;
  std::string_view blob(int column) const;

 private:
  friend class Database;
  Statement(Database& database, sqlite3_stmt* handle, std::optional<Error> failure, std::string sql);
  void check_bound(int code);
  void rewind();

  Database* database_;
  sqlite3_stmt* handle_;  // nullptr: could not be prepared, or moved from
  std::optional<Error> failure_;
  std::string sql_;
  int next_parameter_ = 1;
};

enum class Synchronous {
  kNormal,  // a commit survives a crash of the process
  kFull,    // and of the machine
};

// One connection. One thread uses it at a time. Errors of every call: kStorage (disk full, I/O error, read-only, cannot
// be opened), kUnreadable (damaged, or not a database), kLocked (busy for longer than the timeout), kInvalid (a
// constraint of the schema).
class Database {
 public:
  enum class Access {
    kReadOnly,
    kReadOnlyImmutable,  // no locks and no -shm: only where nobody can be writing
    kReadWrite,          // must exist
    kCreate,             // made when missing
    kMemory,             // path is only shown
  };
  struct Options {
    Access access;
    std::string if_damaged;  // what a person does about a damaged file; ends the message of kUnreadable
    Duration busy_timeout = std::chrono::seconds(5);
  };
  static Result<std::unique_ptr<Database>> open(const std::string& path, Options options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& path() const { return path_; }

  // From the cache when this text was prepared before. `sql` is one statement.
  Statement prepare(std::string_view sql);
  // A script of statements without parameters.
  Result<Done> execute(const std::string& sql);
  // The first column of the first row; zero and empty when there is none.
  Result<std::int64_t> number(std::string_view sql);
  Result<std::string> text(std::string_view sql);

  std::int64_t last_row_id() const;
  std::int64_t rows_changed() const;  // by the last statement
  bool in_transaction() const;
  // The file or its folder cannot be written, though write access was asked for.
  bool fell_back_to_read_only() const;

  // Takes effect with the next transaction; costs nothing when it is so already.
  Result<Done> set_synchronous(Synchronous level);
  // Write-ahead logging; a file keeps it. Waits for other connections up to the busy timeout.
  Result<Done> use_write_ahead_log();
  // Copies everything, consistently, over the content of `target`.
  Result<Done> copy_into(Database& target);

  // An Error for SQLite's code `code`, after a call on this connection.
  Error error_of(int code) const;
  // kUnreadable for content that makes no sense although SQLite can read it.
  Error damaged(std::string_view what) const;

 private:
  friend class Statement;
  Database(std::string path, Options options, sqlite3* handle);
  void give_back(std::string sql, sqlite3_stmt* handle);

  std::string path_;
  Options options_;
  sqlite3* handle_;
  std::optional<Synchronous> synchronous_;
  std::unordered_map<std::string, std::vector<sqlite3_stmt*>> idle_;  // prepared and not in use, by SQL
};

// A transaction that is rolled back unless commit() succeeds.
class Transaction {
 public:
  enum class Kind {
    kRead,       // one snapshot for several reads
    kImmediate,  // takes the write lock at once, so that what is read inside still holds at the commit
  };
  static Result<Transaction> begin(Database& database, Kind kind);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  Result<Done> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;  // nullptr: ended
};

}  // namespace switchyard::sqlite
