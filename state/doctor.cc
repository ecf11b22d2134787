#include "state/doctor.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "state/journal.h"
#include "state/lock_row.h"
#include "state/observations.h"
#include "state/schema.h"
#include "state/state_file.h"

namespace switchyard {
namespace {

using Line = DoctorReport::Line;
using sqlite::Database;

// Bounds what a thoroughly damaged file can say.
constexpr std::size_t kMostComplaints = 10;

class Examination {
 public:
  Examination(Database& database, std::string path, Timestamp now)
      : database_(database), path_(std::move(path)), now_(now) {}

  void good(std::string text) { report_.lines.push_back({Line::Level::kGood, std::move(text)}); }
  void note(std::string text) { report_.lines.push_back({Line::Level::kNote, std::move(text)}); }
  void bad(std::string text) { report_.lines.push_back({Line::Level::kBad, std::move(text)}); }

  void format() {
    const auto version = database_.number("PRAGMA user_version");
    if (!version) return bad(version.error().message);
    good(fmt::format("format: version {}, the newest this program knows", *version));
  }

  void sizes() {
    if (size_of(path_) == 0) return note(fmt::format("size: \"{}\" does not exist yet, or is empty", path_));
    good(fmt::format("size: {} bytes in \"{}\", {} in its log", size_of(path_), path_, size_of(path_ + "-wal")));
    struct stat found {};
    if (::stat(path_.c_str(), &found) == 0 && (found.st_mode & 077U) != 0) {
      note(fmt::format("permissions: others than the owner may open it (mode {:04o}); \"chmod 600 {}\" stops that",
                       found.st_mode & 07777U, path_));
    }
  }

  void integrity() {
    complaints("integrity", "PRAGMA integrity_check(10)",
               [](const sqlite::Statement& row) { return std::string(row.text(0)); });
    complaints("references", "PRAGMA foreign_key_check", [](const sqlite::Statement& row) {
      return fmt::format("row {} of table {} belongs to a row of {} that is not there", row.integer(1), row.text(0),
                         row.text(2));
    });
    // What SQLite cannot know: whether the rows make sense to us.
    reads("observations", Observations(database_).load());
    reads("declarations", journal::declarations(database_));
    reads("given up", journal::given_up(database_, Timestamp::min() + journal::kGivenUpFor));
    reads("attempts", journal::attempts(database_));
    reads("conditions", journal::conditions(database_, {}));
    reads("events", journal::events(database_, {}));
    each_text("SELECT DISTINCT account FROM ledger",
              [&](const std::string& account) { reads("ledger", journal::ledger(database_, account, 0)); });
    each_text("SELECT DISTINCT resource FROM intents", [&](const std::string& resource) {
      const auto key = parse_key(resource);
      if (key) reads("journal", journal::intents_of(database_, *key, 0));
    });
  }

  void lock(std::int64_t log_bytes_before) {
    const auto row = read_lock(database_);
    if (!row) return bad(fmt::format("lock: {}", row.error().message));
    const bool alive = LockFile::held_by_anybody(path_);
    if (!row->held()) {
      good(row->fence == 0 ? "lock: free, never taken" : fmt::format("lock: free, last fencing number {}", row->fence));
    } else if (row->provable_on(this_host()) && !alive) {
      note(fmt::format("lock: left behind by {}, which is dead; the next command that writes takes it over",
                       for_people(*row)));
    } else if (row->expires <= now_) {
      note(fmt::format("lock: held by {}: expired; the next command that writes takes it over", for_people(*row)));
    } else {
      good(fmt::format("lock: held by {}, fencing number {}", for_people(*row), row->fence));
    }
    if (log_bytes_before > 0 && !alive) {
      note(
          fmt::format("crash: a process ended without closing the file and left {} bytes in its log; all that was "
                      "committed is in the state",
                      log_bytes_before));
    }
  }

  void open_intents() {
    const auto open = journal::open_intents(database_);
    if (!open) return bad(fmt::format("journal: {}", open.error().message));
    if (open->empty()) return good("journal: no open intents");
    note(
        fmt::format("journal: {} open intents, whose outcome is not known; the next apply finds it out", open->size()));
    for (const OpenIntent& one : *open) {
      note(fmt::format("  intent {}: {} {}, written {}{}", one.intent.id, to_string(one.intent.action),
                       to_string(one.intent.resource), when(one.intent.written),
                       one.outcome ? fmt::format(", {}", to_string(one.outcome->kind)) : ", no answer recorded"));
    }
  }

  void overrides() {
    // Their ends are on the engine's clock, which may not be this one: all are shown, with their ends.
    const auto found = journal::overrides(database_, Timestamp::min());
    if (!found) return bad(fmt::format("overrides: {}", found.error().message));
    if (found->empty()) return good("overrides: none");
    for (const Override& one : *found) {
      note(fmt::format("override: {} is {} by {} since {}, {}: {}", to_string(one.resource), to_string(one.what),
                       one.who, to_string(one.since),
                       one.until ? "until " + to_string(*one.until) : std::string("until it is lifted"), one.why));
    }
  }

  DoctorReport take() { return std::move(report_); }

 private:
  template <class Rows>
  void reads(std::string_view what, const Result<Rows>& rows) {
    if (!rows) bad(fmt::format("{}: {}", what, rows.error().message));
  }

  // Calls `look` for the first column of every row; the rows are read before, because it asks the same database.
  void each_text(std::string_view sql, const std::function<void(const std::string&)>& look) {
    std::vector<std::string> texts;
    auto read = database_.prepare(sql).for_each_row([&](const sqlite::Statement& row) {
      texts.emplace_back(row.text(0));
      return Done{};
    });
    if (!read) return bad(read.error().message);
    for (const std::string& text : texts) look(text);
  }

  // Ages only where the times can be this machine's: a simulated world has a clock of its own.
  std::string when(Timestamp time) const {
    if (time > now_) return to_string(time);
    return fmt::format("{} ({} ago)", to_string(time), for_people(now_ - time));
  }

  void complaints(std::string_view what, std::string_view sql, std::string (*text_of)(const sqlite::Statement&)) {
    std::vector<std::string> found;
    auto read = database_.prepare(sql).for_each_row([&](const sqlite::Statement& row) {
      if (found.size() < kMostComplaints) found.push_back(text_of(row));
      return Done{};
    });
    if (!read) found.push_back(read.error().message);
    if (found.empty() || (found.size() == 1 && found.front() == "ok")) return good(fmt::format("{}: ok", what));
    for (const std::string& complaint : found) bad(fmt::format("{}: {}", what, complaint));
    if (std::ranges::none_of(report_.lines, [](const Line& line) { return line.text.starts_with("damage:"); })) {
      bad(fmt::format("damage: {}", kIfStateDamaged));
    }
  }

  Database& database_;
  std::string path_;
  Timestamp now_;
  DoctorReport report_;
};

}  // namespace

DoctorReport examine(Database& database, const std::string& path, std::int64_t log_bytes_before, Timestamp now) {
  Examination examination(database, path, now);
  examination.format();
  examination.sizes();
  examination.integrity();
  examination.lock(log_bytes_before);
  examination.open_intents();
  examination.overrides();
  return examination.take();
}

}  // namespace switchyard
