#include "reconciler/engine/workshop.h"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "reconciler/core/compare.h"

namespace switchyard {
namespace {

constexpr std::chrono::seconds kFirstBackOff{30};
constexpr std::chrono::hours kLongestBackOff{1};

}  // namespace

Workshop::Workshop(Store& store_in, Lock* lock, Runner& runner, EngineOptions options_in)
    : options(std::move(options_in)),
      store(store_in),
      hands(store_in, lock, runner, options),
      observer(hands, store_in, view),
      random(options.seed) {}

std::string Workshop::source_path(const DesiredServer& server) {
  const auto [at, is_new] = source_paths_.try_emplace(server.source.file);
  if (is_new && !server.source.file.empty()) at->second = hands.runner().absolute(server.source.file);
  return at->second;
}

std::vector<ObservedServer*> Workshop::machines_marked(const Key& key) {
  std::vector<ObservedServer*> machines;
  for (const DesiredAccount& account : desired().accounts) {
    std::ranges::move(observer.machines_of(account.name, account.fleet, key), std::back_inserter(machines));
  }
  // What turned up late is swept away and stands for nothing.
  std::erase_if(machines, [&](const ObservedServer* machine) {
    return std::ranges::binary_search(view.given_up, machine->mark->uid, {}, &GivenUp::uid);
  });
  return machines;
}

ObservedServer* Workshop::machine_of(const DesiredServer& server) {
  std::vector<ObservedServer*> machines = machines_marked(server.key);
  for (const std::string& old : server.formerly) {
    const Key former{server.key.kind, old};
    if (machines.empty() && desired().server(former) == nullptr) machines = machines_marked(former);
  }
  if (machines.size() < 2) return machines.empty() ? nullptr : machines.front();
  const Declaration* declared = declaration_of(server.key);
  const std::string known_uid = declared != nullptr ? declared->uid : "";
  // As FleetIndex chooses, but for one thing: a successor counts only once it is delivered.
  const auto rank = [&](const ObservedServer* machine) {
    return std::make_tuple(machine->missing_since.has_value(), !machine->delivered,
                           !fits(desired(), server, *machine, catalogue_of(machine->account)),
                           machine->mark->uid != known_uid, machine->created.value_or(Timestamp{}), machine->account,
                           machine->id);
  };
  return *std::ranges::min_element(machines, {}, rank);
}

std::vector<Peer> Workshop::peers_now(const DesiredServer& server) {
  if (wishes_of_ != specs) {
    wishes_of_ = specs;
    wishes_ = std::make_unique<PeerWishes>(desired());
  }
  std::vector<Peer> peers;
  for (const PeerWishes::Wish& wish : wishes_->of(server)) {
    const ObservedServer* machine = machine_of(*wish.server);
    if (machine == nullptr || !machine->delivered) continue;
    const std::string& address = machine->ipv4.empty() ? machine->ipv6 : machine->ipv4;
    if (!address.empty()) peers.push_back(peer_of(wish, address));
  }
  if (!wishes_->on_bus(server)) return peers;
  const std::vector<Peer> leaving = leaving_members(server);
  peers.insert(peers.end(), leaving.begin(), leaving.end());
  std::ranges::sort(peers, {}, place_of);
  return peers;
}

// Thousands of creates in a row change nothing about who leaves.
std::vector<Peer> Workshop::leaving_members(const DesiredServer& server) {
  if (leaving_version_ != observer.unwanted_version()) {
    leaving_ = peers().leaving();
    leaving_version_ = observer.unwanted_version();
  }
  const auto at = leaving_.find(PeerIndex::group_of(server));
  return at == leaving_.end() ? std::vector<Peer>{} : at->second;
}

Result<std::optional<Configuration>> Workshop::configuration_of(const DesiredServer& server) {
  auto secrets = secrets_of(server);
  if (!secrets.ok()) return secrets.error();
  return std::optional(Configuration{.fields = desired().field_source->fields(desired().index_of(server)),
                                     .peers = peers_now(server),
                                     .secrets = std::move(*secrets)});
}

Result<std::optional<Configuration>> Workshop::with_other_peers(const DesiredServer& server,
                                                                const ObservedServer& machine) {
  if (!machine.agent) return std::optional<Configuration>();
  const bool secrets_stay = std::ranges::all_of(machine.agent->fingerprints, [&](const auto& in_force) {
    const auto known = view.fingerprints.find({server.key, in_force.first});
    return known == view.fingerprints.end() || known->second == in_force.second;
  });
  if (machine.agent->applied_digest == server.digest && secrets_stay) return configuration_of(server);
  std::optional<std::vector<Peer>> others = this->peers().peers_meanwhile(server, machine);
  const Result<Json> applied = parse_json(machine.agent->applied);
  Result<Fields> fields = applied.ok() ? fields_from_json(*applied) : Result<Fields>(applied.error());
  if (!others || !fields.ok() || digest_of(*fields) != machine.agent->applied_digest) {
    return std::optional<Configuration>();
  }
  Configuration made{.fields = std::move(*fields), .peers = *std::move(others), .secrets = {}};
  auto secrets = secrets_of(server);
  if (!secrets.ok()) return secrets.error();
  for (const auto& [path, fingerprint] : machine.agent->fingerprints) {
    const auto known = view.fingerprints.find({server.key, path});
    const auto secret = std::ranges::find(*secrets, path, &std::pair<std::string, std::string>::first);
    const bool same = known != view.fingerprints.end() && known->second == fingerprint;
    if (!same || secret == secrets->end()) return std::optional<Configuration>();
    made.secrets.push_back(*secret);
  }
  return std::optional(std::move(made));
}

Result<std::string> Workshop::secret(const SecretRef& ref) {
  const auto key = std::pair(ref.from, ref.place);
  auto known = secrets_.find(key);
  if (known == secrets_.end()) {
    Result<std::string> secret = hands.runner().secret(ref);
    if (!secret.ok()) return secret;
    known = secrets_.emplace(key, std::move(*secret)).first;
  }
  return known->second;
}

Result<std::vector<std::pair<std::string, std::string>>> Workshop::secrets_of(const DesiredServer& server) {
  std::vector<std::pair<std::string, std::string>> found;
  for (const SecretField& field : desired().field_source->secrets(desired().index_of(server))) {
    Result<std::string> read = secret(field.ref);
    if (!read.ok()) return read.error();
    found.emplace_back(field.path, std::move(*read));
  }
  return found;
}

bool Workshop::has_secrets(const DesiredServer& server, const AgentReport& agent) {
  return std::ranges::all_of(
      desired().field_source->secrets(desired().index_of(server)), [&](const SecretField& field) {
        const auto known =
            std::ranges::find(agent.fingerprints, field.path, &std::pair<std::string, std::string>::first);
        const Result<std::string> read = secret(field.ref);
        return known != agent.fingerprints.end() && read.ok() &&
               known->second == hands.runner().fingerprint(field.ref, agent.salt, *read);
      });
}

void Workshop::compute_fingerprints() {
  view.fingerprints.clear();
  for (const DesiredServer& server : desired().servers) {
    const ObservedServer* machine = machine_of(server);
    if (machine == nullptr || !machine->agent || machine->agent->fingerprints.empty()) continue;
    for (const SecretField& field : desired().field_source->secrets(desired().index_of(server))) {
      const Result<std::string> read = secret(field.ref);
      if (!read.ok()) continue;  // said as a diagnostic when the specs were loaded; here it only cannot be compared
      view.fingerprints.emplace(std::pair(server.key, field.path),
                                hands.runner().fingerprint(field.ref, machine->agent->salt, *read));
    }
  }
}

std::int64_t Workshop::servers_in(const std::string& account) {
  std::int64_t count = observer.count(account);
  for (const auto& [id, intent] : hands.open()) {
    const bool coming = intent.action == Action::kCreate && intent.account == account;
    if (coming && observer.find_by_uid(account, intent.uid) == nullptr) ++count;
  }
  return count;
}

const Catalogue& Workshop::catalogue_of(const std::string& account) {
  static const Catalogue kNone{};
  const std::optional<Catalogue>& known = observer.account(account).catalogue;
  return known ? *known : kNone;
}

std::optional<Timestamp> Workshop::provider_now(const std::string& account) {
  const ObservedAccount& known = observer.account(account);
  if (known.balance && (!known.listed || *known.listed < known.balance->at)) return known.balance->at;
  return known.listed;
}

const FleetIndex& Workshop::fleet() {
  if (fleet_ == nullptr || fleet_version_ != observer.version()) {
    fleet_version_ = observer.version();
    peers_.reset();
    fleet_ = std::make_unique<FleetIndex>(desired(), view.accounts, declarations(), view.given_up);
  }
  return *fleet_;
}

const PeerIndex& Workshop::peers() {
  const FleetIndex& index = fleet();
  if (peers_ == nullptr) peers_ = std::make_unique<PeerIndex>(index);
  return *peers_;
}

std::string Workshop::new_uid() {
  // 64 bits from the seed: letters and digits only, so that every provider's tags and labels can carry it.
  static constexpr char kDigits[] = "0123456789abcdef";
  std::uint64_t drawn = random.next();
  std::string uid = "u";
  for (int i = 0; i < 16; ++i) {
    uid.push_back(kDigits[drawn & 0xFU]);
    drawn >>= 4U;
  }
  return uid;
}

void Workshop::failed(const Key& resource, Action action, std::string message) {
  const auto order = [](const Attempts& one) { return std::tie(one.resource, one.action); };
  auto at = std::ranges::lower_bound(view.attempts, std::tie(resource, action), {}, order);
  if (at == view.attempts.end() || at->resource != resource || at->action != action) {
    at = view.attempts.insert(at, Attempts{.resource = resource, .action = action});
  }
  ++at->failures;
  at->last = now();
  Duration wait = kFirstBackOff;
  for (std::int64_t i = 1; i < at->failures && wait < kLongestBackOff; ++i) wait *= 2;
  wait = std::min<Duration>(wait, kLongestBackOff);
  at->next_try = at->last + wait + Duration(random.between(0, wait.count() / 4));
  at->message = std::move(message);
  hands.batch().attempts.push_back(*at);
}

void Workshop::succeeded(const Key& resource, Action action) {
  const auto known = [&](const Attempts& one) { return one.resource == resource && one.action == action; };
  if (std::erase_if(view.attempts, known) > 0) hands.batch().succeeded.emplace_back(resource, action);
}

void Workshop::event(const Key& resource, const std::string& account, std::string type, std::string message) {
  hands.batch().events.push_back(Event{.at = now(),
                                       .resource = resource,
                                       .account = account,
                                       .actor = options.actor,
                                       .type = std::move(type),
                                       .message = std::move(message)});
}

std::vector<Declaration>& Workshop::declarations() {
  std::vector<Declaration>& all = view.declarations;
  if (declared_.empty()) return all;
  const auto old = std::ssize(all);
  for (auto& [key, declaration] : declared_) all.push_back(std::move(declaration));
  declared_.clear();
  std::ranges::inplace_merge(all, all.begin() + old, {}, &Declaration::resource);
  return all;
}

Declaration* Workshop::declaration_of(const Key& resource) {
  if (const auto at = declared_.find(resource); at != declared_.end()) return &at->second;
  const auto at = std::ranges::lower_bound(view.declarations, resource, {}, &Declaration::resource);
  return at != view.declarations.end() && at->resource == resource ? &*at : nullptr;
}

void Workshop::declare(const DesiredServer& server, const std::string& uid) {
  Declaration declaration{.resource = server.key,
                          .account = server.account,
                          .uid = uid,
                          .source_path = source_path(server),
                          .protect = server.protect};
  if (Declaration* known = declaration_of(server.key)) {
    if (*known == declaration) return;
    *known = declaration;
  } else {
    declared_.emplace(server.key, declaration);
  }
  observer.touch_wanted();
  hands.batch().declarations.push_back(std::move(declaration));
}

}  // namespace switchyard
