#include "reconciler/record/replay.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <memory>

#include "reconciler/engine/engine.h"
#include "reconciler/record/replay_runner.h"
#include "specs/base/base64.h"
#include "specs/base/digest.h"

namespace switchyard {
namespace {

constexpr Duration kLease = std::chrono::seconds(60);

Error unreadable(const RecordReader& reader, std::string_view what) {
  return {ErrorCode::kUnreadable, "line " + std::to_string(reader.line()) + " of the record: " + std::string(what)};
}

// One part of a record: an engine that began with a fleet and a state.
class Part {
 public:
  Part(RecordReader& reader, ReplayReport& report, const std::function<void(const ReplayStep&)>& on_step,
       std::string folder)
      : reader_(reader), report_(report), on_step_(on_step), folder_(std::move(folder)) {}

  Result<Done> run() {
    const Json line = reader_.take();
    const Json* begin = line.find("begin");
    if (begin == nullptr) return unreadable(reader_, "a part has to begin here");
    if (auto done = load_fleet(*begin); !done.ok()) return done;
    if (auto done = open_state(*begin); !done.ok()) return done;
    if (auto done = make_engine(*begin); !done.ok()) return done;
    ++report_.parts;
    // What the engine itself says went wrong, it said then as well: the record goes on or ends after it.
    (void)engine_->recall().ok();
    while (!runner_->over() && reader_.peek() != nullptr && reader_.peek()->find("begin") == nullptr) {
      if (auto done = follow(*reader_.peek()); !done.ok()) return done;
    }
    return Done{};
  }

 private:
  Result<Done> load_fleet(const Json& begin) {
    SpecSource source;
    std::string hashes;
    const Json* files = begin.find("files");
    if (files == nullptr || files->array() == nullptr) return unreadable(reader_, "it has no files");
    for (const Json& file : *files->array()) {
      auto bytes = from_base64(file.string_or("text", ""));
      if (!bytes) return unreadable(reader_, "a file's text cannot be read");
      source.files.push_back(SpecFile{.shown = file.string_or("shown", ""),
                                      .absolute = file.string_or("absolute", ""),
                                      .hash = fast_hash_hex(*bytes),
                                      .bytes = *bytes});
      hashes += source.files.back().shown + source.files.back().hash;
      absolute_[source.files.back().shown] = source.files.back().absolute;
    }
    if (const Json* scope = begin.find("scope"); scope != nullptr && scope->array() != nullptr) {
      for (const Json& path : *scope->array()) {
        if (path.string() != nullptr) source.scope.push_back(*path.string());
      }
    }
    source.hash = fast_hash_hex(hashes);
    const Result<Timestamp> decoded_at = parse_timestamp(begin.string_or("decodedAt", ""));
    if (!decoded_at.ok()) return unreadable(reader_, "when the specs were decoded cannot be read");
    specs_ = load(std::move(source), {.now = *decoded_at});
    if (specs_.ok()) return Done{};
    for (const Diagnostic& found : specs_.diagnostics) {
      if (found.severity == Severity::kError) {
        return Error{ErrorCode::kInvalid, "the recorded specs are not sound for this program: " + found.file + ":" +
                                              std::to_string(found.line) + ": " + found.message};
      }
    }
    return Done{};
  }

  Result<Done> open_state(const Json& begin) {
    const auto bytes = from_base64(begin.string_or("state", ""));
    if (!bytes) return unreadable(reader_, "its state cannot be read");
    const std::string path = folder_ + "/state-" + std::to_string(report_.parts) + ".db";
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(bytes->data(), static_cast<std::streamsize>(bytes->size()));
    file.close();
    if (!file) return Error{ErrorCode::kStorage, "\"" + path + "\" cannot be written"};
    std::error_code ignored;
    std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
                                 ignored);
    auto lock = Lock::acquire(path, "replay", kLease, kLease);
    if (!lock.ok()) return lock.error();
    lock_ = *std::move(lock);
    auto store = Store::open(path, Store::Mode::kReadWrite);
    if (!store.ok()) return store.error();
    store_ = *std::move(store);
    store_->set_fence(lock_->fence());
    return Done{};
  }

  Result<Done> make_engine(const Json& begin) {
    EngineOptions options{.actor = begin.string_or("actor", ""),
                          .reason = begin.string_or("reason", ""),
                          .parallelism = {},
                          .timeout = {}};
    const std::string seed = begin.string_or("seed", "");
    const auto [end, problem] = std::from_chars(seed.data(), seed.data() + seed.size(), options.seed);
    if (problem != std::errc() || end != seed.data() + seed.size()) return unreadable(reader_, "it has no seed");
    options.call_timeout = Duration(begin.integer_or("callTimeoutMilliseconds", 30'000));
    if (const Json* wide = begin.find("parallelism"); wide != nullptr && wide->integer() != nullptr) {
      options.parallelism = *wide->integer();
    }
    const Result<Timestamp> at = parse_timestamp(begin.string_or("at", ""));
    if (!at.ok()) return unreadable(reader_, "it has no time");
    runner_ = std::make_unique<ReplayRunner>(reader_, report_, on_step_, *at, std::move(absolute_));
    engine_ = std::make_unique<Engine>(*store_, lock_.get(), *runner_, options);
    return engine_->want(specs_);
  }

  // Does what the engine was asked for then.
  Result<Done> follow(const Json& next) {
    if (next.find("wait") != nullptr) {
      runner_->pass();
      return Done{};
    }
    const Json* asked = next.find("asked");
    if (asked == nullptr) {
      runner_->part("nothing more");
      return Done{};
    }
    const std::string what = asked->string_or("what", "");
    PlanOptions options;
    if (const Json* given = asked->find("options")) {
      auto read = plan_options_from_json(*given);
      if (!read.ok()) return read.error();
      options = *std::move(read);
    }
    // As in load(): an engine that stops on an error stopped on it then.
    if (what == "observe") {
      (void)engine_->observe().ok();
    } else if (what == "settle") {
      (void)engine_->settle().ok();
    } else if (what == "plan") {
      engine_->plan(options);
    } else if (what == "apply" || what == "apply exactly") {
      const Json* plan = asked->find("plan");
      auto approved = plan == nullptr ? Error{ErrorCode::kUnreadable, ""} : plan_from_json(*plan);
      if (!approved.ok()) return unreadable(reader_, "the plan that was carried out cannot be read");
      const auto scope = what == "apply" ? Engine::Scope::kFollowUp : Engine::Scope::kStrict;
      (void)engine_->apply(*approved, options, scope, [](const Progress&) {}).ok();
    } else {
      return unreadable(reader_, "it asks for \"" + what + "\", which this program does not know");
    }
    return Done{};
  }

  RecordReader& reader_;
  ReplayReport& report_;
  const std::function<void(const ReplayStep&)>& on_step_;
  const std::string folder_;
  std::map<std::string, std::string> absolute_;
  LoadedSpecs specs_;
  std::unique_ptr<Lock> lock_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<ReplayRunner> runner_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

Result<ReplayReport> replay(const std::string& path, const std::string& folder,
                            const std::function<void(const ReplayStep&)>& on_step) {
  auto reader = RecordReader::open(path);
  if (!reader.ok()) return reader.error();
  ReplayReport report;
  report.recorded_by = reader->program();
  while (!report.parting && reader->peek() != nullptr) {
    Part part(*reader, report, on_step, folder);
    if (auto done = part.run(); !done.ok()) return done.error();
  }
  if (reader->trouble()) return *reader->trouble();
  report.cut_short = reader->cut_short();
  return report;
}

}  // namespace switchyard
