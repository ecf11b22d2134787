#include "state/model/action.h"
#include "state/model/intent.h"
#include "state/model/observation.h"
#include "state/model/record.h"
#include "state/model/words.h"

namespace switchyard {
namespace {

constexpr Words<Action, 16> kActions{{
    {Action::kCreate, "create"},
    {Action::kUpdate, "update"},
    {Action::kReplace, "replace"},
    {Action::kDelete, "delete"},
    {Action::kInstall, "install"},
    {Action::kStart, "start"},
    {Action::kStop, "stop"},
    {Action::kRestart, "restart"},
    {Action::kOsCycle, "os-cycle"},
    {Action::kPowerCycle, "power-cycle"},
    {Action::kReactivate, "reactivate"},
    {Action::kResize, "resize"},
    {Action::kFlush, "flush"},
    {Action::kUpgrade, "upgrade"},
    {Action::kDrain, "drain"},
    {Action::kUndrain, "undrain"},
}};

constexpr Words<Phase, 7> kPhases{{
    {Phase::kProvisioning, "provisioning"},
    {Phase::kActive, "active"},
    {Phase::kStopped, "stopped"},
    {Phase::kExpired, "expired"},
    {Phase::kDraining, "draining"},
    {Phase::kUpdating, "updating"},
    {Phase::kFailed, "failed"},
}};

constexpr Words<Role, 3> kRoles{{
    {Role::kSwitch, "switch"},
    {Role::kDispatcher, "dispatcher"},
    {Role::kMedia, "media"},
}};

constexpr Words<Override::What, 4> kOverrides{{
    {Override::What::kStopped, "stopped"},
    {Override::What::kDrained, "drained"},
    {Override::What::kSuspended, "suspended"},
    {Override::What::kFrozen, "frozen"},
}};

constexpr Words<Intent::Origin, 2> kOrigins{{
    {Intent::Origin::kPlanned, "planned"},
    {Intent::Origin::kByHand, "by-hand"},
}};

constexpr Words<Outcome::Kind, 5> kOutcomes{{
    {Outcome::Kind::kDone, "done"},
    {Outcome::Kind::kInProgress, "in-progress"},
    {Outcome::Kind::kRefused, "refused"},
    {Outcome::Kind::kFailed, "failed"},
    {Outcome::Kind::kUnknown, "unknown"},
}};

constexpr Words<Peer::For, 5> kPeerPurposes{{
    {Peer::For::kDestination, "destination"},
    {Peer::For::kMedia, "media"},
    {Peer::For::kMember, "member"},
    {Peer::For::kFailover, "failover"},
    {Peer::For::kDispatcher, "dispatcher"},
}};

constexpr Words<ObservedServer::ActionState, 4> kActionStates{{
    {ObservedServer::ActionState::kNone, "none"},
    {ObservedServer::ActionState::kRunning, "running"},
    {ObservedServer::ActionState::kDone, "done"},
    {ObservedServer::ActionState::kFailed, "failed"},
}};

}  // namespace

std::string_view to_string(Action action) {
  return word_of(kActions, action);
}
std::optional<Action> parse_action(std::string_view text) {
  return choice_of(kActions, text);
}
std::string_view to_string(Phase phase) {
  return word_of(kPhases, phase);
}
std::optional<Phase> parse_phase(std::string_view text) {
  return choice_of(kPhases, text);
}
std::string_view to_string(Role role) {
  return word_of(kRoles, role);
}
std::optional<Role> parse_role(std::string_view text) {
  return choice_of(kRoles, text);
}
std::string_view to_string(Override::What what) {
  return word_of(kOverrides, what);
}
std::optional<Override::What> parse_override(std::string_view text) {
  return choice_of(kOverrides, text);
}
std::string_view to_string(Intent::Origin origin) {
  return word_of(kOrigins, origin);
}
std::optional<Intent::Origin> parse_origin(std::string_view text) {
  return choice_of(kOrigins, text);
}
std::string_view to_string(Outcome::Kind kind) {
  return word_of(kOutcomes, kind);
}
std::optional<Outcome::Kind> parse_outcome(std::string_view text) {
  return choice_of(kOutcomes, text);
}
std::string_view to_string(Peer::For purpose) {
  return word_of(kPeerPurposes, purpose);
}
std::optional<Peer::For> parse_peer_purpose(std::string_view text) {
  return choice_of(kPeerPurposes, text);
}
std::string_view to_string(ObservedServer::ActionState state) {
  return word_of(kActionStates, state);
}
std::optional<ObservedServer::ActionState> parse_action_state(std::string_view text) {
  return choice_of(kActionStates, text);
}

Timestamp provider_clock(const ObservedAccount& account, Timestamp now) {
  if (!account.listed || !account.looked) return now;
  return *account.listed + (now - *account.looked);
}

}  // namespace switchyard
