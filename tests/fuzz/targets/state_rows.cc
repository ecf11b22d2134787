// The bytes of an observed server in its row.
//
// The first two are the length of the body; behind it stands the latest reading.
#include "state/encoding.h"
#include "tests/fuzz/target.h"

namespace switchyard::fuzz {
namespace {

bool decode(std::string_view body, std::string_view latest, ObservedServer& server) {
  server.account = "main";
  server.id = "sim-1";
  for (const bool first : {true, false}) {
    const Result<Done> done = first ? decode_body(body, server) : decode_latest(latest, server);
    if (done.ok()) continue;
    promise(done.error().code == ErrorCode::kUnreadable, "bytes that make no sense are unreadable");
    promise_harmless(done.error().message, "an error");
    return false;
  }
  return true;
}

}  // namespace

void state_rows(std::string_view bytes) {
  if (bytes.size() < 2) return;
  const std::size_t length =
      static_cast<unsigned char>(bytes[0]) + std::size_t{256} * static_cast<unsigned char>(bytes[1]);
  bytes.remove_prefix(2);
  const std::string_view body = bytes.substr(0, length);
  const std::string_view latest = bytes.substr(body.size());

  ObservedServer server;
  if (!decode(body, latest, server)) return;
  std::string body_again;
  std::string latest_again;
  encode_body(server, body_again);
  encode_latest(server, latest_again);
  ObservedServer back;
  promise(decode(body_again, latest_again, back), "what was read can be written and read again");
  promise(back == server, "a server is the same when it is written and read again");
  // No shorter row is taken for a whole one.
  ObservedServer cut;
  promise(!decode(std::string_view(body_again).substr(0, body_again.size() - 1), latest_again, cut),
          "a row that is cut short is refused");

  // Every time in it can be written as text and reckoned with.
  promise(parse_json(to_string(to_json(server))).ok(), "a stored server can be spoken");
}

}  // namespace switchyard::fuzz
