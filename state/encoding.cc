#include "state/encoding.h"

#include <charconv>
#include <optional>
#include <utility>

#include "specs/base/digest.h"
#include "state/row_time.h"

namespace switchyard {
namespace {

constexpr std::uint8_t kLayout = 1;
// 2: an agent's details. A row of layout 1, without them, is read as it is and written anew at the next reading.
constexpr std::uint8_t kLatestLayout = 2;

// Enumerators are written as their numbers: whoever puts a new one in the middle has to bring kLayout up.
static_assert(static_cast<int>(Kind::kServer) == 3 && static_cast<int>(Kind::kRtpServer) == 5);
static_assert(static_cast<int>(Role::kSwitch) == 0 && static_cast<int>(Role::kMedia) == 2);
static_assert(static_cast<int>(Phase::kProvisioning) == 0 && static_cast<int>(Phase::kFailed) == 6);
static_assert(static_cast<int>(Peer::For::kDestination) == 0 && static_cast<int>(Peer::For::kDispatcher) == 4);
static_assert(static_cast<int>(ObservedServer::ActionState::kFailed) == 3);

class Writer {
 public:
  explicit Writer(std::string& bytes) : bytes_(bytes) {}

  void byte(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void flag(bool value) { byte(value ? 1 : 0); }
  void size(std::uint64_t value) {  // seven bits a byte, lowest first
    while (value >= 0x80) {
      byte(static_cast<std::uint8_t>(value | 0x80U));
      value >>= 7U;
    }
    byte(static_cast<std::uint8_t>(value));
  }
  void number(std::int64_t value) {  // small negative numbers are short as well
    size((static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void time(Timestamp value) { number(value.time_since_epoch().count()); }
  void text(std::string_view value) {
    size(value.size());
    bytes_.append(value);
  }
  void number(const std::optional<std::int64_t>& value) {
    flag(value.has_value());
    if (value) number(*value);
  }
  void time(const std::optional<Timestamp>& value) {
    flag(value.has_value());
    if (value) time(*value);
  }

 private:
  std::string& bytes_;
};

// Reads what Writer wrote. Past the end, or at a number out of range, it gives zeros and good() is false from then on.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool good() const { return good_; }
  bool ended_well() const { return good_ && at_ == end_; }

  std::uint8_t byte() {
    if (at_ == end_) return fail();
    return static_cast<std::uint8_t>(*at_++);
  }
  bool flag() { return byte() != 0; }
  std::uint64_t size() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t part = byte();
      value |= std::uint64_t{part & 0x7FU} << shift;
      if (part < 0x80) return value;
    }
    return fail();
  }
  std::int64_t number() {
    const std::uint64_t value = size();
    return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
  }
  std::int64_t price() {
    const std::int64_t value = number();
    return value >= 0 && value <= kHighestPrice ? value : fail();
  }
  Timestamp time() {
    const Timestamp value{Duration(number())};
    if (!can_be_a_time(value)) return Timestamp(Duration(fail()));
    return value;
  }
  std::string_view text() {
    const std::uint64_t length = size();
    if (length > static_cast<std::uint64_t>(end_ - at_)) {
      fail();
      return {};
    }
    const std::string_view value(at_, length);
    at_ += length;
    return value;
  }
  std::optional<std::int64_t> optional_number() { return flag() ? std::optional(number()) : std::nullopt; }
  std::optional<Timestamp> optional_time() { return flag() ? std::optional(time()) : std::nullopt; }
  // How many elements follow; each takes at least `least` bytes, so that damage cannot ask for all memory.
  std::size_t count(std::size_t least) {
    const std::uint64_t value = size();
    if (value > static_cast<std::uint64_t>(end_ - at_) / least) return fail();
    return value;
  }
  template <class Choice>
  Choice choice(Choice last) {
    const std::uint8_t value = byte();
    if (value > static_cast<std::uint8_t>(last)) return static_cast<Choice>(fail());
    return static_cast<Choice>(value);
  }

 private:
  std::uint8_t fail() {
    good_ = false;
    at_ = end_;
    return 0;
  }

  const char* at_;
  const char* end_;
  bool good_ = true;
};

template <class Choice>
void put(Writer& out, Choice choice) {
  out.byte(static_cast<std::uint8_t>(choice));
}

void put_agent(Writer& out, const AgentReport& agent) {
  out.text(agent.applied);
  out.text(agent.applied_digest);
  out.size(agent.peers.size());
  for (const Peer& peer : agent.peers) {
    put(out, peer.purpose);
    out.text(peer.name);
    out.text(peer.address);
    out.number(peer.weight);
  }
  out.flag(agent.drained);
  out.time(agent.booted);
  out.text(agent.release);
  out.text(agent.pending_release);
  out.text(agent.salt);
  out.size(agent.fingerprints.size());
  for (const auto& [path, fingerprint] : agent.fingerprints) {
    out.text(path);
    out.text(fingerprint);
  }
}

AgentReport take_agent(Reader& in) {
  AgentReport agent{.at = {},
                    .applied = std::string(in.text()),
                    .applied_digest = std::string(in.text()),
                    .peers = {},
                    .channels = {},
                    .cps = {},
                    .booted = {},
                    .release = {},
                    .pending_release = {},
                    .sip_latency_us = {},
                    .icmp_latency_us = {},
                    .salt = {},
                    .fingerprints = {}};
  const std::size_t peers = in.count(4);
  agent.peers.reserve(peers);
  for (std::size_t i = 0; i < peers && in.good(); ++i) {
    const auto purpose = in.choice(Peer::For::kDispatcher);
    const std::string_view name = in.text();
    const std::string_view address = in.text();
    agent.peers.push_back(
        {.purpose = purpose, .name = std::string(name), .address = std::string(address), .weight = in.number()});
  }
  agent.drained = in.flag();
  agent.booted = in.optional_time();
  agent.release = in.text();
  agent.pending_release = in.text();
  agent.salt = in.text();
  const std::size_t fingerprints = in.count(2);
  agent.fingerprints.reserve(fingerprints);
  for (std::size_t i = 0; i < fingerprints && in.good(); ++i) {
    const std::string_view path = in.text();
    agent.fingerprints.emplace_back(path, in.text());
  }
  return agent;
}

std::optional<Rate> take_price(Reader& in) {
  if (!in.flag()) return std::nullopt;
  const std::int64_t rate = in.price();
  const auto currency = Currency::parse(in.text());
  return Rate{.micro_minor_per_hour = rate, .currency = currency ? *currency : Currency()};
}

Error unreadable(const ObservedServer& server) {
  return {ErrorCode::kUnreadable,
          "the row of server \"" + server.id + "\" of account \"" + server.account + "\" makes no sense"};
}

}  // namespace

void encode_body(const ObservedServer& server, std::string& bytes) {
  Writer out(bytes);
  out.byte(kLayout);
  out.flag(server.mark.has_value());
  if (server.mark) {
    out.text(server.mark->fleet);
    put(out, server.mark->key.kind);
    out.text(server.mark->key.name);
    out.text(server.mark->uid);
  }
  out.text(server.name);
  out.flag(server.role.has_value());
  if (server.role) put(out, *server.role);
  out.text(server.region);
  out.text(server.size);
  put(out, server.phase);
  out.text(server.ipv4);
  out.text(server.ipv6);
  out.time(server.created);
  out.time(server.delivered);
  out.time(server.expires);
  out.flag(server.price.has_value());
  if (server.price) {
    out.number(server.price->micro_minor_per_hour);
    out.text(server.price->currency.code());
  }
  out.text(server.last_action);
  put(out, server.last_action_state);
  out.text(server.last_action_message);
  out.time(server.missing_since);
  out.number(server.missing_listings);
  out.flag(server.confirmed_gone);
  out.flag(server.agent.has_value());
  if (server.agent) put_agent(out, *server.agent);
}

void encode_latest(const ObservedServer& server, std::string& bytes) {
  Writer out(bytes);
  out.byte(kLatestLayout);
  if (!server.agent) return;
  out.time(server.agent->at);
  out.number(server.agent->channels);
  out.number(server.agent->cps);
  out.number(server.agent->sip_latency_us);
  out.number(server.agent->icmp_latency_us);
  out.text(server.agent->details);
}

Result<Done> decode_body(std::string_view bytes, ObservedServer& server) {
  Reader in(bytes);
  if (in.byte() != kLayout) return unreadable(server);
  if (in.flag()) {
    const std::string_view fleet = in.text();
    const auto kind = in.choice(kKinds.back().kind);
    const std::string_view name = in.text();
    server.mark = Mark{std::string(fleet), Key{kind, std::string(name)}, std::string(in.text())};
  }
  server.name = in.text();
  if (in.flag()) server.role = in.choice(Role::kMedia);
  server.region = in.text();
  server.size = in.text();
  server.phase = in.choice(Phase::kFailed);
  server.ipv4 = in.text();
  server.ipv6 = in.text();
  server.created = in.optional_time();
  server.delivered = in.optional_time();
  server.expires = in.optional_time();
  server.price = take_price(in);
  server.last_action = in.text();
  server.last_action_state = in.choice(ObservedServer::ActionState::kFailed);
  server.last_action_message = in.text();
  server.missing_since = in.optional_time();
  server.missing_listings = in.number();
  server.confirmed_gone = in.flag();
  if (in.flag()) server.agent = take_agent(in);
  if (!in.ended_well()) return unreadable(server);
  return Done{};
}

Result<Done> decode_latest(std::string_view bytes, ObservedServer& server) {
  Reader in(bytes);
  const std::uint8_t layout = in.byte();
  if (layout < kLayout || layout > kLatestLayout) return unreadable(server);
  if (server.agent) {
    server.agent->at = in.time();
    server.agent->channels = in.optional_number();
    server.agent->cps = in.optional_number();
    server.agent->sip_latency_us = in.optional_number();
    server.agent->icmp_latency_us = in.optional_number();
    if (layout > kLayout) server.agent->details = in.text();
  }
  if (!in.ended_well()) return unreadable(server);
  return Done{};
}

std::int64_t hash_of_body(std::string_view bytes) {
  const std::string hex = fast_hash_hex(bytes);
  std::uint64_t hash = 0;
  std::from_chars(hex.data(), hex.data() + 16, hash, 16);
  return static_cast<std::int64_t>(hash);
}

}  // namespace switchyard
