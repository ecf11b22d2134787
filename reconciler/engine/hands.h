#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "reconciler/engine/engine.h"

namespace switchyard {

// Starts calls and brings their answers back, and keeps law 3: a call that changes the world is sent only after its
// intent is on disk, many of them in one commit. Also the lease: no call starts that could outlast it (law 11).
class Hands {
 public:
  using OnAnswer = std::function<void(Result<Answer>)>;

  // What is to be sent, decided at the last moment: intent, call, and what to do with the answer under the intent's id.
  struct Submission {
    Intent intent;
    Call call;
    std::function<void(std::int64_t intent_id, Result<Answer>)> on_answer;
  };
  // Nothing: it need not be sent after all.
  using Prepare = std::function<std::optional<Submission>()>;

  Hands(Store& store, Lock* lock, Runner& runner, const EngineOptions& options);

  Runner& runner() { return runner_; }
  Timestamp now() { return runner_.now(); }
  bool may_write() const { return lock_ != nullptr; }
  CallLimits limits() const;
  // Whether the command's own time is over (--timeout).
  bool late() const { return deadline_ && options_.machine_clock() >= *deadline_; }

  // A call that changes nothing; started at once, and ended with the command's own time at the latest. One that the
  // provider's rate limit refuses is sent again when the provider said; only what is refused for longer than an apply
  // waits for anything gets that answer.
  void read(Call call, OnAnswer on_answer);
  // When the first of an account's reads is sent that its provider's rate limit holds back; nothing: none is held back.
  std::optional<Timestamp> held_back_until(const std::string& account) const;
  // A call that changes the world; waits for one of the account's places.
  void submit(const std::string& account, Prepare prepare);
  void set_places(const std::string& account, std::int64_t places) { places_[account] = places; }
  // Drops what was submitted and not sent.
  void abandon();

  // What goes to disk with the next turn.
  Batch& batch() { return batch_; }
  // Writes the batch, sends what may be sent, waits until an answer, `due` or a stop, and hands the answers out.
  // Errors: kFenced, kStorage: then nothing of this turn was sent.
  Result<Done> turn(Timestamp due);
  // Writes what is in the batch, without waiting.
  Result<Done> write();

  // No call is under way and none waits for a place.
  bool idle() const { return !in_flight() && queued() == 0; }
  bool in_flight() const { return !under_way_.empty() || !held_back_.empty(); }
  std::size_t queued() const;

  // The intents written by this program and not closed.
  std::map<std::int64_t, Intent>& open() { return open_; }
  // Changes of ours that are done, of this program and of earlier ones (engine's clock).
  void remember(const DoneChange& change) { done_[change.account][change.provider_id] = change.at; }
  // Whether one of them was done on this machine since that time.
  bool changed_since(const std::string& account, const std::string& id, Timestamp since) const;
  // Those before that time are of no use any more. Whether any is left.
  bool forget_changes(const std::string& account, Timestamp before);
  // Records what came of an intent.
  void close(std::int64_t intent_id, Outcome::Kind kind, std::string provider_id, std::string message);

 private:
  Result<Done> keep_lease();
  void put_override(const Intent& intent);
  Result<Done> keep_lease_after_writing();
  Duration lease_left() const;
  Duration time_left() const;
  bool lease_outlasts_a_call() const;
  Result<Done> send();
  // A read and since when (engine's clock) the provider's rate limit has refused it.
  struct Read {
    Call call;
    OnAnswer on_answer;
    std::optional<Timestamp> refused_since;
  };
  void start(Read read);
  void read_answered(Read read, Result<Answer> answer);
  bool hurries() const;  // asked to stop, or past --timeout
  void start_what_was_held_back();
  void give_up_what_is_held_back();

  Store& store_;
  Lock* lock_;
  Runner& runner_;
  const EngineOptions& options_;
  const std::optional<Timestamp> deadline_;  // machine's clock: when the command is to end (--timeout)
  Batch batch_;
  CallId next_call_ = 1;
  struct UnderWay {
    OnAnswer on_answer;
    std::string place;  // the account whose place it holds; empty for reads
  };
  std::map<CallId, UnderWay> under_way_;
  std::multimap<Timestamp, Read> held_back_;  // by when they are sent
  std::map<std::string, std::deque<Prepare>> queues_;
  std::map<std::string, std::int64_t> places_;
  std::map<std::string, std::int64_t> taken_;
  std::map<std::int64_t, Intent> open_;
  std::map<std::string, std::unordered_map<std::string, Timestamp>> done_;  // by account and the provider's id
};

}  // namespace switchyard
