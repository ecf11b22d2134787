// Requests to `switchyard sim`, in any pieces.
//
// They mean the same however their bytes arrive; one that is understood can be sent again as the same.
#include "providers/http/request_reader.h"
#include "providers/sim/protocol.h"
#include "tests/fuzz/target.h"

namespace switchyard::fuzz {
namespace {

constexpr std::size_t kLargestHead = 1024;
constexpr std::size_t kLargestBody = 4096;

void outline(const ListenerRequest& request, std::string& out) {
  out += request.method + " " + request.target + "\n";
  for (const auto& [name, value] : request.headers) out += name + ": " + value + "\n";
  out += request.body + "\n--\n";
}

// All that a connection would make of these bytes; a refusal ends it.
std::string requests_in(std::string_view bytes, std::size_t piece, std::vector<ListenerRequest>* found) {
  RequestReader reader(kLargestHead, kLargestBody);
  std::string out;
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    reader.add(part);
    while (true) {
      RequestReader::Outcome outcome = reader.next();
      if (outcome.refusal != 0) {
        promise(!outcome.request && !outcome.keep_alive, "a refusal ends the connection");
        return out + "refused " + std::to_string(outcome.refusal);
      }
      if (!outcome.request) break;
      promise(outcome.request->body.size() <= kLargestBody, "a body is bounded");
      outline(*outcome.request, out);
      if (found != nullptr) found->push_back(*std::move(outcome.request));
      if (!outcome.keep_alive) return out + "closed";
    }
  }
  return out;
}

void check(const ListenerRequest& request) {
  const Result<Call> call = call_of(request);
  if (!call.ok()) {
    promise(call.error().code == ErrorCode::kInvalid || call.error().code == ErrorCode::kNotFound,
            "a request that is not understood is the sender's mistake");
    const ListenerAnswer answer = to_listener(call.error());
    promise(answer.status == 400 || answer.status == 404, "and it is told so");
    return;
  }
  const HttpRequest sent = to_http(*call);
  ListenerRequest again{.method = sent.method, .target = sent.path, .headers = {}, .body = sent.body};
  for (const auto& [name, value] : sent.headers) again.headers.emplace(name, value);
  const Result<Call> back = call_of(again);
  promise(back.ok(), "a call that was understood can be sent and understood again");
  const HttpRequest twice = to_http(*back);
  promise_same(sent.method + " " + sent.path + "\n" + sent.body, twice.method + " " + twice.path + "\n" + twice.body,
               "a call is the same when it is sent again");
  promise(sent.headers == twice.headers, "with the same headers");
}

}  // namespace

void requests(std::string_view bytes) {
  std::vector<ListenerRequest> found;
  const std::string whole = requests_in(bytes, bytes.size(), &found);
  // A head that is too long is refused as soon as that is known, which is earlier when it comes in pieces.
  if (whole.find("refused 431") == std::string::npos) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}}) {
      promise_same(whole, requests_in(bytes, piece, nullptr), "requests are the same in pieces");
    }
  }
  for (const ListenerRequest& request : found) check(request);
}

}  // namespace switchyard::fuzz
