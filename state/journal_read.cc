#include <algorithm>
#include <functional>
#include <limits>
#include <string>
#include <tuple>

#include "state/journal.h"
#include "state/rows.h"

namespace switchyard::journal {
namespace {

using sqlite::Database;
using sqlite::Statement;

// Everything that `statement` finds, each row made by `make`.
template <class T>
Result<std::vector<T>> rows(Database& database, Statement& statement, std::string_view table,
                            const std::function<T(RowReader& in, const Statement& row)>& make) {
  std::vector<T> found;
  auto read = statement.for_each_row([&](const Statement& row) -> Result<Done> {
    RowReader in(database, row, table);
    found.push_back(make(in, row));
    if (in.failure()) return *in.failure();
    return Done{};
  });
  if (!read) return read.error();
  return found;
}

// A limit of 0 is none.
std::int64_t at_most(std::int64_t limit) {
  return limit > 0 ? limit : std::numeric_limits<std::int64_t>::max();
}

constexpr std::string_view kSelectIntents =
    "SELECT i.id, i.resource, i.account, i.action, i.origin, i.uid, i.provider_id, i.written, i.provider_now, "
    "i.source_path, i.request, i.proof_before, i.actor, i.reason, o.kind, o.provider_id, o.message, o.at "
    "FROM intents i LEFT JOIN outcomes o ON o.intent = i.id ";

Intent intent_of(RowReader& in) {
  return {.id = in.integer(0),
          .resource = in.key(1),
          .account = in.text(2),
          .action = in.action(3),
          .origin = in.origin(4),
          .uid = in.text(5),
          .provider_id = in.text(6),
          .written = in.time(7),
          .provider_now = in.optional_time(8),
          .source_path = in.text(9),
          .request = in.json(10),
          .proof_before = in.text(11),
          .actor = in.text(12),
          .reason = in.text(13)};
}

std::optional<Outcome> outcome_of(RowReader& in, const Statement& row) {
  if (row.is_null(14)) return std::nullopt;
  return Outcome{.intent = in.integer(0),
                 .kind = in.outcome(14),
                 .provider_id = in.text(15),
                 .message = in.text(16),
                 .at = in.time(17)};
}

}  // namespace

Result<std::vector<OpenIntent>> open_intents(Database& database) {
  auto select = database.prepare(std::string(kSelectIntents) + "WHERE i.open = 1 ORDER BY i.id");
  return rows<OpenIntent>(database, select, "intents", [](RowReader& in, const Statement& row) {
    return OpenIntent{.intent = intent_of(in), .outcome = outcome_of(in, row)};
  });
}

Result<std::vector<std::pair<Intent, std::optional<Outcome>>>> intents_of(Database& database, const Key& resource,
                                                                          std::int64_t limit) {
  auto select = database.prepare(std::string(kSelectIntents) + "WHERE i.resource = ? ORDER BY i.id DESC LIMIT ?");
  select.bind(to_string(resource)).bind(at_most(limit));
  auto found = rows<std::pair<Intent, std::optional<Outcome>>>(
      database, select, "intents",
      [](RowReader& in, const Statement& row) { return std::pair(intent_of(in), outcome_of(in, row)); });
  if (found) std::ranges::reverse(*found);
  return found;
}

Result<std::vector<DoneChange>> done_changes(Database& database, Timestamp since) {
  // Ids grow with time: the newest of the old ones ends the walk, however long the journal is.
  auto select = database.prepare(
      "SELECT i.account, i.provider_id, i.uid, i.request, o.at FROM intents i JOIN outcomes o ON o.intent = i.id "
      "WHERE i.id > coalesce((SELECT id FROM intents WHERE written < ? ORDER BY id DESC LIMIT 1), 0) "
      "AND i.action NOT IN ('create', 'replace', 'delete') AND o.kind = 'done' AND o.at >= ? ORDER BY i.id");
  select.bind(since < Timestamp::min() + kLongestChange ? Timestamp::min() : since - kLongestChange).bind(since);
  return rows<DoneChange>(database, select, "intents", [](RowReader& in, const Statement&) {
    return DoneChange{.account = in.text(0),
                      .provider_id = in.text(1),
                      .uid = in.text(2),
                      .mark = parse_key(in.json(3).string_or("mark", "")),
                      .at = in.time(4)};
  });
}

Result<std::vector<Declaration>> declarations(Database& database) {
  auto select = database.prepare("SELECT resource, account, uid, source_path, protect FROM declarations");
  auto found = rows<Declaration>(database, select, "declarations", [](RowReader& in, const Statement&) {
    return Declaration{.resource = in.key(0),
                       .account = in.text(1),
                       .uid = in.text(2),
                       .source_path = in.text(3),
                       .protect = in.flag(4)};
  });
  if (found) std::ranges::sort(*found, {}, &Declaration::resource);
  return found;
}

Result<std::vector<GivenUp>> given_up(Database& database, Timestamp now) {
  auto select = database.prepare("SELECT uid, resource, account, at FROM given_up WHERE at >= ? ORDER BY uid");
  // Before the beginning of time there is nothing to leave out.
  select.bind(now < Timestamp::min() + kGivenUpFor ? Timestamp::min() : now - kGivenUpFor);
  return rows<GivenUp>(database, select, "given_up", [](RowReader& in, const Statement&) {
    return GivenUp{.uid = in.text(0), .resource = in.key(1), .account = in.text(2), .at = in.time(3)};
  });
}

Result<std::vector<Attempts>> attempts(Database& database) {
  auto select = database.prepare("SELECT resource, action, failures, last, next_try, message FROM attempts");
  auto found = rows<Attempts>(database, select, "attempts", [](RowReader& in, const Statement&) {
    return Attempts{.resource = in.key(0),
                    .action = in.action(1),
                    .failures = in.integer(2),
                    .last = in.time(3),
                    .next_try = in.time(4),
                    .message = in.text(5)};
  });
  if (found) {
    std::ranges::sort(*found, {}, [](const Attempts& one) { return std::tie(one.resource, one.action); });
  }
  return found;
}

Result<std::vector<Override>> overrides(Database& database, Timestamp now) {
  auto select =
      database.prepare("SELECT resource, what, who, why, since, until FROM overrides WHERE until IS NULL OR until > ?");
  select.bind(now);
  auto found = rows<Override>(database, select, "overrides", [](RowReader& in, const Statement&) {
    return Override{.what = in.override_what(1),
                    .resource = in.key(0),
                    .who = in.text(2),
                    .why = in.text(3),
                    .since = in.time(4),
                    .until = in.optional_time(5)};
  });
  if (found) std::ranges::sort(*found, {}, [](const Override& one) { return std::tie(one.resource, one.what); });
  return found;
}

Result<std::vector<Condition>> conditions(Database& database, const std::optional<Key>& resource) {
  constexpr std::string_view kColumns = "SELECT resource, type, status, reason, message, since FROM conditions";
  auto select = database.prepare(std::string(kColumns) + (resource ? " WHERE resource = ?" : ""));
  if (resource) select.bind(to_string(*resource));
  auto found = rows<Condition>(database, select, "conditions", [](RowReader& in, const Statement&) {
    return Condition{.resource = in.key(0),
                     .type = in.text(1),
                     .status = in.flag(2),
                     .reason = in.text(3),
                     .message = in.text(4),
                     .since = in.time(5)};
  });
  if (found) std::ranges::sort(*found, {}, [](const Condition& one) { return std::tie(one.resource, one.type); });
  return found;
}

Result<std::vector<Event>> events(Database& database, const EventFilter& filter) {
  // One text for each combination, so that each finds its index.
  std::string sql = "SELECT id, at, resource, account, actor, type, message, intent FROM events WHERE id > ?";
  if (filter.resource) sql += " AND resource = ?";
  if (filter.actor) sql += " AND actor = ?";
  if (filter.since) sql += " AND at >= ?";
  auto select = database.prepare(sql + " ORDER BY id DESC LIMIT ?");
  select.bind(filter.after_id);
  if (filter.resource) select.bind(to_string(*filter.resource));
  if (filter.actor) select.bind(*filter.actor);
  if (filter.since) select.bind(*filter.since);
  select.bind(at_most(filter.limit));
  auto found = rows<Event>(database, select, "events", [](RowReader& in, const Statement& row) {
    Event event{.id = in.integer(0),
                .at = in.time(1),
                .resource = {},
                .account = in.text(3),
                .actor = in.text(4),
                .type = in.text(5),
                .message = in.text(6),
                .intent = in.integer(7)};
    if (!row.is_null(2)) event.resource = in.key(2);
    return event;
  });
  if (found) std::ranges::reverse(*found);
  return found;
}

Result<std::vector<LedgerEntry>> ledger(Database& database, std::string_view account, std::int64_t limit) {
  auto select =
      database.prepare("SELECT account, minor, currency, at FROM ledger WHERE account = ? ORDER BY id DESC LIMIT ?");
  select.bind(account).bind(at_most(limit));
  auto found = rows<LedgerEntry>(database, select, "ledger", [](RowReader& in, const Statement&) {
    return LedgerEntry{.account = in.text(0), .amount = in.money(1, 2), .at = in.time(3)};
  });
  if (found) std::ranges::reverse(*found);
  return found;
}

}  // namespace switchyard::journal
