// Runs simulated months, one seed after the other; see README.md.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "specs/base/digest.h"
#include "tests/simulation/shrink.h"
#include "tests/simulation/simulation.h"

namespace switchyard::simulation {
namespace {

constexpr std::string_view kHelp =
    R"(simulate [--seeds N] [--seed S|fresh] [--minutes M] [--days D] [--only I,J,..] [--trace story|everything]

Lets fleets live through a simulated month each, and asserts the laws of the design after every step.
  --seeds N      so many seeds (10)
  --seed S       the first of them (1); "fresh" draws one
  --minutes M    goes on with further seeds until so many minutes have passed
  --days D       how long things go wrong; a day of calm comes after it (30)
  --only I,J,..  these incidents of the seed alone, by their numbers; "none" for none
  --trace WHAT   prints what happens
  --tries N      how often it is tried to leave incidents of a failing seed out (400); 0: all failing seeds are only named
A seed under which a law breaks ends it with 1, after the shortest trace that was found and the command that repeats it.
)";

struct Asked {
  std::optional<std::int64_t> seeds;
  std::uint64_t seed = 1;
  std::int64_t minutes = 0;
  std::int64_t days = 30;
  std::optional<std::vector<int>> only;
  int tries = 400;
  Trace::Keep keep = Trace::Keep::kNothing;
};

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::vector<int>> numbers_in(std::string_view text) {
  std::vector<int> numbers;
  if (text == "none") return numbers;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const auto number = number_in<int>(text.substr(0, comma));
    if (!number) return std::nullopt;
    numbers.push_back(*number);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return numbers;
}

// Nothing: not understood.
std::optional<Asked> parse(const std::vector<std::string_view>& words) {
  Asked asked;
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    const std::string_view word = words[i];
    const std::string_view value = words[i + 1];
    if (word == "--seeds" || word == "--minutes" || word == "--days") {
      const auto number = number_in<std::int64_t>(value);
      if (!number || *number < 1) return std::nullopt;
      if (word == "--seeds") asked.seeds = *number;
      if (word == "--minutes") asked.minutes = *number;
      if (word == "--days") asked.days = *number;
    } else if (word == "--tries") {
      const auto number = number_in<int>(value);
      if (!number || *number < 0) return std::nullopt;
      asked.tries = *number;
    } else if (word == "--seed" && value == "fresh") {
      // Six digits are enough never to meet the fixed ones, and short enough to be told to somebody.
      const std::string drawn = random_hex(4);
      std::uint64_t number = 0;
      std::from_chars(drawn.data(), drawn.data() + drawn.size(), number, 16);
      asked.seed = 100'000 + number % 900'000;
    } else if (word == "--seed") {
      const auto number = number_in<std::uint64_t>(value);
      if (!number) return std::nullopt;
      asked.seed = *number;
    } else if (word == "--only") {
      asked.only = numbers_in(value);
      if (!asked.only) return std::nullopt;
    } else if (word == "--trace" && (value == "story" || value == "everything")) {
      asked.keep = value == "story" ? Trace::Keep::kStory : Trace::Keep::kEverything;
    } else {
      return std::nullopt;
    }
  }
  if (words.size() % 2 != 0) return std::nullopt;
  return asked;
}

void print_lines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) fmt::print("{}\n", line);
}

std::string list_of(const Schedule& schedule) {
  std::string text;
  for (const Incident& incident : schedule.incidents) {
    text += fmt::format("{}{}", text.empty() ? "" : ",", incident.number);
  }
  return text.empty() ? "none" : text;
}

void explain(const Schedule& schedule, const Verdict& verdict, const Asked& asked) {
  fmt::print("\nseed {} breaks {}\n  {}\nlooking for fewer incidents than {} that do ...\n", schedule.seed,
             verdict.violation->law, verdict.violation->what, schedule.incidents.size());
  const std::string law = verdict.violation->law;
  const Shrunk shrunk = shrink(
      schedule,
      [&law](const Schedule& part) {
        const Verdict again = simulate(part, Trace::Keep::kNothing);
        return again.violation && again.violation->law == law;
      },
      asked.tries);
  const Verdict shortest = simulate(shrunk.schedule, Trace::Keep::kStory);
  fmt::print("{} incidents are left after {} tries:\n\n", shrunk.schedule.incidents.size(), shrunk.runs);
  print_lines(shortest.trace);
  fmt::print("\n{}\n  {}\n\nagain:  ./dev simulate --seed {} --days {} --only {} --trace story\n", law,
             shortest.violation->what, schedule.seed, asked.days, list_of(shrunk.schedule));
}

void print_figures(const Figures& figures, std::int64_t seeds, double seconds) {
  const double days = std::chrono::duration<double>(figures.simulated).count() / 86400;
  fmt::print("\n{} seeds, {:.0f} simulated days, {:.1f} days a second\n", seeds, days, days / std::max(seconds, 0.001));
  fmt::print("{} rounds in {} processes, {} calls, {} kills, second engines: {} refused, {} took over\n",
             figures.rounds, figures.processes, figures.calls, figures.kills, figures.intruders_refused,
             figures.takeovers);
  fmt::print("incidents:");
  for (const auto& [what, number] : figures.happened) fmt::print(" {} {}", what, number);
  fmt::print("\nfaults that struck:");
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    fmt::print(" {} {}", to_string(static_cast<FaultKind>(i)), figures.struck[i]);
  }
  fmt::print("\nasserted:\n");
  for (const auto& [law, number] : figures.asserted) fmt::print("{:10} {}\n", number, law);
}

int run(const Asked& asked) {
  using Clock = std::chrono::steady_clock;
  const auto begun = Clock::now();
  const auto past = [&begun] { return Clock::now() - begun; };
  const std::int64_t seeds = asked.only || asked.keep != Trace::Keep::kNothing ? asked.seeds.value_or(1)
                             : asked.minutes > 0                               ? asked.seeds.value_or(0)
                                                                               : asked.seeds.value_or(10);
  Figures figures;
  std::int64_t done = 0;
  bool broken = false;
  while (done < seeds || past() < std::chrono::minutes(asked.minutes)) {
    Schedule schedule =
        draw_schedule(asked.seed + static_cast<std::uint64_t>(done), std::chrono::hours(24 * asked.days));
    if (asked.only) schedule = only(schedule, *asked.only);
    const Verdict verdict = simulate(schedule, asked.keep);
    ++done;
    std::fflush(stdout);
    print_lines(verdict.trace);
    figures.add(verdict.figures);
    if (verdict.violation) {
      broken = true;
      if (asked.tries == 0) {
        fmt::print("seed {} breaks {}\n  {}\n", schedule.seed, verdict.violation->law, verdict.violation->what);
        continue;
      }
      if (asked.keep == Trace::Keep::kNothing) {
        explain(schedule, verdict, asked);
      } else {
        fmt::print("\n{}\n  {}\n", verdict.violation->law, verdict.violation->what);
      }
      return 1;
    }
    fmt::print("seed {}: {} incidents, {} rounds, {} kills, trace {:016x}\n", schedule.seed, schedule.incidents.size(),
               verdict.figures.rounds, verdict.figures.kills, verdict.hash);
  }
  print_figures(figures, done, std::chrono::duration<double>(past()).count());
  return broken ? 1 : 0;
}

}  // namespace
}  // namespace switchyard::simulation

int main(int argc, char** argv) {
  const auto asked = switchyard::simulation::parse({argv + 1, argv + argc});
  if (!asked) {
    fmt::print(stderr, "{}", switchyard::simulation::kHelp);
    return 1;
  }
  return switchyard::simulation::run(*asked);
}
