// A state file with damaged rows and pages, read as far as it goes.
//
// Every reader gives values or says that the file is damaged, and the doctor misses nothing that a reader refuses.
// Lines "set TABLE.COLUMN i NUMBER", "... t TEXT", "... b HEX", "... n" change a column of all rows of a table; lines
// "byte OFFSET HEX" change the file's bytes.
#include <fstream>
#include <iterator>

#include "state/lock.h"
#include "state/sqlite/database.h"
#include "state/store.h"
#include "tests/fuzz/scratch.h"
#include "tests/fuzz/target.h"
#include "tests/state/samples.h"

namespace switchyard::fuzz {
namespace {

using switchyard::testing::an_account;
using switchyard::testing::an_event;
using switchyard::testing::an_intent;
using switchyard::testing::at;
using switchyard::testing::server;

Timestamp now() {
  return at("2026-11-23T18:30:00Z");
}

// A state with a row in every table.
std::string sample() {
  const std::string path = scratch_folder() + "/sample.db";
  {
    const auto lock = Lock::acquire(path, "fuzzer", std::chrono::hours(24), Duration{}, now).value();
    const auto store = Store::open(path, Store::Mode::kReadWrite).value();
    store->set_fence(lock->fence());
    Batch batch;
    batch.intents = {an_intent("lon-1"), an_intent("lon-2")};
    batch.outcomes = {
        {.intent = -1, .kind = Outcome::Kind::kInProgress, .provider_id = "sim-1", .message = "", .at = now()}};
    batch.events = {an_event("made"), an_event("seen")};
    batch.declarations = {
        {.resource = server("lon-1"), .account = "main", .uid = "uid-lon-1", .source_path = "/f.yaml"}};
    batch.given_up = {{.uid = "uid-0", .resource = server("lon-0"), .account = "main", .at = now()}};
    batch.attempts = {{.resource = server("lon-1"),
                       .action = Action::kCreate,
                       .failures = 2,
                       .last = now(),
                       .next_try = now(),
                       .message = "no capacity"}};
    batch.overrides = {{.what = Override::What::kStopped,
                        .resource = server("lon-1"),
                        .who = "ben@host",
                        .why = "test",
                        .since = now(),
                        .until = now() + std::chrono::hours(1)}};
    batch.conditions = {{.resource = server("lon-1"),
                         .type = "Ready",
                         .status = true,
                         .reason = "Delivered",
                         .message = "it is there",
                         .since = now()}};
    batch.ledger = {{.account = "main", .amount = Money{.minor = 17740}, .at = now()}};
    promise(store->commit(batch, Durability::kSoon).ok(), "the sample is written");
    promise(store->save(an_account("main", 2)).ok(), "the sample's servers are written");
    promise(store->set_note("clock", "1").ok(), "the sample's notes are written");
  }
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string from_hex(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0;
  };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
  }
  return bytes;
}

std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
}

// What SQLite itself refuses (a wrong type, a name that is not there) changes nothing.
void set(sqlite::Database& database, std::string_view text) {
  const std::string_view place = take_word(text);
  const std::string_view type = take_word(text);
  const std::size_t dot = std::min(place.find('.'), place.size());
  const std::string_view table = place.substr(0, dot);
  const std::string_view column = place.substr(std::min(dot + 1, place.size()));
  if (!is_name(table) || !is_name(column) || table.starts_with("sqlite_")) return;
  auto update = database.prepare("UPDATE OR REPLACE " + std::string(table) + " SET " + std::string(column) + " = ?");
  if (type == "i") {
    update.bind(std::int64_t{std::strtoll(std::string(text).c_str(), nullptr, 10)});
  } else if (type == "t") {
    update.bind(text);
  } else if (type == "b") {
    update.bind_blob(from_hex(text));
  } else {
    update.bind_null();
  }
  static_cast<void>(update.run().ok());
}

// Gives the file's bytes with everything done that is asked for.
void spoil(const std::string& path, std::string_view lines) {
  std::string bytes;
  std::string_view rest = lines;
  {
    auto database = sqlite::Database::open(path, {.access = sqlite::Database::Access::kReadWrite, .if_damaged = {}});
    promise(database.ok() && (*database)->execute("PRAGMA foreign_keys = OFF").ok(), "the sample can be opened");
    while (!rest.empty()) {
      std::string_view line = take_line(rest);
      if (take_word(line) == "set") set(**database, line);
    }
  }
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  while (!lines.empty()) {
    std::string_view line = take_line(lines);
    if (take_word(line) != "byte") continue;
    const long long offset = std::strtoll(std::string(take_word(line)).c_str(), nullptr, 10);
    if (offset < 0 || offset > (1 << 20)) continue;
    file.seekp(offset);
    const std::string changed = from_hex(line);
    file.write(changed.data(), static_cast<std::streamsize>(changed.size()));
  }
}

void check(const Error& error, const std::string& path, std::string_view reader) {
  promise(error.code == ErrorCode::kUnreadable || error.code == ErrorCode::kTooNew || error.code == ErrorCode::kStorage,
          "damage is no other kind of error");
  promise(error.message.find(path) != std::string::npos,
          std::string(reader) + ": damage names its file: " + error.message);
  promise(error.message.find('\n') == std::string::npos, "damage is told in one line");
  promise_harmless(error.message, "damage");
}

// Whether all that a store can be asked for is there.
bool read_all(Store& store, const std::string& path) {
  bool whole = true;
  const auto reads = [&](std::string_view reader, const auto& result) {
    if (result.ok()) return;
    whole = false;
    check(result.error(), path, reader);
  };
  reads("open intents", store.open_intents());
  reads("intents", store.intents_of(server("lon-1"), 0));
  reads("declarations", store.declarations());
  reads("uids given up", store.given_up(now()));
  reads("attempts", store.attempts());
  reads("overrides", store.overrides(now()));
  reads("conditions", store.conditions({}));
  reads("events", store.events({}));
  reads("ledger", store.ledger("main", 0));
  reads("observations", store.observed());
  reads("generation", store.generation());
  reads("notes", store.note("clock"));
  return whole;
}

}  // namespace

void state_file(std::string_view bytes) {
  static const std::string kSample = sample();
  const std::string path = scratch_file("state.db", kSample);
  spoil(path, bytes);
  const auto store = Store::open(path, Store::Mode::kReadOnly);
  if (!store.ok()) {
    check(store.error(), path, "opening");
    return;
  }
  const bool whole = read_all(**store, path);
  const auto report = (*store)->doctor();
  promise(report.ok(), "the doctor always reports");
  for (const DoctorReport::Line& line : report->lines) promise_harmless(line.text, "the doctor");
  promise(whole || !report->healthy(), "the doctor sees what a reader refuses");
}

}  // namespace switchyard::fuzz
