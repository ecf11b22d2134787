#include "reconciler/render/why.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "reconciler/core/membership.h"
#include "reconciler/render/server_facts.h"
#include "reconciler/render/words.h"

namespace switchyard {
namespace {

// Collects the sentences of one answer.
class Answerer {
 public:
  Answerer(const WhyInput& input, const Key& key) : input_(input), key_(key) {
    observed_ = find_observed(input.observed, key);
    desired_ = input.desired.server(key);
  }

  Why answer() {
    for (const auto& change : input_.view.plan.changes) {
      if (change.resource == key_) explain_change(change);
    }
    for (const auto& hold : input_.view.plan.holds) {
      if (hold.resource == key_) explain_hold(hold);
    }
    if (why_.headline.empty()) explain_nothing();
    if (why_.verdict == Why::Verdict::kUnknown) return std::move(why_);
    say_what_a_person_did();
    say_what_is_under_way();
    say_what_failed();
    return std::move(why_);
  }

 private:
  void say(std::string sentence) { why_.because.push_back(std::move(sentence)); }

  void set(Why::Verdict verdict, std::string headline) {
    if (!why_.headline.empty()) {  // a second step on the same resource
      say(std::move(headline));
      return;
    }
    why_.verdict = verdict;
    why_.headline = std::move(headline);
  }

  // The provider's clock of an account, by which what it reported is as old as it is.
  Timestamp clock_of(std::string_view account_name) const {
    const auto* known = account(account_name);
    return known == nullptr ? input_.now : provider_clock(*known, input_.now);
  }

  std::string seen() const {
    if (observed_ == nullptr) return {};
    return fmt::format("seen {} ({})", ago(observed_->seen, clock_of(observed_->account)), to_string(observed_->seen));
  }

  std::string reported() const {
    if (observed_ == nullptr || !observed_->agent) return "as was last observed";
    return fmt::format("as its agent reported {} ({})", ago(observed_->agent->at, clock_of(observed_->account)),
                       to_string(observed_->agent->at));
  }

  const ObservedAccount* account(std::string_view name) const {
    const auto at = std::ranges::find(input_.observed, name, &ObservedAccount::name);
    return at == input_.observed.end() ? nullptr : &*at;
  }

  const Change* change_of(int id) const {
    const auto at = std::ranges::find(input_.view.plan.changes, id, &Change::id);
    return at == input_.view.plan.changes.end() ? nullptr : &*at;
  }

  void say_fields(const std::vector<FieldChange>& fields, const Source& document) {
    for (const auto& field : fields) {
      const auto* line = input_.view.field(key_, field.path);
      const auto place = to_text(line == nullptr ? document : *line);
      say(fmt::format("\"{}\": the specs say {}{}; in force is {}, {}; effect: {}.", harmless(field.path),
                      to_text(field.after), place.empty() ? "" : fmt::format(" ({})", place), to_text(field.before),
                      reported(), to_string(field.effect)));
    }
  }

  void say_where_it_is_declared(const Source& source) {
    if (!source.file.empty()) say(fmt::format("Declared at {}.", to_text(source)));
  }

  // What the provider's listing says of it: the observation behind the verdict.
  void say_what_was_seen(std::string_view account_name) {
    const auto* seen_account = account(account_name);
    if (observed_ != nullptr) {
      say(fmt::format("At the provider it is {} (id \"{}\"), {}.",
                      facts_of(desired_, observed_, {}, clock_of(observed_->account)).status, harmless(observed_->id),
                      seen()));
    } else if (seen_account != nullptr && seen_account->listed) {
      say(fmt::format("No server of account \"{}\" carries its mark; the last complete listing is of {} ({}).",
                      account_name, to_string(*seen_account->listed),
                      ago(*seen_account->listed, clock_of(account_name))));
    } else {
      say(fmt::format("Account \"{}\" was never observed.", account_name));
    }
    if (seen_account != nullptr && seen_account->trouble) {
      say(fmt::format("The newest look at account \"{}\" failed: {}.", account_name,
                      harmless(seen_account->trouble->message)));
    }
  }

  void say_money(std::string_view account_name) {
    const auto& balances = input_.view.plan.balances;
    const auto at = std::ranges::find(balances, account_name, &AccountMoney::account);
    const auto* seen_account = account(account_name);
    if (at == balances.end() || !at->available) return;
    std::string age;
    if (seen_account != nullptr && seen_account->balance) {
      age = fmt::format(", seen {} ({})", ago(seen_account->balance->at, clock_of(account_name)),
                        to_string(seen_account->balance->at));
    }
    say(fmt::format("Account \"{}\" has {} available{}, keeps {} in reserve and has {} or on the way.", account_name,
                    for_people(*at->available), age, to_string(at->reserve), counted(at->servers, "server")));
  }

  void explain_change(const Change& change) {
    set(Why::Verdict::kChange, fmt::format("{} will be {} by the next apply: {}.", to_string(key_),
                                           passive(change.action), harmless(change.reason)));
    say_where_it_is_declared(change.source);
    if (change.action != Action::kCreate) say_fields(change.fields, change.source);
    say_what_was_seen(change.account);
    if (change.action == Action::kCreate || change.action == Action::kReplace) say_money(change.account);
    if (change.waits_for_zero_calls) {
      say(fmt::format("It ends calls, so the server is drained first; {}.",
                      change.channels ? counted(*change.channels, "call") + " on it now"
                                      : std::string("how many calls are on it is not known")));
    }
    for (const auto id : change.after_end) {
      if (const auto* before = change_of(id)) {
        say(fmt::format("It comes after {} {}.", to_string(before->action), to_string(before->resource)));
      }
    }
    for (const auto id : change.after) {
      if (const auto* before = change_of(id)) {
        say(fmt::format("It comes only if {} {} went well.", to_string(before->action), to_string(before->resource)));
      }
    }
  }

  void explain_hold(const Hold& hold) {
    set(Why::Verdict::kHold, fmt::format("{} is not {} now, gate \"{}\": {}.", to_string(key_), passive(hold.action),
                                         to_string(hold.gate), harmless(hold.reason)));
    say_where_it_is_declared(hold.source);
    if (hold.action != Action::kCreate) say_fields(hold.fields, hold.source);
    if (hold.needs) {
      say(fmt::format("It needs {}{}.", for_people(*hold.needs),
                      hold.short_by
                          ? fmt::format(", {} more than there is above the reserve", for_people(*hold.short_by))
                          : std::string()));
    }
    say_what_was_seen(hold.account);
    if (hold.gate == Gate::kBalance || hold.gate == Gate::kRunway) say_money(hold.account);
    if (hold.until)
      say(fmt::format("It lifts by itself at {} ({}).", to_string(*hold.until), ago(*hold.until, input_.now)));
  }

  const Source* document() const {
    const auto at = std::ranges::find(input_.desired.documents, key_, &std::pair<Key, Source>::first);
    if (at != input_.desired.documents.end()) return &at->second;
    return desired_ != nullptr ? &desired_->source : nullptr;
  }

  void explain_nothing() {
    if (desired_ != nullptr) {
      explain_server_at_rest();
    } else if (const auto* source = document()) {
      explain_document(*source);
    } else {
      explain_undeclared();
    }
  }

  void explain_server_at_rest() {
    const bool under_way = std::ranges::find(input_.view.plan.under_way, key_) != input_.view.plan.under_way.end();
    const bool held_by_hand =
        std::ranges::any_of(input_.overrides, [&](const Override& held) { return concerns_it(held); });
    const bool at_rest = observed_ != nullptr && observed_->phase == Phase::kStopped;
    set(Why::Verdict::kNothing, fmt::format("Nothing happens to {}: {}.", to_string(key_),
                                            under_way      ? "it is on its way and waited for"
                                            : held_by_hand ? "a person's word is respected"
                                            : at_rest      ? "it stands still, as the specs say"
                                                           : "it is as the specs say"));
    for (const auto& warning : input_.view.plan.warnings) {
      if (warning.starts_with(to_string(key_) + " ")) say(harmless(warning) + ".");
    }
    say_where_it_is_declared(desired_->source);
    say_what_was_seen(desired_->account);
    if (observed_ != nullptr && observed_->agent) {
      const auto& report = *observed_->agent;
      say(fmt::format("Its agent reported {} configuration {} ({}, digest {}).",
                      report.applied_digest == desired_->digest ? "the wanted" : "another",
                      ago(report.at, clock_of(observed_->account)), to_string(report.at), report.applied_digest));
    }
  }

  void explain_document(const Source& source) {
    set(Why::Verdict::kNothing,
        fmt::format("Nothing happens to {} by itself: servers change where it changes.", to_string(key_)));
    say_where_it_is_declared(source);
    const auto touched = servers_of(input_.desired, key_);
    const auto is_touched = [&](const auto& step) { return std::ranges::binary_search(touched, step.resource); };
    const auto changing = std::ranges::count_if(input_.view.plan.changes, is_touched);
    const auto held = std::ranges::count_if(input_.view.plan.holds, is_touched);
    const bool used = key_.kind == Kind::kCarrier || key_.kind == Kind::kCertificate;
    say(fmt::format("{} {}{}; the plan has {}{} for them.", counted(std::ssize(touched), "declared server"),
                    used ? (touched.size() == 1 ? "uses it" : "use it") : "in it", some_of(touched),
                    counted(changing, "change"), held > 0 ? " and " + counted(held, "hold") : ""));
    if (key_.kind == Kind::kAccount) say_money(key_.name);
  }

  // " (Server/a, Server/b and 3 more)"; nothing for none.
  static std::string some_of(const std::vector<Key>& servers) {
    constexpr std::size_t kShown = 5;
    std::string text;
    for (std::size_t i = 0; i < std::min(servers.size(), kShown); ++i) {
      text += (i == 0 ? "" : i + 1 == servers.size() ? " and " : ", ") + to_string(servers[i]);
    }
    if (servers.size() > kShown) text += fmt::format(" and {} more", servers.size() - kShown);
    return text.empty() ? text : " (" + text + ")";
  }

  void explain_undeclared() {
    const auto declared = std::ranges::find(input_.declarations, key_, &Declaration::resource);
    if (observed_ == nullptr && declared == input_.declarations.end()) {
      why_.verdict = Why::Verdict::kUnknown;
      why_.headline = fmt::format("nothing that was read or observed is called \"{}\"", to_string(key_));
      return;
    }
    set(Why::Verdict::kNothing,
        fmt::format("Nothing happens to {}: nothing that was read declares it.", to_string(key_)));
    if (declared != input_.declarations.end() && !declared->source_path.empty()) {
      say(fmt::format("It was last declared by {}; only what was declared under the given PATHs is ever removed.",
                      declared->source_path));
    }
    for (const auto& server : input_.view.plan.unmanaged) {
      if (observed_ != nullptr && server.id == observed_->id) say(fmt::format("It {}.", harmless(server.why)));
    }
    if (observed_ != nullptr) say_what_was_seen(observed_->account);
  }

  std::string account_name() const {
    if (desired_ != nullptr) return desired_->account;
    return observed_ != nullptr ? observed_->account : std::string();
  }

  // Said of the resource itself, or of the account, zone, cluster or set that it belongs to.
  bool concerns_it(const Override& held) const {
    const std::string account = account_name();
    return is_meant(held.resource, {.key = key_, .account = account, .desired = desired_, .machine = observed_});
  }

  void say_what_a_person_did() {
    for (const auto& held : input_.overrides) {
      if (concerns_it(held)) say(fmt::format("{} is {}.", to_string(held.resource), to_text(held)));
    }
  }

  void say_what_is_under_way() {
    for (const auto& open : input_.open_intents) {
      if (open.intent.resource != key_) continue;
      say(fmt::format("A {} of it is under way (intent {}, written {} by {}); its end is not known yet.",
                      to_string(open.intent.action), open.intent.id, ago(open.intent.written, input_.now),
                      harmless(open.intent.actor)));
    }
  }

  void say_what_failed() {
    for (const auto& attempt : input_.attempts) {
      if (attempt.resource != key_) continue;
      say(fmt::format("Its {} has failed {} in a row, last {}: {}; next try {}.", to_string(attempt.action),
                      counted(attempt.failures, "time"), ago(attempt.last, input_.now), harmless(attempt.message),
                      ago(attempt.next_try, input_.now)));
    }
  }

  const WhyInput& input_;
  const Key& key_;
  const ObservedServer* observed_ = nullptr;
  const DesiredServer* desired_ = nullptr;
  Why why_{.verdict = Why::Verdict::kNothing, .headline = {}, .because = {}};
};

}  // namespace

std::string_view to_string(Why::Verdict verdict) {
  switch (verdict) {
    case Why::Verdict::kChange:
      return "change";
    case Why::Verdict::kHold:
      return "hold";
    case Why::Verdict::kNothing:
      return "nothing";
    case Why::Verdict::kUnknown:
      return "unknown";
  }
  return {};
}

Why why(const WhyInput& input, const Key& key) {
  return Answerer(input, key).answer();
}

std::string render_why(const Why& answer, Colour colour) {
  std::string out = paint(Paint::kBold, answer.headline, colour);
  out += '\n';
  for (const auto& sentence : answer.because) out += fmt::format("  {}\n", sentence);
  return out;
}

Json to_json(const Why& answer, const Key& key) {
  Json::Array because;
  for (const auto& sentence : answer.because) because.push_back(sentence);
  return Json::Object{{"formatVersion", 1},
                      {"resource", to_string(key)},
                      {"verdict", to_string(answer.verdict)},
                      {"answer", answer.headline},
                      {"because", std::move(because)}};
}

}  // namespace switchyard
