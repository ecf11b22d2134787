// What a provider answers, decoded and spoken again.
//
// The first line names the call; answers.h says what follows.
#include "tests/fuzz/answers.h"
#include "tests/fuzz/target.h"

namespace switchyard::fuzz {
namespace {

using What = decltype(Call::what);

What what_of(std::string_view word) {
  if (word == "catalogue") return CatalogueCall{};
  if (word == "balance") return BalanceCall{};
  if (word == "get") return GetCall{.id = "sim-1"};
  if (word == "create") {
    return CreateCall{.request = {.mark = {.fleet = "main", .key = {Kind::kServer, "a"}, .uid = "u"},
                                  .role = Role::kSwitch,
                                  .region = "lon1",
                                  .size = "s-1vcpu-2gb",
                                  .fields = {},
                                  .peers = {},
                                  .secrets = {}}};
  }
  if (word == "remove") return RemoveCall{.id = "sim-1"};
  if (word == "act") return ProviderActionCall{.id = "sim-1", .action = Action::kRestart, .arguments = {}};
  if (word == "mark") {
    return MarkCall{.id = "sim-1", .mark = {.fleet = "main", .key = {Kind::kServer, "a"}, .uid = "u"}};
  }
  return ListCall{.page = {}};
}

}  // namespace

void provider_answers(std::string_view bytes) {
  const std::string_view word = take_line(bytes);
  check_answer({.account = "main", .limits = {.timeout = {}, .fence = 1}, .what = what_of(word)}, bytes);
}

}  // namespace switchyard::fuzz
