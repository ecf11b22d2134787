#include <fmt/format.h>

#include <algorithm>

#include "reconciler/cli/clock.h"
#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/context.h"
#include "reconciler/cli/loading.h"
#include "reconciler/cli/session.h"
#include "reconciler/render/server_facts.h"
#include "reconciler/render/words.h"
#include "specs/suggest.h"
#include "state/lock.h"
#include "state/lock_row.h"
#include "state/schema.h"
#include "state/state_file.h"
#include "state/store.h"

// What a person tells the loop to leave alone: suspend and resume a resource, freeze and unfreeze an account.
namespace switchyard {
namespace {

struct Writer {
  std::unique_ptr<Lock> lock;  // nullptr: somebody else holds it, and we write under their number
  std::unique_ptr<Store> store;
  std::vector<ObservedAccount> observed;
  Timestamp now;  // engine's clock
};

// The number of the newest lock, held or not. Error: of the file.
Result<std::int64_t> newest_fence(const std::string& state_path) {
  const auto opened = open_for_reading(state_path, state_format(), kIfStateDamaged);
  if (!opened) return opened.error();
  const auto row = read_lock(*opened->database);
  if (!row) return row.error();
  return row->fence;
}

// A brake has to work while `run` or an apply holds the lock: that is when it is wanted. An override is the one thing
// that is written beside the holder, under the holder's number, in one transaction; the engine reads overrides again
// before each call. When the lock changes hands in between, the store refuses (law 11) and the person is told.
Result<Writer> open_writer(const Context& context) {
  auto lock = Lock::acquire(context.state_path(), context.actor(), Session::kLease, context.lock_timeout());
  if (!lock && lock.error().code != ErrorCode::kLocked) return lock.error();
  auto store = Store::open(context.state_path(), Store::Mode::kReadWrite);
  if (!store) return store.error();
  if (lock) {
    (*store)->set_fence((*lock)->fence());
  } else {
    const auto fence = newest_fence(context.state_path());
    if (!fence) return fence.error();
    (*store)->set_fence(*fence);
  }
  auto observed = (*store)->observed();
  if (!observed) return observed.error();
  const auto now = engine_clock(context, *observed);
  return Writer{.lock = lock ? *std::move(lock) : nullptr,
                .store = *std::move(store),
                .observed = *std::move(observed),
                .now = now};
}

Event event_of(const Context& context, const Key& key, Timestamp now, std::string message) {
  return {.at = now,
          .resource = key,
          .account = key.kind == Kind::kAccount ? key.name : std::string(),
          .actor = context.actor(),
          .type = "override",
          .message = std::move(message),
          .intent = 0};
}

int report(Context& context, const std::vector<Key>& keys, std::string_view what,
           const std::optional<Timestamp>& until) {
  if (context.json()) {
    Json::Array resources;
    for (const auto& key : keys) resources.push_back(to_string(key));
    context.result_json(Json(Json::Object{
        {"formatVersion", 1}, {"resources", std::move(resources)}, {"now", what}, {"until", json_of(until)}}));
    return 0;
  }
  for (const auto& key : keys) {
    context.result(
        fmt::format("{} is {}{}.\n", to_string(key), what, until ? " until " + to_string(*until) : std::string()));
  }
  return 0;
}

// A typing mistake in an emergency brake must not pass in silence. Zones, clusters and sets stand in the specs alone.
void warn_if_unknown(Context& context, const Arguments& arguments, const Writer& writer, const Key& key) {
  const auto declared = writer.store->declarations();
  if (!declared) return;
  const auto is_declared = std::ranges::find(*declared, key, &Declaration::resource) != declared->end();
  const auto is_account = std::ranges::find(writer.observed, key.name, &ObservedAccount::name) != writer.observed.end();
  if (is_declared || find_observed(writer.observed, key) != nullptr || (key.kind == Kind::kAccount && is_account))
    return;
  std::vector<std::string> names;
  for (const auto& declaration : *declared) names.push_back(to_string(declaration.resource));
  for (const auto& account : writer.observed) names.push_back("Account/" + account.name);
  if (const auto specs = load_if_sound(paths_or_last(context, arguments), nullptr)) {
    for (const auto& [document, source] : specs->fleet.documents) {
      if (document == key) return;
      names.push_back(to_string(document));
    }
  }
  context.say(fmt::format("warning: this state knows no {} yet{}", to_string(key),
                          did_you_mean(to_string(key), std::vector<std::string_view>(names.begin(), names.end()))));
}

int put(Context& context, const Arguments& arguments, const Writer& writer, const std::vector<Key>& keys,
        Override::What what) {
  std::optional<Timestamp> until;
  if (const auto text = arguments.text("until")) {
    const auto moment = parse_moment("until", *text, writer.now, Direction::kAhead);
    if (!moment) return context.fail(moment.error());
    if (*moment <= writer.now) {
      return context.fail({ErrorCode::kInvalid, fmt::format("--until: {} is already past; now is {}",
                                                            to_string(*moment), to_string(writer.now))});
    }
    until = *moment;
  }
  const auto reason = arguments.text("reason").value_or("");
  Batch batch;
  for (const auto& key : keys) {
    warn_if_unknown(context, arguments, writer, key);
    batch.overrides.push_back(
        {.what = what, .resource = key, .who = context.actor(), .why = reason, .since = writer.now, .until = until});
    batch.events.push_back(event_of(context, key, writer.now,
                                    fmt::format("{}{}{}", to_string(what), until ? " until " + to_string(*until) : "",
                                                reason.empty() ? "" : ": " + reason)));
  }
  if (auto done = writer.store->commit(batch, Durability::kSynced); !done) return context.fail(done.error());
  return report(context, keys, to_string(what), until);
}

int lift(Context& context, const Arguments& arguments, const Writer& writer, const std::vector<Key>& keys,
         Override::What what) {
  const auto overrides = writer.store->overrides(writer.now);
  if (!overrides) return context.fail(overrides.error());
  const auto reason = arguments.text("reason").value_or("");
  Batch batch;
  std::vector<Key> lifted;
  for (const auto& key : keys) {
    const auto there = std::ranges::any_of(
        *overrides, [&](const Override& held) { return held.resource == key && held.what == what; });
    if (!there) continue;
    lifted.push_back(key);
    batch.lifted.emplace_back(key, what);
    batch.events.push_back(event_of(
        context, key, writer.now, fmt::format("no longer {}{}", to_string(what), reason.empty() ? "" : ": " + reason)));
  }
  if (lifted.empty()) {
    context.say(fmt::format("Nothing to do: {} is not {}.",
                            keys.size() == 1 ? to_string(keys.front()) : std::string("no account"), to_string(what)));
  }
  if (auto done = writer.store->commit(batch, Durability::kSynced); !done) return context.fail(done.error());
  return report(context, lifted, what == Override::What::kFrozen ? "free again" : "taken care of again", std::nullopt);
}

// The account named, or all that are known.
Result<std::vector<Key>> accounts_of(const Context& context, const Arguments& arguments, const Writer& writer) {
  if (const auto name = arguments.argument("ACCOUNT"); !name.empty()) {
    if (const auto key = parse_key(name); key && key->kind == Kind::kAccount) return std::vector{*key};
    return std::vector{Key{Kind::kAccount, name}};
  }
  std::vector<Key> keys;
  for (const auto& account : writer.observed) keys.push_back({Kind::kAccount, account.name});
  if (const auto specs = load_if_sound(paths_or_last(context, arguments), nullptr)) {
    for (const auto& account : specs->fleet.accounts) keys.push_back({Kind::kAccount, account.name});
  }
  std::ranges::sort(keys);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  if (keys.empty()) return Error{ErrorCode::kNotFound, "no account is known here yet; name the ACCOUNT"};
  return keys;
}

using Act = int (*)(Context&, const Arguments&, const Writer&, const std::vector<Key>&, Override::What);

int with_resource(Context& context, const Arguments& arguments, Act act) {
  const auto key = parse_key(arguments.argument("KIND/NAME"));
  if (key->kind == Kind::kCarrier || key->kind == Kind::kCertificate) {
    return context.fail({ErrorCode::kInvalid,
                         fmt::format("{} has no servers of its own; suspend a server, or the account, zone, cluster or "
                                     "set that servers belong to",
                                     to_string(*key))});
  }
  const auto writer = open_writer(context);
  if (!writer) return context.fail(writer.error());
  return act(context, arguments, *writer, {*key}, Override::What::kSuspended);
}

int with_accounts(Context& context, const Arguments& arguments, Act act) {
  const auto writer = open_writer(context);
  if (!writer) return context.fail(writer.error());
  const auto keys = accounts_of(context, arguments, *writer);
  if (!keys) return context.fail(keys.error());
  return act(context, arguments, *writer, *keys, Override::What::kFrozen);
}

Option reason_option() {
  return {.name = "reason", .help = "why, for the audit trail", .takes = Takes::kText, .value = "TEXT"};
}

Option until_option() {
  return {.name = "until",
          .help = "lifts by itself then: a time, or a duration from now",
          .takes = Takes::kText,
          .value = "TIME"};
}

Argument resource_argument() {
  return {.name = "KIND/NAME", .help = "the resource", .takes = Takes::kResource};
}

Argument account_argument() {
  return {.name = "ACCOUNT", .help = "the account; without it, all", .takes = Takes::kText, .least = 0};
}

}  // namespace

Command suspend_command() {
  return {.name = "suspend",
          .sentence = "Leaves a resource, and every server that belongs to it, alone until it is resumed.",
          .example = "switchyard suspend Server/lon-1 --reason \"the carrier is testing\" --until 2h",
          .arguments = {resource_argument()},
          .options = {reason_option(), until_option(), path_option()},
          .run = [](Context& context, const Arguments& arguments) { return with_resource(context, arguments, put); }};
}

Command resume_command() {
  return {.name = "resume",
          .sentence = "Takes care of a suspended resource again.",
          .example = "switchyard resume Server/lon-1",
          .arguments = {resource_argument()},
          .options = {reason_option(), path_option()},
          .run = [](Context& context, const Arguments& arguments) { return with_resource(context, arguments, lift); }};
}

Command freeze_command() {
  return {.name = "freeze",
          .sentence = "Stops every call that would change an account, or all accounts; checked before each call.",
          .example = "switchyard freeze --reason \"billing is wrong\" --until 2026-11-24T08:00:00Z",
          .arguments = {account_argument()},
          .options = {reason_option(), until_option(), path_option()},
          .run = [](Context& context, const Arguments& arguments) { return with_accounts(context, arguments, put); }};
}

Command unfreeze_command() {
  return {.name = "unfreeze",
          .sentence = "Lifts a freeze.",
          .example = "switchyard unfreeze main",
          .arguments = {account_argument()},
          .options = {reason_option(), path_option()},
          .run = [](Context& context, const Arguments& arguments) { return with_accounts(context, arguments, lift); }};
}

}  // namespace switchyard
