#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/core/diff.h"
#include "tests/reconciler/wish.h"

namespace switchyard::testing {

// For diff() alone: desired from YAML, observed put together by hand. No engine, no store, no world.
class Picture {
 public:
  explicit Picture(std::string_view lines);
  Picture(const Files& files, const std::vector<std::string>& scope);

  // Account "main" is observed, with 500.00 and the simulator's catalogue, and no server.
  ObservedAccount& account(std::string_view name = "main");
  // It has a server just as the YAML wants it: delivered an hour ago, in service, without calls. It was not declared
  // before unless declare() says so.
  void has(const Key& key);
  void has_all();  // every wanted one, all acquainted and declared
  // The server of a name, to be bent. Dies with the next has().
  ObservedServer& operator[](std::string_view name);
  // Tells every server of the peers that it should have by now.
  void acquaint();
  void declare(const Key& key, std::string_view path = "/fleet/all.yaml", std::string_view account = "main");
  // Takes up other lines; what was observed stays.
  void want(std::string_view lines);
  // A field of what is in force on a server.
  void applied(std::string_view name, std::string_view path, Json value);
  void balance(std::string_view amount);
  void say(Override::What what, const Key& resource);

  Plan plan() const;
  const DesiredFleet& desired() const { return specs_.fleet; }

  Timestamp now{std::chrono::sys_days(std::chrono::year(2026) / 3 / 1)};
  std::vector<ObservedAccount> observed;
  std::vector<OpenIntent> open_intents;
  std::vector<Attempts> attempts;
  std::vector<Override> overrides;
  std::vector<Declaration> declarations;
  std::vector<GivenUp> given_up;
  std::map<std::pair<Key, std::string>, std::string> fingerprints;
  PlanOptions options;
  std::map<std::string, std::int64_t> removed;  // by the command that asks

 private:
  void take(LoadedSpecs specs);
  void observe_accounts();

  LoadedSpecs specs_;
  int made_ = 0;
};

}  // namespace switchyard::testing
