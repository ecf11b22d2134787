#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "specs/base/json.h"
#include "specs/base/key.h"
#include "specs/base/money.h"
#include "state/model/action.h"
#include "state/model/intent.h"
#include "state/model/record.h"
#include "state/sqlite/database.h"

namespace switchyard {

// An error code as it is kept in rows: "storage".
std::string_view to_word(ErrorCode code);

// Reads values out of one row. The first column that makes no sense is kept as failure(); what was asked for is then
// a placeholder.
class RowReader {
 public:
  RowReader(const sqlite::Database& database, const sqlite::Statement& row, std::string_view table)
      : database_(database), row_(row), table_(table) {}

  std::string text(int column) const { return std::string(row_.text(column)); }
  std::int64_t integer(int column) const { return row_.integer(column); }
  bool flag(int column) const { return row_.integer(column) != 0; }
  Timestamp time(int column);
  std::optional<Timestamp> optional_time(int column);
  Key key(int column);
  Action action(int column);
  Intent::Origin origin(int column);
  Outcome::Kind outcome(int column);
  Override::What override_what(int column);
  ErrorCode error_code(int column);
  Json json(int column);
  Money money(int minor_column, int currency_column);

  const std::optional<Error>& failure() const { return failure_; }

 private:
  void fail(std::string_view what, int column);

  const sqlite::Database& database_;
  const sqlite::Statement& row_;
  std::string_view table_;
  std::optional<Error> failure_;
};

}  // namespace switchyard
