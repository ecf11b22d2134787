#include <fmt/core.h>

#include <cstdio>
#include <thread>

#include "tests/bench/process.h"
#include "tests/bench/trial.h"

namespace switchyard::bench {
namespace {

namespace fs = std::filesystem;

std::optional<Usage> run_well(const Command& command) {
  const Usage usage = run(command);
  if (usage.exit_code == 0) return usage;
  std::string text;
  for (const std::string& word : command.words) text += word + ' ';
  fmt::print(stderr, "exit code {} of: {}\n", usage.exit_code, text);
  return std::nullopt;
}

// A folder of its own with a generated fleet that an apply has brought to convergence in an embedded world. It is made
// once and serves all trials of the same size.
std::optional<fs::path> converged_fleet(const Setting& setting, int servers, int files) {
  const fs::path folder = setting.scratch / std::to_string(servers);
  const fs::path made = folder / "converged";
  if (fs::exists(made)) return folder;
  fs::remove_all(folder);
  fs::create_directories(folder / ".switchyard");
  fmt::print(stderr, "bringing up {} servers ...\n", servers);
  const std::string program = setting.program.string();
  const std::string generator = SWITCHYARD_SOURCE_DIR "/examples/large/generate.sh";
  const std::vector<Command> steps = {
      {.words = {generator, std::to_string(servers), std::to_string(files), "fleet"}, .folder = folder},
      {.words = {program, "sim", "ctl", "--world", ".switchyard/sim-main.db", "balance", "90000000.00"},
       .folder = folder},
      // It tells of every step of every server.
      {.words = {program, "apply", "fleet", "--auto-approve"}, .folder = folder, .talk = folder / "apply.log"},
  };
  for (const Command& step : steps) {
    const std::optional<Usage> usage = run_well(step);
    if (!usage) return std::nullopt;
    fmt::print(stderr, "  {} {}: {:.1f} s, {:.0f} MB\n", fs::path(step.words[0]).filename().string(), step.words[1],
               usage->wall.count() / 1000, usage->peak_mb);
  }
  std::FILE* file = std::fopen(made.c_str(), "w");
  if (file == nullptr) return std::nullopt;
  std::fclose(file);
  return folder;
}

Command plan_command(const Setting& setting, const fs::path& folder) {
  return {.words = {setting.program.string(), "plan", "fleet", "--refresh=false", "--detailed-exitcode"},
          .folder = folder};
}

// Runs a command well and gives what it used to the rows.
std::optional<std::vector<double>> values_of(const Command& command,
                                             const std::function<std::vector<double>(const Usage&)>& values) {
  const std::optional<Usage> usage = run_well(command);
  if (!usage) return std::nullopt;
  return values(*usage);
}

std::optional<Trial> version(const Setting& setting) {
  const Command command{.words = {setting.program.string(), "version"}};
  return Trial{.rows = {{.what = "version, start to exit", .unit = "ms", .budget = 10}}, .runs = 41, .once = [command] {
                 return values_of(command, [](const Usage& usage) { return std::vector{usage.wall.count()}; });
               }};
}

std::optional<Trial> warm_plan(const Setting& setting, int servers, int files, double budget_ms) {
  const std::optional<fs::path> folder = converged_fleet(setting, servers, files);
  if (!folder) return std::nullopt;
  const Command command = plan_command(setting, *folder);
  // The first one fills the caches; it is the other row's business.
  if (!run_well(command)) return std::nullopt;
  const std::string what = fmt::format("plan without changes, {} servers", servers);
  return Trial{
      .rows = {{.what = what, .unit = "ms", .budget = budget_ms},
               {.what = "  its peak memory", .unit = "MB", .budget = std::nullopt}},
      .runs = 21,
      .once = [command] {
        return values_of(command, [](const Usage& usage) { return std::vector{usage.wall.count(), usage.peak_mb}; });
      }};
}

std::optional<Trial> first_parse(const Setting& setting) {
  const std::optional<fs::path> folder = converged_fleet(setting, 100'000, 1'000);
  if (!folder) return std::nullopt;
  const Command command = plan_command(setting, *folder);
  return Trial{.rows = {{.what = "the same, first parse of 100,000 documents", .unit = "s", .budget = 4},
                        {.what = "  its peak memory", .unit = "MB", .budget = 150}},
               .runs = 5,
               .once = [command, folder = *folder] {
                 // Nothing is remembered: what the files decode to is kept beside the state.
                 for (const char* end : {"", "-wal", "-shm"}) {
                   fs::remove(folder / ".switchyard" / fmt::format("state.db.cache{}", end));
                 }
                 return values_of(command, [](const Usage& usage) {
                   return std::vector{usage.wall.count() / 1000, usage.peak_mb};
                 });
               }};
}

// Waits until a process has used no CPU for two seconds: its first round, with all that it has to read, is over.
bool settles(const Background& loop) {
  Milliseconds before = cpu_of(loop.pid());
  for (int second = 0; second < 120; second += 2) {
    std::this_thread::sleep_for(std::chrono::seconds(2));
    if (!loop.runs()) {
      fmt::print(stderr, "the loop has ended\n");
      return false;
    }
    const Milliseconds now = cpu_of(loop.pid());
    if (now == before && now.count() > 0) return true;
    before = now;
  }
  fmt::print(stderr, "the loop did not come to rest\n");
  return false;
}

// A loop's CPU for one round, taken from many short intervals: a round that takes c of CPU every i of waiting uses
// x = w c / (i + c) of it in a window w.
std::optional<double> cpu_of_a_round(const Setting& setting, const fs::path& folder) {
  constexpr Milliseconds kInterval = std::chrono::seconds(5);
  constexpr Milliseconds kWindow = std::chrono::seconds(60);
  const Background loop({.words = {setting.program.string(), "run", "fleet", "--interval", "5s"}, .folder = folder});
  if (!settles(loop)) return std::nullopt;
  const Milliseconds before = cpu_of(loop.pid());
  std::this_thread::sleep_for(kWindow);
  const Milliseconds used = cpu_of(loop.pid()) - before;
  if (!loop.runs()) return std::nullopt;
  return used.count() * kInterval.count() / (kWindow - used).count();
}

std::optional<Trial> loop(const Setting& setting) {
  const std::optional<fs::path> folder = converged_fleet(setting, 100'000, 1'000);
  if (!folder) return std::nullopt;
  return Trial{.rows = {{.what = "loop over 100,000 unchanged servers, once a minute", .unit = "%", .budget = 0.5},
                        {.what = "  CPU of one round, embedded world included", .unit = "ms", .budget = std::nullopt}},
               .runs = 1,
               .once = [setting, folder = *folder]() -> std::optional<std::vector<double>> {
                 const std::optional<double> round = cpu_of_a_round(setting, folder);
                 if (!round) return std::nullopt;
                 return std::vector{*round / 60'000 * 100, *round};
               }};
}

}  // namespace

std::vector<Entry> program_entries() {
  return {
      {.name = "version", .prepare = version},
      {.name = "plan-10k", .prepare = [](const Setting& setting) { return warm_plan(setting, 10'000, 100, 25); }},
      {.name = "plan-100k", .prepare = [](const Setting& setting) { return warm_plan(setting, 100'000, 1'000, 100); }},
      {.name = "first-parse", .prepare = first_parse},
      {.name = "loop", .prepare = loop},
  };
}

}  // namespace switchyard::bench
