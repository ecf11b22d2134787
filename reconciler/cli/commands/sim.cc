#include <fmt/format.h>
#include <poll.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stop_token>
#include <thread>

#include "providers/sim/ctl.h"
#include "providers/sim/server.h"
#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/context.h"
#include "reconciler/engine/runner.h"

// The simulated provider: served over HTTP, and changed by hand.
namespace switchyard {
namespace {

constexpr int kPollMilliseconds = 100;

// Both ends take the token from here (design 7).
std::string token() {
  const char* value = std::getenv("SIM_TOKEN");  // NOLINT(concurrency-mt-unsafe): before any thread is started
  return value == nullptr ? std::string() : std::string(value);
}

Result<std::vector<Fault>> read_faults(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::kNotFound, fmt::format("--faults: \"{}\" cannot be read", path)};
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto faults = faults_from_json(text);
  if (!faults) return Error{faults.error().code, fmt::format("--faults \"{}\": {}", path, faults.error().message)};
  return faults;
}

int run_serve(Context& context, const Arguments& arguments) {
  const auto world = arguments.text("world");
  if (!world) return context.fail({ErrorCode::kInvalid, "sim needs --world FILE; it is made when it is missing"});
  ServeOptions options{.world_file = *world, .token = token()};
  if (const auto listen = arguments.text("listen")) {
    if (auto done = read_listen_address(*listen, options); !done) return context.fail(done.error());
  }
  options.speed = arguments.integer("speed").value_or(1);
  if (const auto seed = arguments.integer("seed")) options.seed = static_cast<std::uint64_t>(*seed);
  if (const auto path = arguments.text("faults")) {
    auto faults = read_faults(*path);
    if (!faults) return context.fail(faults.error());
    options.faults = *std::move(faults);
  }

  install_signal_handlers();
  // Signals are only counted; this thread turns the first into the end of serving.
  std::stop_source ending;
  const std::jthread watch([&ending](const std::stop_token& stop) {
    while (!stop.stop_requested() && signals_received() == 0) ::poll(nullptr, 0, kPollMilliseconds);
    ending.request_stop();
  });
  const auto served = serve(options, ending.get_token(), [&context](const std::string& endpoint) {
    if (context.json()) {
      context.result(to_string(Json(Json::Object{{"formatVersion", 1}, {"endpoint", endpoint}})) + "\n");
    } else {
      context.result(fmt::format("Serving at {}\n", endpoint));
    }
  });
  return served ? 0 : context.fail(served.error());
}

// One member of an answer for people; of a server, what tells it from others.
std::string words_of(const std::string& name, const Json& value) {
  if (value.object() != nullptr) {
    return fmt::format("{} \"{}\" ({}) {}, {} calls", name, value.string_or("name", ""), value.string_or("id", ""),
                       value.string_or("phase", ""), value.integer_or("channels", 0));
  }
  return fmt::format("{} {}", name, value.string() != nullptr ? *value.string() : to_string(value));
}

int carry_out_by_hand(Context& context, const Arguments& arguments, const CtlCommand& command) {
  const CtlTarget target{.world_file = arguments.text("world").value_or(""),
                         .endpoint = arguments.text("endpoint").value_or(""),
                         .token = token()};
  if (target.world_file.empty() == target.endpoint.empty()) {
    return context.fail({ErrorCode::kInvalid, "sim ctl needs one of --world FILE and --endpoint URL"});
  }
  const auto answer = run_ctl(target, command);
  if (!answer) return context.fail(answer.error());
  if (context.json()) {
    context.result_json(*answer);
  } else if (std::holds_alternative<CtlDump>(command)) {
    context.result(dump_for_people(*answer));
  } else {
    std::string line;
    for (const auto& [name, value] : *answer->object()) {
      if (name == "formatVersion" || value.is_null()) continue;
      line += fmt::format("{}{}", line.empty() ? "" : ", ", words_of(name, value));
    }
    context.result(line + "\n");
  }
  return 0;
}

int run_balance(Context& context, const Arguments& arguments) {
  return carry_out_by_hand(context, arguments, CtlBalance{arguments.argument("AMOUNT")});
}

int run_expire(Context& context, const Arguments& arguments) {
  return carry_out_by_hand(context, arguments, CtlExpire{arguments.argument("NAME")});
}

int run_vanish(Context& context, const Arguments& arguments) {
  return carry_out_by_hand(context, arguments, CtlVanish{arguments.argument("NAME")});
}

int run_power(Context& context, const Arguments& arguments) {
  const auto power = arguments.argument("POWER") == "on" ? Power::kRunning : Power::kStopped;
  return carry_out_by_hand(context, arguments, CtlPower{arguments.argument("NAME"), power});
}

int run_set(Context& context, const Arguments& arguments) {
  return carry_out_by_hand(
      context, arguments, CtlSet{arguments.argument("NAME"), arguments.argument("FIELD"), arguments.argument("VALUE")});
}

int run_advance(Context& context, const Arguments& arguments) {
  return carry_out_by_hand(context, arguments, CtlAdvance{*arguments.duration("DURATION")});
}

int run_calls(Context& context, const Arguments& arguments) {
  return carry_out_by_hand(context, arguments,
                           CtlCalls{arguments.argument("NAME"), *arguments.integer("N"), arguments.duration("for")});
}

int run_fault(Context& context, const Arguments& arguments) {
  Fault fault{.kind = *parse_fault(arguments.argument("KIND"))};
  if (const auto rate = arguments.text("rate")) {
    const auto parsed = parse_fault_rate(*rate);
    if (!parsed) return context.fail({ErrorCode::kInvalid, "--rate: " + parsed.error().message});
    fault.rate_ppm = *parsed;
  }
  fault.times = arguments.integer("times");
  return carry_out_by_hand(context, arguments, CtlFault{fault});
}

int run_dump(Context& context, const Arguments& arguments) {
  return carry_out_by_hand(context, arguments, CtlDump{});
}

std::vector<std::string> fault_words() {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < kFaultKinds; ++i) words.emplace_back(to_string(static_cast<FaultKind>(i)));
  return words;
}

Argument server_argument() {
  return {.name = "NAME", .help = "the server's name or id", .takes = Takes::kText};
}

Command ctl_command() {
  return {
      .name = "ctl",
      .sentence = "Changes a simulated world, or the account of a local fleet, by hand.",
      .example =
          "switchyard sim ctl --world .switchyard/sim-main.db balance 177.40\n"
          "switchyard sim ctl --endpoint http://127.0.0.1:9180 dump",
      .options = {{.name = "world", .help = "the world's file", .takes = Takes::kPath, .value = "FILE"},
                  {.name = "endpoint", .help = "a world that is being served", .takes = Takes::kText, .value = "URL"}},
      .commands = {
          {.name = "balance",
           .sentence = "Sets the balance, or adds to it: +2.60.",
           .example = "switchyard sim ctl --world w.db balance 177.40",
           .arguments = {{.name = "AMOUNT", .help = "the new balance", .takes = Takes::kText}},
           .run = run_balance},
          {.name = "expire",
           .sentence = "Lets a server's test period end now.",
           .example = "switchyard sim ctl --world w.db expire lon-1",
           .arguments = {server_argument()},
           .run = run_expire},
          {.name = "vanish",
           .sentence = "Removes a server behind the fleet's back.",
           .example = "switchyard sim ctl --world w.db vanish lon-1",
           .arguments = {server_argument()},
           .run = run_vanish},
          {.name = "power",
           .sentence = "Switches a server on or off behind the fleet's back.",
           .example = "switchyard sim ctl --world w.db power lon-1 off",
           .arguments = {server_argument(),
                         {.name = "POWER", .help = "on or off", .takes = Takes::kWord, .words = {"on", "off"}}},
           .run = run_power},
          {.name = "set",
           .sentence = "Sets a field that is in force on a server, or one of the world itself (NAME world).",
           .example = "switchyard sim ctl --world w.db set lon-1 spec.cps 50",
           .arguments = {server_argument(),
                         {.name = "FIELD", .help = "the field's path", .takes = Takes::kText},
                         {.name = "VALUE", .help = "its new value", .takes = Takes::kText}},
           .run = run_set},
          {.name = "advance",
           .sentence = "Moves the world's clock on.",
           .example = "switchyard sim ctl --world w.db advance 2h",
           .arguments = {{.name = "DURATION", .help = "by how much", .takes = Takes::kDuration}},
           .run = run_advance},
          {.name = "calls",
           .sentence = "Puts calls on a server.",
           .example = "switchyard sim ctl --world w.db calls lon-1 12 --for 3m",
           .arguments = {server_argument(), {.name = "N", .help = "how many", .takes = Takes::kInteger}},
           .options =
               {{.name = "for", .help = "they end after this long", .takes = Takes::kDuration, .value = "DURATION"}},
           .run = run_calls},
          {.name = "fault",
           .sentence = "Makes something go wrong.",
           .example = "switchyard sim ctl --world w.db fault drop-after-commit --rate 0.2 --times 3",
           .arguments = {{.name = "KIND", .help = "what goes wrong", .takes = Takes::kWord, .words = fault_words()}},
           .options =
               {{.name = "rate", .help = "how often, from 0 to 1", .takes = Takes::kText, .value = "R"},
                {.name = "times", .help = "so many times, then never again", .takes = Takes::kInteger, .value = "N"}},
           .run = run_fault},
          {.name = "dump",
           .sentence = "Shows the world.",
           .example = "switchyard sim ctl --world w.db dump --json",
           .run = run_dump}}};
}

}  // namespace

Command sim_command() {
  return {
      .name = "sim",
      .sentence = "Serves a simulated provider over HTTP, or changes a simulated world by hand (ctl).",
      .example = "switchyard sim --world world.db --listen 127.0.0.1:9180 --speed 60",
      .options = {{.name = "world",
                   .help = "the world's file, made when it is missing",
                   .takes = Takes::kPath,
                   .value = "FILE"},
                  {.name = "listen",
                   .help = "where to listen (127.0.0.1:9180)",
                   .takes = Takes::kText,
                   .value = "ADDRESS:PORT"},
                  {.name = "speed",
                   .help = "how many times the wall clock its time runs (1)",
                   .takes = Takes::kInteger,
                   .value = "N"},
                  {.name = "seed", .help = "of a new world", .takes = Takes::kInteger, .value = "N"},
                  {.name = "faults", .help = "a JSON list of what goes wrong", .takes = Takes::kPath, .value = "FILE"}},
      .commands = {ctl_command()},
      .run = run_serve};
}

}  // namespace switchyard
