#include "reconciler/record/recorder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "reconciler/record/record_values.h"
#include "specs/base/base64.h"
#include "specs/base/overloaded.h"

namespace switchyard {
namespace {

constexpr Duration kLeaseOfACopy = std::chrono::seconds(60);

}  // namespace

struct Recorder::File {
  std::string path;
  std::FILE* stream;
  std::optional<Error> trouble{};
};

// Sits between an engine and its runner.
class Recorder::Tap : public Runner {
 public:
  Tap(std::unique_ptr<Runner> inner, Recorder& recorder)
      : inner_(std::move(inner)), recorder_(recorder), now_(inner_->now()) {}

  // Time stands between two waits, so that every decision has the one that is written down.
  Timestamp now() override { return now_; }

  void start(CallId id, Call call) override {
    recorder_.write(Json::Object{{"call", id}, {"sent", recorded(call)}});
    inner_->start(id, std::move(call));
  }

  std::vector<Completion> wait(Timestamp due) override {
    std::vector<Completion> ended = inner_->wait(due);
    now_ = inner_->now();
    Json::Array written;
    for (const Completion& completion : ended) {
      Json one = recorded(with_numbers(completion.answer));
      one.set("call", completion.id);
      written.push_back(std::move(one));
    }
    recorder_.write(Json::Object{{"wait", to_string(now_)}, {"ended", std::move(written)}, {"stops", inner_->stops()}});
    return ended;
  }

  int stops() override { return inner_->stops(); }

  Result<std::vector<Override>> overrides(Store& store) override {
    Result<std::vector<Override>> said = store.overrides(now_);
    if (said.ok() && (!overrides_ || *overrides_ != *said)) {
      Json::Array list;
      for (const Override& one : *said) list.push_back(to_json(one));
      recorder_.write(Json::Object{{"overrides", std::move(list)}});
      overrides_ = *said;
    }
    return said;
  }

  std::string fingerprint(const SecretRef& ref, std::string_view salt, std::string_view secret) override {
    std::string made = inner_->fingerprint(ref, salt, secret);
    if (told_.emplace(name_of(ref), std::string(salt)).second) {
      recorder_.write(
          Json::Object{{"fingerprint", recorder_.numbered(made)}, {"of", name_of(ref)}, {"salt", std::string(salt)}});
    }
    return made;
  }

  std::string absolute(const std::string& file) override { return inner_->absolute(file); }
  bool keeps_notes() const override { return true; }

  void note(std::string_view what, const Json& said) override {
    Json kept = said;
    if (what == "asked") {
      now_ = inner_->now();
      kept.set("at", to_string(now_));
    }
    recorder_.write(Json::Object{{what == "asked" ? "asked" : "decided", std::move(kept)}});
  }

 private:
  Result<Answer> with_numbers(Result<Answer> answer) {
    if (!answer.ok()) return answer;
    std::visit(Overloaded{[&](ListPage& page) {
                            for (ObservedServer& server : page.servers) recorder_.number(server);
                          },
                          [&](ObservedServer& server) { recorder_.number(server); },
                          [&](AgentReport& report) { recorder_.number(report); }, [](auto&) {}},
               *answer);
    return answer;
  }

  std::unique_ptr<Runner> inner_;
  Recorder& recorder_;
  Timestamp now_;
  std::optional<std::vector<Override>> overrides_;
  std::set<std::pair<std::string, std::string>> told_;  // secret and salt whose fingerprint is in the record
};

Recorder::Recorder(std::unique_ptr<File> file) : file_(std::move(file)) {}

Recorder::~Recorder() {
  std::fclose(file_->stream);
}

Result<std::unique_ptr<Recorder>> Recorder::create(const std::string& path, std::string_view program_version) {
  const int handle = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (handle < 0 && errno == EEXIST) {
    return Error{ErrorCode::kInvalid, "\"" + path + "\" is there already; a record is never written over a file"};
  }
  std::FILE* stream = handle < 0 ? nullptr : ::fdopen(handle, "w");
  if (stream == nullptr) {
    return Error{ErrorCode::kStorage, "the record \"" + path + "\" cannot be made: " + std::strerror(errno)};
  }
  auto made = std::unique_ptr<Recorder>(new Recorder(std::make_unique<File>(File{.path = path, .stream = stream})));
  made->write(Json::Object{{std::string(kRecordMember), kRecordVersion}, {"program", program_version}});
  return made;
}

void Recorder::write(const Json& line) {
  if (file_->trouble) return;
  const std::string text = to_string(line) + "\n";
  // Each line reaches the file at once: what a crash leaves is the record up to it.
  if (std::fwrite(text.data(), 1, text.size(), file_->stream) != text.size() || std::fflush(file_->stream) != 0) {
    file_->trouble =
        Error{ErrorCode::kStorage, "the record \"" + file_->path + "\" ends early: " + std::strerror(errno)};
  }
}

Result<Done> Recorder::state() const {
  if (file_->trouble) return *file_->trouble;
  return Done{};
}

void Recorder::remember(const SpecSource& source, Timestamp decoded_at) {
  Json::Array files;
  for (const SpecFile& file : source.files) {
    files.push_back(Json::Object{{"shown", file.shown}, {"absolute", file.absolute}, {"text", base64(file.bytes)}});
  }
  files_ = std::move(files);
  scope_ = source.scope;
  decoded_at_ = decoded_at;
}

Result<Done> Recorder::begin(Store& store, const EngineOptions& options, Timestamp now) {
  auto state = snapshot(store);
  if (!state.ok()) return state.error();
  Json::Array scope;
  for (const std::string& path : scope_) scope.push_back(path);
  Json begin = Json::Object{{"at", to_string(now)},
                            {"actor", options.actor},
                            {"reason", options.reason},
                            {"seed", std::to_string(options.seed)},
                            {"callTimeoutMilliseconds", std::int64_t{options.call_timeout.count()}},
                            {"files", files_},
                            {"scope", std::move(scope)},
                            {"decodedAt", to_string(decoded_at_)},
                            {"state", *std::move(state)}};
  if (options.parallelism) begin.set("parallelism", *options.parallelism);
  write(Json::Object{{"begin", std::move(begin)}});
  return Done{};
}

std::unique_ptr<Runner> Recorder::listen_to(std::unique_ptr<Runner> inner) {
  return std::make_unique<Tap>(std::move(inner), *this);
}

std::string Recorder::numbered(const std::string& fingerprint) {
  const auto [at, is_new] = numbers_.try_emplace(fingerprint);
  if (is_new) at->second = "fingerprint " + std::to_string(numbers_.size());
  return at->second;
}

void Recorder::number(AgentReport& report) {
  for (auto& [path, fingerprint] : report.fingerprints) fingerprint = numbered(fingerprint);
}

void Recorder::number(ObservedServer& server) {
  if (server.agent) number(*server.agent);
}

// The state as a file's bytes, in base64: a copy in which fingerprints are numbered (Debian's SQLite wipes what is
// written over) and nobody holds the lock.
Result<std::string> Recorder::snapshot(Store& store) {
  namespace fs = std::filesystem;
  const std::string path = file_->path + ".state";
  const auto tidy = [&path] {
    std::error_code ignored;
    for (const char* end : {"", "-wal", "-shm", ".lock"}) fs::remove(path + end, ignored);
  };
  tidy();
  const auto copied = [&]() -> Result<Done> {
    if (auto done = store.backup(path); !done.ok()) return done;
    auto lock = Lock::acquire(path, "recorder", kLeaseOfACopy, Duration{});
    if (!lock.ok()) return lock.error();
    auto copy = Store::open(path, Store::Mode::kReadWrite);
    if (!copy.ok()) return copy.error();
    (*copy)->set_fence((*lock)->fence());
    auto accounts = (*copy)->observed();
    if (!accounts.ok()) return accounts.error();
    for (ObservedAccount& account : *accounts) {
      for (ObservedServer& server : account.servers) number(server);
      if (auto done = (*copy)->save(account); !done.ok()) return done;
    }
    return Done{};
  }();
  if (!copied.ok()) {
    tidy();
    return copied.error();
  }
  // Closed by everybody, the file has all that was in its log.
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  tidy();
  if (bytes.empty()) return Error{ErrorCode::kStorage, "the state could not be copied into the record"};
  return base64(bytes);
}

}  // namespace switchyard
