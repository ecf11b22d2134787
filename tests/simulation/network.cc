#include "tests/simulation/network.h"

#include <algorithm>

namespace switchyard::simulation {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

Error no_answer() {
  return {ErrorCode::kOutcomeUnknown, "no answer came in time"};
}

}  // namespace

std::string server_of(const Call& call) {
  return std::visit(
      Overloaded{[](const GetCall& get) { return get.id; }, [](const RemoveCall& remove) { return remove.id; },
                 [](const ProviderActionCall& act) { return act.id; }, [](const MarkCall& mark) { return mark.id; },
                 [](const StatusCall& status) { return status.server.id; },
                 [](const ConfigureCall& configure) { return configure.server.id; },
                 [](const AgentActionCall& act) { return act.server.id; }, [](const auto&) { return std::string(); }},
      call.what);
}

Duration Network::one_way() {
  if (slow_ && random_.below(3) == 0) return Duration(random_.between(1000, 36'000));
  return Duration(random_.between(1, 60));
}

void Network::send(int sender, CallId id, Call call, Timestamp now) {
  back_.try_emplace(sender);
  const Timestamp deadline = now + call.limits.timeout;
  Packet packet{.sender = sender, .id = id, .call = std::move(call), .deadline = deadline, .answer = {}};
  Timestamp arrives = now + one_way();
  if (slow_ && random_.below(20) == 0) {
    packet.answer = Error{ErrorCode::kNotSent, "the connection was refused"};
  } else {
    // The far end takes nothing in after the deadline: the connection is closed by then.
    arrives = std::min(arrives, deadline);
  }
  under_way_.emplace(std::pair(arrives, sent_++), std::move(packet));
}

std::optional<Timestamp> Network::next() const {
  return under_way_.empty() ? std::nullopt : std::optional(under_way_.begin()->first.first);
}

void Network::pass(Timestamp now, const CarryOut& carry_out, const Told& told) {
  while (!under_way_.empty() && under_way_.begin()->first.first <= now) {
    const Timestamp at = under_way_.begin()->first.first;
    Packet packet = std::move(under_way_.extract(under_way_.begin()).mapped());
    if (packet.answer) {
      const auto back = back_.find(packet.sender);
      if (back == back_.end()) continue;
      told(packet.call, *packet.answer);
      back->second.push_back(Completion{packet.id, std::move(*packet.answer)});
      continue;
    }
    SimReply reply = carry_out(packet.call);
    packet.answer = reply.dropped ? Result<Answer>(no_answer()) : std::move(reply.answer);
    Timestamp back = at + reply.delay + one_way();
    if (back > packet.deadline) {
      back = packet.deadline;
      packet.answer = no_answer();
    }
    under_way_.emplace(std::pair(back, sent_++), std::move(packet));
  }
}

std::vector<Completion> Network::take(int sender) {
  const auto at = back_.find(sender);
  if (at == back_.end()) return {};
  return std::exchange(at->second, {});
}

bool Network::concerns(const std::string& account, const std::string& id) const {
  return std::ranges::any_of(under_way_, [&](const auto& one) {
    return one.second.call.account == account && server_of(one.second.call) == id;
  });
}

}  // namespace switchyard::simulation
