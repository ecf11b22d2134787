#include <fmt/format.h>

#include <algorithm>

#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/context.h"
#include "reconciler/cli/loading.h"
#include "reconciler/cli/plan_options.h"
#include "reconciler/cli/planning.h"
#include "reconciler/cli/report.h"
#include "reconciler/cli/words.h"
#include "reconciler/render/server_facts.h"

namespace switchyard {
namespace {

// "lon-1", "Server/lon-1" or "RtpServer/lon-rtp-1"; a bare name is looked for among both kinds.
Result<Key> server_of(const std::string& text, const Session& session, const WorldView& world) {
  const auto known = [&](const Key& key) {
    return session.fleet().server(key) != nullptr || find_observed(world.accounts, key) != nullptr;
  };
  if (text.find('/') != std::string::npos) {
    const auto key = parse_key(text);
    if (!key || (key->kind != Kind::kServer && key->kind != Kind::kRtpServer)) {
      return Error{ErrorCode::kInvalid,
                   fmt::format("\"{}\" is no server; write a name, Server/NAME or RtpServer/NAME", text)};
    }
    if (known(*key)) return *key;
  } else {
    for (const auto kind : {Kind::kServer, Kind::kRtpServer}) {
      if (known({kind, text})) return Key{kind, text};
    }
  }
  std::vector<std::string> names;
  for (const auto& server : session.fleet().servers) names.push_back(server.key.name);
  const auto name = text.substr(text.find('/') == std::string::npos ? 0 : text.find('/') + 1);
  return Error{ErrorCode::kNotFound, fmt::format("there is no server \"{}\"{}", text, did_you_mean(name, names))};
}

int run_action(Context& context, const Arguments& arguments) {
  install_signal_handlers();
  const auto action = *parse_action(arguments.argument("ACTION"));
  const auto size = arguments.text("size");
  if ((action == Action::kResize) != size.has_value()) {
    return context.fail({ErrorCode::kInvalid, action == Action::kResize
                                                  ? "resize needs --size, the provider's word for the new size"
                                                  : "--size is for resize only"});
  }
  const auto cache = open_cache(context);
  auto specs = load_specs(context, read_source(paths_or_last(context, arguments)), cache.get());
  if (!specs) return 1;
  const auto options = parse_disruption(arguments);
  if (!options) return context.fail(options.error());
  const auto session =
      Session::open(context, *std::move(specs),
                    {.access = Session::Access::kReadWrite, .engine = engine_options(context, arguments)});
  if (!session) return context.fail(session.error());
  auto& engine = (*session)->engine();
  if (auto done = engine.settle(); !done) return could_not_look(context, done.error());
  if (auto done = engine.observe(); !done) return could_not_look(context, done.error());
  tell_of_trouble(context, engine.view());

  std::vector<Key> servers;
  for (const auto& text : arguments.list("SERVER")) {
    const auto key = server_of(text, **session, engine.view());
    if (!key) return context.fail(key.error());
    servers.push_back(*key);
  }
  std::ranges::sort(servers);
  servers.erase(std::unique(servers.begin(), servers.end()), servers.end());
  const Json details = size ? Json(Json::Object{{"size", *size}}) : Json(Json::Object{});
  const auto report = with_progress(context, [&](const std::function<void(const Progress&)>& progress) {
    return engine.act(action, servers, details, *options, progress);
  });
  if (!report) return context.fail(report.error());
  if (context.json()) {
    Json::Array names;
    for (const auto& key : servers) names.push_back(to_string(key));
    context.result_json(Json(Json::Object{{"formatVersion", 1},
                                          {"action", to_string(action)},
                                          {"servers", std::move(names)},
                                          {"result", to_json(*report)}}));
  } else {
    context.result(render_report(*report, context.out().result_colour()));
  }
  return report->exit_code();
}

}  // namespace

Command action_command() {
  std::vector<Option> options{
      path_option(), {.name = "size", .help = "of resize: the new size", .takes = Takes::kText, .value = "SIZE"}};
  for (auto& option : plan_option_table()) options.push_back(std::move(option));
  std::erase_if(options, [](const Option& option) {
    return option.name == "target" || option.name == "exclude" || option.name == "what-if-balance" ||
           option.name == "max-destroy";
  });
  return {
      .name = "action",
      .sentence = "Does one thing to servers by hand, through the same journal, gates and audit trail as the loop.",
      .example = "switchyard action drain lon-1 --reason \"new carrier\"\nswitchyard action restart lon-1 lon-2",
      .arguments =
          {{.name = "ACTION", .help = "what to do", .takes = Takes::kWord, .words = action_words()},
           {.name = "SERVER", .help = "names of servers, or KIND/NAME", .takes = Takes::kText, .least = 1, .most = -1}},
      .options = std::move(options),
      .run = run_action};
}

}  // namespace switchyard
