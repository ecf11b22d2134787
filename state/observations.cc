#include "state/observations.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "specs/base/json.h"
#include "state/encoding.h"
#include "state/rows.h"

namespace switchyard {
namespace {

constexpr Duration kReadingAge = std::chrono::hours(1);

constexpr std::string_view kAccountColumns =
    "name, minor, currency, balance_at, catalogue, listed, trouble, trouble_code, retry_after, looked";

// The same account row gives the same text.
std::string text_of(const ObservedAccount& account, const std::optional<std::string>& catalogue) {
  std::string text;
  const auto add = [&text](const auto& part) {
    text += part;
    text += '\0';
  };
  if (account.balance) {
    add(std::to_string(account.balance->amount.minor));
    add(account.balance->amount.currency.code());
    add(std::to_string(account.balance->at.time_since_epoch().count()));
  }
  text += '|';
  if (catalogue) add(*catalogue);
  text += '|';
  if (account.listed) add(std::to_string(account.listed->time_since_epoch().count()));
  text += '|';
  if (account.looked) add(std::to_string(account.looked->time_since_epoch().count()));
  text += '|';
  if (account.trouble) {
    add(account.trouble->message);
    add(to_word(account.trouble->code));
    if (account.trouble->retry_after) add(std::to_string(account.trouble->retry_after->count()));
  }
  return text;
}

std::optional<std::string> catalogue_text(const ObservedAccount& account) {
  if (!account.catalogue) return std::nullopt;
  return to_string(to_json(*account.catalogue));
}

Result<ObservedAccount> account_from(const sqlite::Database& database, const sqlite::Statement& row) {
  RowReader in(database, row, "accounts");
  ObservedAccount account{.name = in.text(0),
                          .balance = {},
                          .catalogue = {},
                          .listed = in.optional_time(5),
                          .looked = in.optional_time(9),
                          .trouble = {},
                          .servers = {}};
  if (!row.is_null(1)) account.balance = Balance{.amount = in.money(1, 2), .at = in.time(3)};
  if (!row.is_null(4)) {
    const Json json = in.json(4);
    if (in.failure()) return *in.failure();
    auto catalogue = catalogue_from_json(json);
    if (!catalogue) return database.damaged(catalogue.error().message);
    account.catalogue = std::move(*catalogue);
  }
  if (!row.is_null(6)) {
    account.trouble = Error{.code = in.error_code(7), .message = in.text(6)};
    if (!row.is_null(8)) account.trouble->retry_after = Duration(row.integer(8));
  }
  if (in.failure()) return *in.failure();
  return account;
}

}  // namespace

void Observations::forget() {
  known_.clear();
}

Result<Observations::Rows*> Observations::rows_of(const std::string& account) {
  if (const auto found = known_.find(account); found != known_.end()) return &found->second;
  Rows rows;
  auto stored = database_->prepare("SELECT " + std::string(kAccountColumns) + " FROM accounts WHERE name = ?")
                    .bind(account)
                    .for_each_row([&](const sqlite::Statement& row) -> Result<Done> {
                      auto read = account_from(*database_, row);
                      if (!read) return read.error();
                      rows.account = text_of(*read, catalogue_text(*read));
                      return Done{};
                    });
  if (!stored) return stored.error();
  auto servers =
      database_->prepare("SELECT id, slot, hash, seen FROM servers WHERE account = ?")
          .bind(account)
          .for_each_row([&](const sqlite::Statement& row) {
            rows.servers.emplace(row.text(0),
                                 Row{.slot = row.integer(1), .hash = row.integer(2), .seen = row.time(3), .turn = 0});
            return Done{};
          });
  if (!servers) return servers.error();
  return &known_.emplace(account, std::move(rows)).first->second;
}

Result<bool> Observations::save(const ObservedAccount& account) {
  auto found = rows_of(account.name);
  if (!found) return found.error();
  Rows& rows = **found;
  ++turn_;
  const auto saved = save_account(account, rows);
  if (!saved) return saved.error();
  bool wrote = *saved;
  rows.servers.reserve(account.servers.size());
  for (const ObservedServer& server : account.servers) {
    const auto written = write_server(account.name, server, rows);
    if (!written) return written.error();
    wrote = wrote || *written;
  }
  const auto removed = remove_unnamed(account.name, rows);
  if (!removed) return removed.error();
  rows.listed = account.listed;
  return wrote || *removed;
}

Result<bool> Observations::save_times(const ObservedAccount& account) {
  const auto found = known_.find(account.name);
  if (found == known_.end() || !found->second.listed || !account.listed ||
      *account.listed - *found->second.listed > kReadingAge) {
    return save(account);
  }
  return save_account(account, found->second);
}

Result<bool> Observations::save_account(const ObservedAccount& account, Rows& rows) {
  std::string text = text_of(account, catalogue_text(account));
  if (text == rows.account) return false;
  if (auto done = write_account(account); !done) return done.error();
  rows.account = std::move(text);
  return true;
}

Result<Done> Observations::write_account(const ObservedAccount& account) {
  auto insert = database_->prepare(
      "INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET minor = "
      "excluded.minor, "
      "currency = excluded.currency, balance_at = excluded.balance_at, catalogue = excluded.catalogue, "
      "listed = excluded.listed, trouble = excluded.trouble, trouble_code = excluded.trouble_code, "
      "retry_after = excluded.retry_after, looked = excluded.looked");
  insert.bind(account.name);
  if (account.balance) {
    insert.bind(account.balance->amount.minor).bind(account.balance->amount.currency.code()).bind(account.balance->at);
  } else {
    insert.bind_null().bind_null().bind_null();
  }
  insert.bind_or_null(catalogue_text(account)).bind_or_null(account.listed);
  if (account.trouble) {
    insert.bind(account.trouble->message).bind(to_word(account.trouble->code));
  } else {
    insert.bind_null().bind_null();
  }
  if (account.trouble && account.trouble->retry_after) {
    insert.bind(std::int64_t{account.trouble->retry_after->count()});
  } else {
    insert.bind_null();
  }
  insert.bind_or_null(account.looked);
  return insert.run();
}

Result<bool> Observations::write_server(const std::string& account, const ObservedServer& server, Rows& rows) {
  body_.clear();
  encode_body(server, body_);
  const std::int64_t hash = hash_of_body(body_);
  const auto found = rows.servers.find(server.id);
  const bool known = found != rows.servers.end();
  if (known) {
    found->second.turn = turn_;
    if (found->second.hash == hash && server.seen - found->second.seen <= kReadingAge) return false;
  }
  std::int64_t slot = known ? found->second.slot : 0;
  if (!known) {
    if (auto done = database_->prepare("INSERT INTO server_bodies (body) VALUES (?)").bind_blob(body_).run(); !done) {
      return done.error();
    }
    slot = database_->last_row_id();
  } else if (found->second.hash != hash) {
    auto update =
        database_->prepare("UPDATE server_bodies SET body = ? WHERE slot = ?").bind_blob(body_).bind(slot).run();
    if (!update) return update.error();
  }
  latest_.clear();
  encode_latest(server, latest_);
  auto done = database_
                  ->prepare(
                      "INSERT OR REPLACE INTO servers (account, id, slot, hash, seen, latest) "
                      "VALUES (?, ?, ?, ?, ?, ?)")
                  .bind(account)
                  .bind(server.id)
                  .bind(slot)
                  .bind(hash)
                  .bind(server.seen)
                  .bind_blob(latest_)
                  .run();
  if (!done) return done.error();
  rows.servers.insert_or_assign(server.id, Row{.slot = slot, .hash = hash, .seen = server.seen, .turn = turn_});
  return true;
}

Result<bool> Observations::remove_unnamed(const std::string& account, Rows& rows) {
  bool removed = false;
  for (auto at = rows.servers.begin(); at != rows.servers.end();) {
    if (at->second.turn == turn_) {
      ++at;
      continue;
    }
    auto body = database_->prepare("DELETE FROM server_bodies WHERE slot = ?").bind(at->second.slot).run();
    if (!body) return body.error();
    auto row =
        database_->prepare("DELETE FROM servers WHERE account = ? AND id = ?").bind(account).bind(at->first).run();
    if (!row) return row.error();
    at = rows.servers.erase(at);
    removed = true;
  }
  return removed;
}

Result<std::vector<ObservedAccount>> Observations::load() {
  // One snapshot: a writer may commit between the tables.
  std::optional<sqlite::Transaction> snapshot;
  if (!database_->in_transaction()) {
    auto begun = sqlite::Transaction::begin(*database_, sqlite::Transaction::Kind::kRead);
    if (!begun) return begun.error();
    snapshot.emplace(std::move(*begun));
  }
  std::vector<ObservedAccount> accounts;
  auto read = database_->prepare("SELECT " + std::string(kAccountColumns) + " FROM accounts ORDER BY name")
                  .for_each_row([&](const sqlite::Statement& row) -> Result<Done> {
                    auto account = account_from(*database_, row);
                    if (!account) return account.error();
                    accounts.push_back(std::move(*account));
                    return Done{};
                  });
  if (!read) return read.error();

  // Both tables are read in the order in which they lie in the file and meet by slot: looking each body up costs three
  // times as much.
  struct Head {
    std::int64_t slot;
    std::size_t account;
    std::string id;
    Timestamp seen;
    std::size_t latest;  // where it begins in `readings`
    std::size_t latest_size;
  };
  std::vector<Head> heads;
  std::string readings;
  read = database_->prepare("SELECT account, id, slot, seen, latest FROM servers ORDER BY account, id")
             .for_each_row([&, at = std::size_t{0}](const sqlite::Statement& row) mutable -> Result<Done> {
               const std::string_view name = row.text(0);
               while (at < accounts.size() && accounts[at].name < name) ++at;
               if (at == accounts.size()) return database_->damaged("the account of a server is not there");
               const std::string_view latest = row.blob(4);
               RowReader in(*database_, row, "servers");
               const Timestamp seen = in.time(3);
               if (in.failure()) return *in.failure();
               heads.push_back({.slot = row.integer(2),
                                .account = at,
                                .id = std::string(row.text(1)),
                                .seen = seen,
                                .latest = readings.size(),
                                .latest_size = latest.size()});
               readings += latest;
               return Done{};
             });
  if (!read) return read.error();
  std::ranges::sort(heads, {}, &Head::slot);
  std::vector<std::size_t> counts(accounts.size());
  for (const Head& head : heads) ++counts[head.account];
  for (std::size_t i = 0; i < accounts.size(); ++i) accounts[i].servers.reserve(counts[i]);

  auto head = heads.begin();
  read = database_->prepare("SELECT slot, body FROM server_bodies ORDER BY slot")
             .for_each_row([&](const sqlite::Statement& row) -> Result<Done> {
               if (head == heads.end() || head->slot != row.integer(0)) {
                 return database_->damaged("a server's row has lost its other half");
               }
               ObservedAccount& account = accounts[head->account];
               ObservedServer& server = account.servers.emplace_back();
               server.account = account.name;
               server.id = std::move(head->id);
               server.seen = head->seen;
               const auto latest = std::string_view(readings).substr(head->latest, head->latest_size);
               ++head;
               if (auto done = decode_body(row.blob(1), server); !done) return database_->damaged(done.error().message);
               if (auto done = decode_latest(latest, server); !done) return database_->damaged(done.error().message);
               if (account.listed && !server.missing_since) server.seen = std::max(server.seen, *account.listed);
               return Done{};
             });
  if (!read) return read.error();
  if (head != heads.end()) return database_->damaged("a server's row has lost its other half");

  // Slots are given in the order of the first save, so mostly there is nothing to sort.
  const auto by_name = [](const ObservedServer& a, const ObservedServer& b) {
    return a.name != b.name ? a.name < b.name : a.id < b.id;
  };
  for (ObservedAccount& account : accounts) {
    if (!std::ranges::is_sorted(account.servers, by_name)) std::ranges::sort(account.servers, by_name);
  }
  return accounts;
}

}  // namespace switchyard
