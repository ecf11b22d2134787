#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "reconciler/cli/commands/commands.h"
#include "reconciler/cli/context.h"
#include "reconciler/cli/parse.h"

namespace switchyard {
namespace {

// `version` alone is answered before anything is built: scripts ask for it often.
bool asks_for_version(const std::vector<std::string>& words) {
  return words.size() == 1 && (words[0] == "version" || words[0] == "--version");
}

// Whoever asked for JSON gets one object, also where not even the command line could be read.
int refuse(Output& out, const std::vector<std::string>& words, const std::string& message) {
  out.talk(fmt::format("error: {}\n", message));
  if (std::ranges::find(words, "--json") != words.end()) {
    const Json error = Json::Object{{"code", to_string(ErrorCode::kInvalid)}, {"message", message}};
    out.result(to_pretty_string(Json(Json::Object{{"formatVersion", 1}, {"error", error}})) + "\n");
  }
  return 1;
}

// Tokens and passwords lie in this process's memory: no core dump holds it, and nobody but root reads it meanwhile
// (its environment included). The limit alone would not stop a dump that goes into a pipe.
void keep_memory_private() {
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
}

int run(const std::vector<std::string>& words) {
  Output out(Colour::kOff);
  if (asks_for_version(words)) {
    out.result(fmt::format("switchyard {}\n", program_version()));
    return 0;
  }
  const auto program = whole_program();
  const auto parsed = parse_command_line(program, words);
  if (const auto* help = std::get_if<HelpText>(&parsed)) {
    out.result(help->text);
    return 0;
  }
  if (const auto* wrong = std::get_if<UsageError>(&parsed)) {
    return refuse(out, words, wrong->message);
  }
  const auto& invocation = std::get<Invocation>(parsed);
  auto context = Context::from(invocation.arguments, program);
  if (!context) {
    return refuse(out, words, context.error().message);
  }
  const int code = invocation.command->run(*context, invocation.arguments);
  const std::string lost = context->out().lost();
  if (lost.empty()) return code;
  out.talk(fmt::format("error: the result could not be written whole: {}; make room and ask again\n", lost));
  return code == 0 ? 1 : code;
}

}  // namespace
}  // namespace switchyard

int main(int count, char** words) {
  switchyard::keep_memory_private();
  return switchyard::run(std::vector<std::string>(words + 1, words + count));
}
