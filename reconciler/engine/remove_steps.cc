#include <algorithm>

#include "reconciler/engine/executor.h"

// Removal, alone and as the second half of a replacement.
namespace switchyard {

void Executor::begin_remove(std::size_t i) {
  Task& task = tasks_[i];
  const ObservedServer* now = machine(task);
  if (now == nullptr || now->confirmed_gone) {
    end(i, End::kDone, "it was gone already");
    return;
  }
  if (!now->mark || now->mark->uid != task.uid) {
    end(i, End::kStale, "server \"" + now->id + "\" does not carry its mark any more");
    return;
  }
  when_free_of_calls(i, [this, i] { remove_machine(i); });
}

void Executor::remove_machine(std::size_t i) {
  tasks_[i].acting = Action::kDelete;
  shop_.hands.submit(tasks_[i].change.account, [this, i]() -> std::optional<Hands::Submission> {
    Task& task = tasks_[i];
    if (task.end || blocked_by_person(i)) return std::nullopt;
    const ObservedServer* now = machine(task);
    // A server that somebody still sends calls or media to does not go: whoever knows its address is told first.
    if (now != nullptr) {
      const std::string& address = now->ipv4.empty() ? now->ipv6 : now->ipv4;
      // Private addresses repeat between accounts: a successor may have the same.
      const DesiredServer* still = wanted(task);
      const ObservedServer* successor = still == nullptr ? nullptr : shop_.machine_of(*still);
      const bool taken_over = successor != nullptr && successor != now &&
                              (successor->ipv4.empty() ? successor->ipv6 : successor->ipv4) == address;
      for (const ObservedAccount& account : shop_.view.accounts) {
        for (const ObservedServer& other : account.servers) {
          if (address.empty() || !other.agent || other.confirmed_gone || !serving(other) || &other == now) continue;
          const bool sends = std::ranges::any_of(other.agent->peers, [&](const Peer& peer) {
            return PeerWishes::carries_traffic(peer.purpose) && peer.address == address && peer.name == now->name;
          });
          const bool ours = other.mark && shop_.desired().server(other.mark->key) != nullptr;
          if (!sends || !ours || taken_over || options_.destroy_all) continue;
          end_held(i, Gate::kDependency, to_string(other.mark->key) + " still sends to it");
          return std::nullopt;
        }
      }
    }
    const bool was_given_up = std::ranges::binary_search(shop_.view.given_up, task.uid, {}, &GivenUp::uid);
    if (!was_given_up) shop_.removed[task.change.account].insert(task.provider_id);
    return Hands::Submission{
        .intent = intent_for(task, Action::kDelete, Json(Json::Object{})),
        .call = Call{task.change.account, shop_.hands.limits(), RemoveCall{task.provider_id}},
        .on_answer = [this, i](std::int64_t id, const Result<Answer>& answer) {
          Task& removing = tasks_[i];
          if (answer.ok()) {
            shop_.hands.close(id, Outcome::Kind::kDone, removing.provider_id,
                              "removed server \"" + removing.provider_id + "\"");
            close_what_is_open(removing);
            shop_.observer.forget(removing.change.account, removing.provider_id);
            // Its declaration stands for what is still to go: a kill between the two machines of a replacement must not
            // lose the second. What was given up was declared by nobody.
            const bool given_up = std::ranges::binary_search(shop_.view.given_up, removing.uid, {}, &GivenUp::uid);
            const bool last = !given_up && shop_.machines_marked(removing.change.resource).empty();
            if (last && (wanted(removing) == nullptr || options_.destroy_all)) {
              shop_.hands.batch().undeclared.push_back(removing.change.resource);
              std::erase_if(shop_.declarations(),
                            [&](const Declaration& declared) { return declared.resource == removing.change.resource; });
              shop_.observer.touch();
            }
            if (!removing.end) end(i, End::kDone, {});
            return;
          }
          const Error& error = answer.error();
          const bool refused = error.code == ErrorCode::kRefused || error.code == ErrorCode::kInvalid ||
                               error.code == ErrorCode::kUnauthorized;
          // Removing twice is removing once, so a lost answer costs one more call.
          shop_.hands.close(id, refused ? Outcome::Kind::kRefused : Outcome::Kind::kFailed, {}, error.message);
          if (removing.end) return;
          if (refused) {
            fail(i, error.message);
          } else {
            try_again(i, error, [this, i] { remove_machine(i); });
          }
        }};
  });
}

// Of a machine that is removed nothing more can be learnt.
void Executor::close_what_is_open(const Task& removed) {
  std::vector<std::int64_t> open;
  for (const auto& [id, intent] : shop_.hands.open()) {
    if (intent.account == removed.change.account && intent.provider_id == removed.provider_id) open.push_back(id);
  }
  for (const std::int64_t id : open) {
    shop_.hands.close(id, Outcome::Kind::kFailed, removed.provider_id, "its server was removed meanwhile");
  }
}

// The new one serves before the old one goes.
void Executor::begin_replace(std::size_t i) {
  const ObservedServer* old = machine(tasks_[i]);
  if (old == nullptr || !old->mark || old->mark->uid != tasks_[i].uid) {
    end(i, End::kStale, "the machine it was planned for is not there any more");
    return;
  }
  begin_create(i);
}

void Executor::replace_second_half(std::size_t i) {
  Task& task = tasks_[i];
  if (task.end) return;
  const ObservedServer* old = machine(task);
  if (old == nullptr || old->confirmed_gone) {
    end(i, End::kDone, "the old one was gone already");
    return;
  }
  step(i, "the old one goes");
  when_free_of_calls(i, [this, i] { remove_machine(i); });
}

}  // namespace switchyard
