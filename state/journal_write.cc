#include <fmt/format.h>

#include <algorithm>

#include "state/journal.h"

namespace switchyard::journal {
namespace {

using sqlite::Database;

// A batch may speak of its own intents before they have ids: -1 is its first, -2 its second.
std::int64_t resolved(std::int64_t intent, const std::vector<std::int64_t>& ids) {
  if (intent >= 0) return intent;
  const auto index = static_cast<std::size_t>(-(intent + 1));
  return index < ids.size() ? ids[index] : intent;
}

Result<Done> write_intents(Database& database, const std::vector<Intent>& intents, std::vector<std::int64_t>& ids) {
  auto insert = database.prepare(
      "INSERT INTO intents (resource, account, action, origin, uid, provider_id, written, provider_now, source_path, "
      "request, proof_before, actor, reason, open) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)");
  for (const Intent& intent : intents) {
    auto done = insert.bind(to_string(intent.resource))
                    .bind(intent.account)
                    .bind(to_string(intent.action))
                    .bind(to_string(intent.origin))
                    .bind(intent.uid)
                    .bind(intent.provider_id)
                    .bind(intent.written)
                    .bind_or_null(intent.provider_now)
                    .bind(intent.source_path)
                    .bind(to_string(intent.request))
                    .bind(intent.proof_before)
                    .bind(intent.actor)
                    .bind(intent.reason)
                    .run();
    if (!done) return done;
    ids.push_back(database.last_row_id());
  }
  return Done{};
}

Result<Done> write_outcomes(Database& database, const std::vector<Outcome>& outcomes,
                            const std::vector<std::int64_t>& ids) {
  auto insert = database.prepare(
      "INSERT OR REPLACE INTO outcomes (intent, kind, provider_id, message, at) "
      "VALUES (?, ?, ?, ?, ?)");
  auto mark = database.prepare("UPDATE intents SET open = CASE origin WHEN ?1 THEN ?2 ELSE ?3 END WHERE id = ?4");
  const auto open_after = [](const Outcome& outcome, Intent::Origin origin) {
    return std::int64_t{closes(outcome.kind, origin) ? 0 : 1};
  };
  for (const Outcome& outcome : outcomes) {
    const std::int64_t intent = resolved(outcome.intent, ids);
    auto done = mark.bind(to_string(Intent::Origin::kByHand))
                    .bind(open_after(outcome, Intent::Origin::kByHand))
                    .bind(open_after(outcome, Intent::Origin::kPlanned))
                    .bind(intent)
                    .run();
    if (!done) return done;
    if (database.rows_changed() == 0) {
      return Error{ErrorCode::kInvalid, fmt::format("there is no intent {} that an outcome could belong to", intent)};
    }
    done = insert.bind(intent)
               .bind(to_string(outcome.kind))
               .bind(outcome.provider_id)
               .bind(outcome.message)
               .bind(outcome.at)
               .run();
    if (!done) return done;
  }
  return Done{};
}

Result<Done> write_events(Database& database, const std::vector<Event>& events, const std::vector<std::int64_t>& ids) {
  auto insert = database.prepare(
      "INSERT INTO events (at, resource, account, actor, type, message, intent) VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (const Event& event : events) {
    insert.bind(event.at);
    if (event.resource) {
      insert.bind(to_string(*event.resource));
    } else {
      insert.bind_null();
    }
    insert.bind(event.account).bind(event.actor).bind(event.type).bind(event.message);
    if (event.intent == 0) {
      insert.bind_null();
    } else {
      insert.bind(resolved(event.intent, ids));
    }
    if (auto done = insert.run(); !done) return done;
  }
  return Done{};
}

Result<Done> write_declarations(Database& database, const Batch& batch) {
  auto insert = database.prepare(
      "INSERT OR REPLACE INTO declarations (resource, account, uid, source_path, protect) "
      "VALUES (?, ?, ?, ?, ?)");
  for (const Declaration& declaration : batch.declarations) {
    auto done = insert.bind(to_string(declaration.resource))
                    .bind(declaration.account)
                    .bind(declaration.uid)
                    .bind(declaration.source_path)
                    .bind(std::int64_t{declaration.protect})
                    .run();
    if (!done) return done;
  }
  auto remove = database.prepare("DELETE FROM declarations WHERE resource = ?");
  for (const Key& resource : batch.undeclared) {
    if (auto done = remove.bind(to_string(resource)).run(); !done) return done;
  }
  return Done{};
}

// The newest time on the engine's clock that a batch mentions.
std::optional<Timestamp> newest_time(const Batch& batch) {
  std::optional<Timestamp> newest;
  const auto see = [&newest](Timestamp time) { newest = std::max(newest.value_or(time), time); };
  for (const Intent& intent : batch.intents) see(intent.written);
  for (const Outcome& outcome : batch.outcomes) see(outcome.at);
  for (const Event& event : batch.events) see(event.at);
  for (const GivenUp& given_up : batch.given_up) see(given_up.at);
  return newest;
}

Result<Done> write_given_up(Database& database, const Batch& batch) {
  auto insert = database.prepare("INSERT OR REPLACE INTO given_up (uid, resource, account, at) VALUES (?, ?, ?, ?)");
  for (const GivenUp& given_up : batch.given_up) {
    auto done =
        insert.bind(given_up.uid).bind(to_string(given_up.resource)).bind(given_up.account).bind(given_up.at).run();
    if (!done) return done;
  }
  const auto newest = newest_time(batch);
  if (!newest) return Done{};
  return database.prepare("DELETE FROM given_up WHERE at < ?").bind(*newest - kGivenUpFor).run();
}

Result<Done> write_attempts(Database& database, const Batch& batch) {
  auto insert = database.prepare(
      "INSERT OR REPLACE INTO attempts (resource, action, failures, last, next_try, message) "
      "VALUES (?, ?, ?, ?, ?, ?)");
  for (const Attempts& attempts : batch.attempts) {
    auto done = insert.bind(to_string(attempts.resource))
                    .bind(to_string(attempts.action))
                    .bind(attempts.failures)
                    .bind(attempts.last)
                    .bind(attempts.next_try)
                    .bind(attempts.message)
                    .run();
    if (!done) return done;
  }
  auto remove = database.prepare("DELETE FROM attempts WHERE resource = ? AND action = ?");
  for (const auto& [resource, action] : batch.succeeded) {
    if (auto done = remove.bind(to_string(resource)).bind(to_string(action)).run(); !done) return done;
  }
  return Done{};
}

Result<Done> write_overrides(Database& database, const Batch& batch) {
  auto insert = database.prepare(
      "INSERT OR REPLACE INTO overrides (resource, what, who, why, since, until) "
      "VALUES (?, ?, ?, ?, ?, ?)");
  for (const Override& one : batch.overrides) {
    auto done = insert.bind(to_string(one.resource))
                    .bind(to_string(one.what))
                    .bind(one.who)
                    .bind(one.why)
                    .bind(one.since)
                    .bind_or_null(one.until)
                    .run();
    if (!done) return done;
  }
  auto remove = database.prepare("DELETE FROM overrides WHERE resource = ? AND what = ?");
  for (const auto& [resource, what] : batch.lifted) {
    if (auto done = remove.bind(to_string(resource)).bind(to_string(what)).run(); !done) return done;
  }
  return Done{};
}

Result<Done> write_conditions(Database& database, const Batch& batch) {
  auto insert = database.prepare(
      "INSERT OR REPLACE INTO conditions (resource, type, status, reason, message, since) "
      "VALUES (?, ?, ?, ?, ?, ?)");
  for (const Condition& condition : batch.conditions) {
    auto done = insert.bind(to_string(condition.resource))
                    .bind(condition.type)
                    .bind(std::int64_t{condition.status})
                    .bind(condition.reason)
                    .bind(condition.message)
                    .bind(condition.since)
                    .run();
    if (!done) return done;
  }
  return Done{};
}

Result<Done> write_ledger(Database& database, const Batch& batch) {
  // Only what differs from the account's last line: a balance is read at every look and seldom changes.
  auto insert = database.prepare(
      "INSERT INTO ledger (account, minor, currency, at) SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM (SELECT "
      "minor, currency FROM ledger WHERE account = ?1 ORDER BY id DESC LIMIT 1) WHERE minor = ?2 AND currency = ?3)");
  for (const LedgerEntry& entry : batch.ledger) {
    auto done =
        insert.bind(entry.account).bind(entry.amount.minor).bind(entry.amount.currency.code()).bind(entry.at).run();
    if (!done) return done;
  }
  return Done{};
}

}  // namespace

bool is_input_of_a_plan(const Batch& batch) {
  return !batch.intents.empty() || !batch.outcomes.empty() || !batch.declarations.empty() ||
         !batch.undeclared.empty() || !batch.given_up.empty() || !batch.attempts.empty() || !batch.succeeded.empty() ||
         !batch.overrides.empty() || !batch.lifted.empty();
}

Result<std::vector<std::int64_t>> write(Database& database, const Batch& batch) {
  std::vector<std::int64_t> ids;
  if (auto done = write_intents(database, batch.intents, ids); !done) return done.error();
  if (auto done = write_outcomes(database, batch.outcomes, ids); !done) return done.error();
  if (auto done = write_events(database, batch.events, ids); !done) return done.error();
  if (auto done = write_declarations(database, batch); !done) return done.error();
  if (auto done = write_given_up(database, batch); !done) return done.error();
  if (auto done = write_attempts(database, batch); !done) return done.error();
  if (auto done = write_overrides(database, batch); !done) return done.error();
  if (auto done = write_conditions(database, batch); !done) return done.error();
  if (auto done = write_ledger(database, batch); !done) return done.error();
  return ids;
}

}  // namespace switchyard::journal
