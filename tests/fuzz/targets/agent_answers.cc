// What an agent answers, decoded and spoken again.
//
// The first line names the call; answers.h says what follows.
#include "tests/fuzz/answers.h"
#include "tests/fuzz/target.h"

namespace switchyard::fuzz {

void agent_answers(std::string_view bytes) {
  const std::string_view word = take_line(bytes);
  ObservedServer server;
  server.id = "sim-1";
  StatusCall status{.server = server};
  Call call{.account = "main", .limits = {.timeout = {}, .fence = 1}, .what = std::move(status)};
  if (word == "configure") call.what = ConfigureCall{.server = server, .wanted = {}};
  if (word == "act") call.what = AgentActionCall{.server = server, .action = Action::kDrain};
  check_answer(call, bytes);
}

}  // namespace switchyard::fuzz
