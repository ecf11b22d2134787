#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "tests/crash/asked.h"
#include "tests/crash/points_page.h"
#include "tests/crash/real_scenarios.h"
#include "tests/support/command.h"

namespace switchyard::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kMostApplies = 4;
constexpr int kMostFailures = 2;
// Of each scenario in `./dev test`, evenly spread; `./dev crash --real` visits all.
constexpr std::int64_t kVisits = 12;
constexpr std::int64_t kVisitsOfServed = 4;
constexpr const char* kSpeed = "2000";

// Memory shared with the program that is killed.
class SharedPage {
 public:
  explicit SharedPage(const fs::path& file) : file_(file) {
    const int handle = ::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    EXPECT_EQ(::ftruncate(handle, sizeof(PointsPage)), 0);
    page_ =
        static_cast<PointsPage*>(::mmap(nullptr, sizeof(PointsPage), PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0));
    ::close(handle);
  }
  ~SharedPage() {
    ::munmap(page_, sizeof(PointsPage));
    fs::remove(file_);
  }
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;

  const fs::path& file() const { return file_; }
  PointsPage& operator*() const { return *page_; }
  PointsPage* operator->() const { return page_; }

 private:
  fs::path file_;
  PointsPage* page_;
};

// What is there when all is over: servers and how many were ever ordered.
struct End {
  std::vector<std::string> servers;
  std::int64_t created = -1;
  std::int64_t calls_cut = -1;
  int next_plan = -1;  // exit code of `plan --detailed-exitcode`
  friend bool operator==(const End&, const End&) = default;
};

std::string words(const End& end) {
  return fmt::format("{}; {} ordered, {} calls cut, the next plan exits {}", ::testing::PrintToString(end.servers),
                     end.created, end.calls_cut, end.next_plan);
}

class RealOrdeal {
 public:
  explicit RealOrdeal(const RealScenario& scenario)
      : scenario_(scenario), page_(work_.folder().string() + ".points"), kept_(work_.folder().string() + ".kept") {
    prepare();
    fs::copy(work_.folder(), kept_, fs::copy_options::recursive);
    points_ = command(0).passed;
    as_commanded_ = finish();
    if (scenario_.by_hand) {
      reset();
      as_if_nothing_ = finish();
    }
  }
  ~RealOrdeal() { fs::remove_all(kept_); }
  RealOrdeal(const RealOrdeal&) = delete;
  RealOrdeal& operator=(const RealOrdeal&) = delete;

  std::int64_t points() const { return points_; }

  // False: the command ended before it came so far.
  bool run(std::int64_t point) {
    reset();
    const Passed passed = command(point);
    if (!passed.killed) return false;
    const ::testing::ScopedTrace trace(
        __FILE__, __LINE__,
        fmt::format("killed at point {} of about {}: {}\n  again: ./dev crash --real {} --point {}", point, points_,
                    page_->died_at, scenario_.name, point));
    if (scenario_.repeats) {
      const Ran again = work_.run(scenario_.command);
      EXPECT_TRUE(again.exit_code == 0 || again.exit_code == 3) << again.out << again.err;
    }
    const End end = finish();
    const bool fine = end == as_commanded_ || (as_if_nothing_ && end == *as_if_nothing_);
    EXPECT_TRUE(fine) << "it is " << words(end) << "\nand should be " << words(as_commanded_)
                      << (as_if_nothing_ ? "\nor " + words(*as_if_nothing_) : "") << "\n"
                      << work_.run({"events"}).out;
    return true;
  }

 private:
  struct Passed {
    std::int64_t passed;
    bool killed;
  };

  std::string endpoint_in(std::string yaml) const {
    if (!served_) return yaml;
    const std::string plain = "{provider: sim}";
    return yaml.replace(yaml.find(plain), plain.size(), "{provider: sim, endpoint: \"" + endpoint_ + "\"}");
  }

  void serve() {
    if (!scenario_.served) return;
    served_.emplace(work_.start({"sim", "--world", "world.db", "--listen", "127.0.0.1:0", "--speed", kSpeed}));
    ASSERT_TRUE(served_->wait_for("\n"));
    const auto at = served_->said().find("http://");
    endpoint_ = served_->said().substr(at, served_->said().find('\n', at) - at);
  }

  std::vector<std::string> ctl(const std::vector<std::string>& more) const {
    std::vector<std::string> all{"sim", "ctl"};
    if (served_) {
      all.insert(all.end(), {"--endpoint", endpoint_});
    } else {
      all.insert(all.end(), {"--world", ".switchyard/sim-main.db"});
    }
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  void prepare() {
    if (!scenario_.before.empty()) {
      work_.write("fleet.yaml", scenario_.before);
      const Ran ran = work_.run({"apply", "fleet.yaml", "--auto-approve"});
      ASSERT_EQ(ran.exit_code, 0) << ran.out << ran.err;
    }
    for (const auto& what : scenario_.meanwhile) ASSERT_EQ(work_.run(ctl(what)).exit_code, 0) << what.front();
    serve();
    write_wanted();
  }

  void write_wanted() const {
    work_.write("fleet.yaml", endpoint_in(scenario_.after.empty() ? scenario_.before : scenario_.after));
  }

  // The folder as it was before the command. Its name stays: declarations hold paths.
  void reset() {
    stop_serving();
    for (const auto& entry : fs::directory_iterator(work_.folder())) fs::remove_all(entry.path());
    fs::copy(kept_, work_.folder(), fs::copy_options::recursive);
    if (!scenario_.served) return;
    for (const char* file : {"world.db", "world.db-wal", "world.db-shm"}) fs::remove(work_.folder() / file);
    serve();
    write_wanted();
  }

  void stop_serving() {
    if (!served_) return;
    served_->signal(SIGTERM);
    (void)served_->end();
    served_.reset();
  }

  Passed command(std::int64_t fatal) {
    page_->passed = 0;
    page_->fatal = fatal;
    page_->died_at[0] = '\0';
    work_.set_variable("LD_PRELOAD", SWITCHYARD_POINTS_LIBRARY);
    work_.set_variable("SWITCHYARD_POINTS", page_.file().string());
    work_.set_variable("SWITCHYARD_POINTS_FOLDER", work_.folder().string());
    const Ran ran = work_.run(scenario_.command);
    work_.set_variable("LD_PRELOAD", "");
    work_.set_variable("SWITCHYARD_POINTS", "");
    if (fatal == 0) {
      EXPECT_TRUE(ran.exit_code == 0 || ran.exit_code == 1) << ran.out << ran.err;
    }
    return {.passed = page_->passed, .killed = ran.exit_code == -1};
  }

  End finish() {
    const bool gone = scenario_.command.front() == "destroy";
    for (int i = 0; !gone && i < kMostApplies; ++i) {
      if (work_.run({"apply", "fleet.yaml", "--auto-approve", "--timeout", "60s"}).exit_code == 0) break;
    }
    End end;
    end.next_plan = work_.run({"plan", "fleet.yaml", "--detailed-exitcode"}).exit_code;
    const Json dump = work_.run(ctl({"dump", "--json"})).json();
    end.created = dump.integer_or("created", -1);
    end.calls_cut = dump.integer_or("callsCut", -1);
    if (const Json* servers = dump.find("servers"); servers != nullptr && servers->array() != nullptr) {
      for (const Json& server : *servers->array()) {
        std::string line =
            fmt::format("{}/{} {} {} {}{}{}", server.string_or("kind", "unmarked"), server.string_or("name", ""),
                        server.string_or("phase", ""), server.string_or("region", ""), server.string_or("size", ""),
                        server.boolean_or("drained", false) ? " drained" : "",
                        server.string_or("uid", "").empty() ? " unmarked" : "");
        // What was asked for by hand is neither repeated nor undone: it is the last thing done there, or nothing is.
        if (scenario_.by_hand) line += " after \"" + server.string_or("lastAction", "") + "\"";
        end.servers.push_back(std::move(line));
      }
    }
    std::ranges::sort(end.servers);
    const Ran doctor = work_.run({"state", "doctor"});
    EXPECT_EQ(doctor.exit_code, 0) << doctor.out << doctor.err;
    EXPECT_NE(doctor.out.find("no open intents"), std::string::npos) << doctor.out;
    if (scenario_.command.back() == "copy.db" && fs::exists(work_.folder() / "copy.db")) {
      // Under its name it is there whole or not at all.
      const Ran copy = work_.run({"state", "doctor", "--state", "copy.db"});
      EXPECT_EQ(copy.exit_code, 0) << copy.out << copy.err;
    }
    if (scenario_.command.back() == "monday.plan" && fs::exists(work_.folder() / "monday.plan")) {
      const Ran stale = work_.run({"apply", "monday.plan", "--auto-approve"});
      EXPECT_TRUE(stale.exit_code == 5 || stale.exit_code == 0) << stale.out << stale.err;
    }
    return end;
  }

  const RealScenario& scenario_;
  Workplace work_;
  SharedPage page_;
  fs::path kept_;
  std::optional<Workplace::Running> served_;
  std::string endpoint_;
  std::int64_t points_ = 0;
  End as_commanded_;
  std::optional<End> as_if_nothing_;
};

class RealCrashMatrix : public ::testing::TestWithParam<std::size_t> {};

TEST_P(RealCrashMatrix, ACommandSurvivesKillsAtItsPoints) {
  const RealScenario& scenario = real_scenarios()[GetParam()];
  const auto began = std::chrono::steady_clock::now();
  RealOrdeal ordeal(scenario);
  ASSERT_FALSE(HasFailure());
  ASSERT_GT(ordeal.points(), 3);
  std::int64_t visited = 0;
  std::int64_t exist = ordeal.points();
  if (const auto point = asked_number("POINT")) {
    ASSERT_TRUE(ordeal.run(*point)) << "it ends before that point";
    visited = 1;
  } else {
    // Asked for all, it goes on until the command ends by itself: how many points there are may vary a little.
    const bool all = asked("EVERY_POINT").has_value();
    const std::int64_t visits = scenario.served ? kVisitsOfServed : kVisits;
    const std::int64_t stride = asked_number("STRIDE").value_or(all ? 1 : std::max<std::int64_t>(1, exist / visits));
    int failing = 0;
    for (std::int64_t at = 1; failing < kMostFailures && (stride == 1 || at <= exist); at += stride) {
      const bool failed_before = HasFailure();
      if (!ordeal.run(at)) {
        if (stride == 1) exist = at - 1;
        break;
      }
      ++visited;
      failing += HasFailure() && !failed_before ? 1 : 0;
      if (HasFailure()) break;
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  fmt::print("{}: {} of {} points visited, {:.1f} a second\n", scenario.name, visited, exist,
             static_cast<double>(visited) / took.count());
}

std::string name_of(const ::testing::TestParamInfo<std::size_t>& parameter) {
  std::string name = real_scenarios()[parameter.param].name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Of, RealCrashMatrix, ::testing::Range(std::size_t{0}, real_scenarios().size()), name_of);

}  // namespace
}  // namespace switchyard::testing
