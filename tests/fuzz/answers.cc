#include "tests/fuzz/answers.h"

#include <charconv>

#include "providers/http/pace.h"
#include "providers/sim/protocol.h"
#include "providers/sim/protocol_values.h"
#include "tests/fuzz/target.h"

namespace switchyard::fuzz {
namespace {

HttpAnswer answer_in(std::string_view bytes) {
  HttpAnswer answer{.status = 0, .body = {}, .headers = {}};
  const std::string_view status = take_line(bytes);
  std::from_chars(status.data(), status.data() + status.size(), answer.status);
  while (!bytes.empty()) {
    const std::string_view line = take_line(bytes);
    if (line.empty()) break;
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    answer.headers.emplace(line.substr(0, colon), line.substr(colon + 2));
  }
  answer.body = bytes;
  return answer;
}

// Design 4: a read that fails is asked again; of a change that has no usable answer nobody knows whether it happened.
void check_error(const Call& call, const HttpAnswer& answer, const Error& error) {
  const bool mutating = changes_the_world(call);
  const bool spoke = answer.status >= 200 && answer.status <= 299;
  if (mutating) promise(error.code != ErrorCode::kUnreadable, "a change is never merely unreadable");
  if (!mutating) promise(error.code != ErrorCode::kOutcomeUnknown, "a read has no outcome");
  if (mutating && spoke)
    promise(error.code == ErrorCode::kOutcomeUnknown, "a strange answer to a change is no refusal");
  if (mutating && answer.status >= 500 && error.code != ErrorCode::kNotSent) {
    promise(error.code == ErrorCode::kOutcomeUnknown, "a broken server leaves the outcome open");
  }
  if (error.retry_after) promise(*error.retry_after >= Duration(0), "nobody waits for the past");
  promise(error.message.size() <= 1024, "an error is short, whatever the far end says");
  promise(error.message.find('\n') == std::string::npos, "an error is one line");
  promise_harmless(error.message, "an error");
}

}  // namespace

void check_answer(const Call& call, std::string_view bytes) {
  const HttpAnswer answer = answer_in(bytes);
  Pace pace(1, std::nullopt);
  pace.heed(answer);
  const Result<Answer> read = from_http(call, answer);
  if (!read.ok()) {
    check_error(call, answer, read.error());
    return;
  }
  promise(answer.status >= 200 && answer.status <= 299, "nothing is read from a refusal");
  const std::string said = to_string(body_of(*read));
  const ListenerAnswer again = to_listener(*read);
  const Result<Answer> back = from_http(call, {.status = again.status, .body = again.body, .headers = {}});
  promise(back.ok(), "an answer that was read can be spoken and read again");
  promise(back->index() == read->index(), "it is of the same kind");
  promise_same(to_string(body_of(*back)), said, "an answer is the same when it is spoken again");
}

}  // namespace switchyard::fuzz
