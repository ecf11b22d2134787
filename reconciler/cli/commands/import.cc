#include <fmt/format.h>

#include <algorithm>

#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/context.h"
#include "reconciler/cli/export.h"
#include "reconciler/cli/loading.h"
#include "reconciler/cli/planning.h"
#include "reconciler/cli/words.h"

// What lies between an account and its specs: import takes a server into the fleet, export writes an account as YAML.
namespace switchyard {
namespace {

std::string account_words(const DesiredFleet& fleet) {
  std::vector<std::string> names;
  for (const auto& account : fleet.accounts) names.push_back(account.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

// The account the server is in: named, the one its document says, or the only one there is.
Result<std::string> account_of(const Arguments& arguments, const DesiredFleet& fleet, const Key& key) {
  const auto named = arguments.text("account");
  if (named) {
    if (fleet.account(*named) != nullptr) return *named;
    return Error{ErrorCode::kNotFound,
                 fmt::format("there is no account \"{}\"; the specs declare: {}", *named, account_words(fleet))};
  }
  if (const auto* server = fleet.server(key)) return server->account;
  if (fleet.accounts.size() == 1) return fleet.accounts.front().name;
  return Error{ErrorCode::kInvalid, fmt::format("{} is not declared; name its account with --account ({})",
                                                to_string(key), account_words(fleet))};
}

const ObservedServer* find_by_id(const WorldView& world, const std::string& account, const std::string& id) {
  for (const auto& observed : world.accounts) {
    if (observed.name != account) continue;
    const auto at = std::ranges::find(observed.servers, id, &ObservedServer::id);
    if (at != observed.servers.end()) return &*at;
  }
  return nullptr;
}

// A server that no document declares would be taken in and left alone for ever: here is its document, and nothing is
// done.
int show_document(Context& context, Session& session, const Key& key, const std::string& account,
                  const std::string& id) {
  const auto* server = find_by_id(session.engine().view(), account, id);
  if (server == nullptr) {
    return context.fail(
        {ErrorCode::kNotFound, fmt::format("account \"{}\" has no server with the id \"{}\"", account, id)});
  }
  const auto& zones = session.fleet().zones;
  const auto zone = std::ranges::find_if(zones, [&](const DesiredZone& candidate) {
    return candidate.account == account && candidate.region == server->region;
  });
  if (!context.json()) context.result(to_yaml({export_server(key, *server, zone == zones.end() ? "" : zone->name)}));
  return context.fail(
      {ErrorCode::kInvalid, fmt::format("nothing was done: no document declares {}; add {}, then import it again",
                                        to_string(key), context.json() ? "one" : "the one above")});
}

int run_import(Context& context, const Arguments& arguments) {
  install_signal_handlers();
  const auto key = *parse_key(arguments.argument("KIND/NAME"));
  const auto id = arguments.text("id").value_or("");
  if (id.empty()) return context.fail({ErrorCode::kInvalid, "import needs --id, the server's id at the provider"});
  if (key.kind != Kind::kServer && key.kind != Kind::kRtpServer) {
    return context.fail(
        {ErrorCode::kInvalid, fmt::format("{} is no server; only servers are imported", to_string(key))});
  }
  const auto cache = open_cache(context);
  auto specs = load_specs(context, read_source(paths_or_last(context, arguments)), cache.get());
  if (!specs) return 1;
  const auto account = account_of(arguments, specs->fleet, key);
  if (!account) return context.fail(account.error());
  const auto session = Session::open(context, *std::move(specs),
                                     {.access = Session::Access::kReadWrite, .engine = engine_options(context)});
  if (!session) return context.fail(session.error());
  auto& engine = (*session)->engine();
  if (auto done = engine.settle(); !done) return could_not_look(context, done.error());
  if (auto done = engine.observe(); !done) return could_not_look(context, done.error());
  tell_of_trouble(context, engine.view());
  if ((*session)->fleet().server(key) == nullptr) return show_document(context, **session, key, *account, id);
  if (auto done = engine.import_server(key, *account, id); !done) return could_not_look(context, done.error());
  if (context.json()) {
    context.result_json(
        Json(Json::Object{{"formatVersion", 1}, {"resource", to_string(key)}, {"account", *account}, {"id", id}}));
  } else {
    context.result(
        fmt::format("{} is the server \"{}\" of account \"{}\" from now on.\n", to_string(key), id, *account));
  }
  return 0;
}

// The account as the specs have it, or, without specs, as the options and the state tell.
Result<DesiredAccount> account_to_export(const Arguments& arguments, const std::string& name,
                                         const std::optional<LoadedSpecs>& specs) {
  if (specs) {
    if (const auto* account = specs->fleet.account(name)) return *account;
  }
  const auto provider = arguments.text("provider");
  if (!provider) {
    std::vector<std::string> names;
    if (specs) {
      for (const auto& account : specs->fleet.accounts) names.push_back(account.name);
    }
    return Error{ErrorCode::kNotFound,
                 fmt::format("the specs declare no account \"{}\"{}; without specs, say --provider (and --endpoint)",
                             name, did_you_mean(name, names))};
  }
  const auto currency = Currency::parse(arguments.text("currency").value_or("USD"));
  if (!currency) return Error{ErrorCode::kInvalid, "--currency: " + currency.error().message};
  const bool cloud = *provider != "sim" && *provider != "local";
  const auto deposit = *parse_money(cloud ? "0" : "20", *currency);
  std::optional<SecretRef> token;
  if (const auto variable = arguments.text("token-env")) token = SecretRef{SecretRef::From::kEnvironment, *variable};
  return DesiredAccount{.name = name,
                        .provider = *provider,
                        .fleet = arguments.text("fleet").value_or(name),
                        .endpoint = arguments.text("endpoint").value_or(""),
                        .token = std::move(token),
                        .currency = *currency,
                        .deposit_base = deposit,
                        .deposit_per_server = deposit,
                        .reserve = Money{0, *currency},
                        .credit_line = {},
                        .budget = {},
                        .minimum_runway = std::chrono::hours(72),
                        .concurrency = 16,
                        .requests_per_minute = {},
                        .max_destroy = {.number = 5, .percent = false},
                        .sim_seed = 1,
                        .sim_pace = 0,
                        .source = {}};
}

int run_export(Context& context, const Arguments& arguments) {
  const auto name = arguments.argument("ACCOUNT");
  const auto cache = open_cache(context);
  const auto specs = load_if_sound(paths_or_last(context, arguments), cache.get());
  auto account = account_to_export(arguments, name, specs);
  if (!account) return context.fail(account.error());
  // The account alone: nothing else is looked at.
  LoadedSpecs alone;
  alone.fleet.accounts.push_back(*account);
  const auto session = Session::open(context, std::move(alone),
                                     {.access = Session::Access::kReadOnly, .engine = engine_options(context)});
  if (!session) return context.fail(session.error());
  auto& engine = (*session)->engine();
  if (auto done = engine.observe(); !done) return could_not_look(context, done.error());
  const auto observed = std::ranges::find(engine.view().accounts, name, &ObservedAccount::name);
  if (observed == engine.view().accounts.end() || observed->trouble) {
    // Half an account would look like a whole one.
    return context.fail(observed != engine.view().accounts.end() && observed->trouble
                            ? *observed->trouble
                            : Error{ErrorCode::kNotFound, fmt::format("account \"{}\" could not be observed", name)});
  }
  const auto documents = export_account(*account, *observed);
  const auto yaml = to_yaml(documents);
  if (context.json()) {
    Json::Array resources;
    for (const auto& document : documents) resources.push_back(to_string(document.key));
    context.result_json(Json(
        Json::Object{{"formatVersion", 1}, {"account", name}, {"resources", std::move(resources)}, {"yaml", yaml}}));
  } else {
    context.result(yaml);
  }
  return 0;
}

}  // namespace

Command import_command() {
  return {
      .name = "import",
      .sentence =
          "Takes a server that is there already into the fleet: it is marked, and kept as the specs say from then on.",
      .example = "switchyard import Server/lon-7 --id sim-12",
      .arguments = {{.name = "KIND/NAME", .help = "what it is to be", .takes = Takes::kResource}},
      .options = {{.name = "id", .help = "its id at the provider", .takes = Takes::kText, .value = "ID"},
                  {.name = "account", .help = "the account it is in", .takes = Takes::kText, .value = "NAME"},
                  path_option()},
      .run = run_import};
}

Command export_command() {
  return {
      .name = "export",
      .sentence = "Writes an account as YAML whose plan is empty.",
      .example =
          "switchyard export main > fleet.yaml\nswitchyard export main --provider sim --endpoint http://127.0.0.1:9180",
      .arguments = {{.name = "ACCOUNT", .help = "the account's name", .takes = Takes::kText}},
      .options = {path_option(),
                  {.name = "provider",
                   .help = "where no specs declare the account: its provider",
                   .takes = Takes::kWord,
                   .value = "NAME",
                   .words = {"sim", "local", "digitalocean", "hetzner"}},
                  {.name = "endpoint", .help = "where the provider answers", .takes = Takes::kText, .value = "URL"},
                  {.name = "token-env",
                   .help = "the variable that holds its token",
                   .takes = Takes::kText,
                   .value = "VARIABLE"},
                  {.name = "fleet",
                   .help = "the fleet in the servers' marks (the account's name)",
                   .takes = Takes::kText,
                   .value = "NAME"},
                  {.name = "currency", .help = "of the account (USD)", .takes = Takes::kText, .value = "CODE"}},
      .run = run_export};
}

}  // namespace switchyard
