#include "state/schema.h"

#include <array>

namespace switchyard {

const char* const kIfStateDamaged =
    "it was left as it is: restore a backup (\"switchyard state backup\" makes them), or move it away, and the next "
    "plan "
    "adopts every server that carries this fleet's mark";

namespace {

// Times are milliseconds since 1970. Resources are kept as "Kind/name".
constexpr const char* kVersion1 = R"sql(
CREATE TABLE lock (
  one       INTEGER PRIMARY KEY CHECK (one = 1),
  fence     INTEGER NOT NULL,  -- of the newest owner; only grows
  who       TEXT NOT NULL,     -- empty: nobody holds it
  host      TEXT NOT NULL,
  boot      TEXT NOT NULL,     -- the kernel's boot id: flock is proof only under the same kernel
  pid       INTEGER NOT NULL,
  since     INTEGER NOT NULL,
  expires   INTEGER NOT NULL,
  flocked   INTEGER NOT NULL   -- the owner holds the flock as well: without it, it is dead
) STRICT;
INSERT INTO lock VALUES (1, 0, '', '', '', 0, 0, 0, 0);

CREATE TABLE generation (
  one       INTEGER PRIMARY KEY CHECK (one = 1),
  number    INTEGER NOT NULL
) STRICT;
INSERT INTO generation VALUES (1, 0);

CREATE TABLE notes (
  name      TEXT PRIMARY KEY,
  value     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE intents (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  resource     TEXT NOT NULL,
  account      TEXT NOT NULL,
  action       TEXT NOT NULL,
  origin       TEXT NOT NULL,
  uid          TEXT NOT NULL,
  provider_id  TEXT NOT NULL,
  written      INTEGER NOT NULL,
  provider_now INTEGER,
  source_path  TEXT NOT NULL,
  request      TEXT NOT NULL,
  proof_before TEXT NOT NULL,
  actor        TEXT NOT NULL,
  reason       TEXT NOT NULL,
  open         INTEGER NOT NULL  -- its outcome is not known yet
) STRICT;
CREATE INDEX intents_open ON intents (id) WHERE open = 1;
CREATE INDEX intents_by_resource ON intents (resource, id);

CREATE TABLE outcomes (
  intent       INTEGER PRIMARY KEY REFERENCES intents (id),
  kind         TEXT NOT NULL,
  provider_id  TEXT NOT NULL,
  message      TEXT NOT NULL,
  at           INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  at        INTEGER NOT NULL,
  resource  TEXT,
  account   TEXT NOT NULL,
  actor     TEXT NOT NULL,
  type      TEXT NOT NULL,
  message   TEXT NOT NULL,
  intent    INTEGER REFERENCES intents (id)
) STRICT;
CREATE INDEX events_by_resource ON events (resource, id) WHERE resource IS NOT NULL;
CREATE INDEX events_by_actor ON events (actor, id);
CREATE INDEX events_by_time ON events (at);

CREATE TABLE declarations (
  resource    TEXT PRIMARY KEY,
  account     TEXT NOT NULL,
  uid         TEXT NOT NULL,
  source_path TEXT NOT NULL,
  protect     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE given_up (
  uid       TEXT PRIMARY KEY,
  resource  TEXT NOT NULL,
  account   TEXT NOT NULL,
  at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX given_up_by_time ON given_up (at);

CREATE TABLE attempts (
  resource  TEXT NOT NULL,
  action    TEXT NOT NULL,
  failures  INTEGER NOT NULL,
  last      INTEGER NOT NULL,
  next_try  INTEGER NOT NULL,
  message   TEXT NOT NULL,
  PRIMARY KEY (resource, action)
) STRICT, WITHOUT ROWID;

CREATE TABLE overrides (
  resource  TEXT NOT NULL,
  what      TEXT NOT NULL,
  who       TEXT NOT NULL,
  why       TEXT NOT NULL,
  since     INTEGER NOT NULL,
  until     INTEGER,
  PRIMARY KEY (resource, what)
) STRICT, WITHOUT ROWID;

CREATE TABLE conditions (
  resource  TEXT NOT NULL,
  type      TEXT NOT NULL,
  status    INTEGER NOT NULL,
  reason    TEXT NOT NULL,
  message   TEXT NOT NULL,
  since     INTEGER NOT NULL,
  PRIMARY KEY (resource, type)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger (
  id        INTEGER PRIMARY KEY,
  account   TEXT NOT NULL,
  minor     INTEGER NOT NULL,
  currency  TEXT NOT NULL,
  at        INTEGER NOT NULL
) STRICT;
CREATE INDEX ledger_by_account ON ledger (account, id);

CREATE TABLE accounts (
  name        TEXT PRIMARY KEY,
  minor       INTEGER,  -- the balance; NULL: unknown
  currency    TEXT,
  balance_at  INTEGER,
  catalogue   TEXT,     -- JSON; NULL: unknown
  listed      INTEGER,
  trouble     TEXT,     -- why the newest look failed; NULL: it did not
  trouble_code TEXT,
  retry_after INTEGER
) STRICT, WITHOUT ROWID;

-- What is seen of a server at every look (small) apart from what seldom changes (large): a look at an unchanged fleet
-- then writes nothing, and the hourly one writes small rows only.
CREATE TABLE servers (
  account   TEXT NOT NULL REFERENCES accounts (name),
  id        TEXT NOT NULL,
  slot      INTEGER NOT NULL,  -- of its body
  hash      INTEGER NOT NULL,  -- XXH3 of its body
  seen      INTEGER NOT NULL,
  latest    BLOB NOT NULL,     -- state/encoding.h
  PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE server_bodies (
  slot      INTEGER PRIMARY KEY,
  body      BLOB NOT NULL      -- state/encoding.h
) STRICT;
)sql";

// The engine's clock at the answer that `listed` came with; NULL: not known.
constexpr const char* kVersion2 = "ALTER TABLE accounts ADD COLUMN looked INTEGER;";

// servers.latest may hold an agent's details: an older program, which would call such a row unreadable, says that the
// file is too new for it instead.
constexpr const char* kVersion3 = "SELECT 1;";

constexpr std::array<const char*, 3> kSteps = {kVersion1, kVersion2, kVersion3};

}  // namespace

sqlite::Format state_format() {
  return {.name = "state file", .application_id = 0x53775964 /* "SwYd" */, .steps = kSteps};
}

}  // namespace switchyard
