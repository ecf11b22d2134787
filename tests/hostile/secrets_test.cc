// Law 10, with canaries: secrets go through everything that the program does, and are found nowhere but in the requests
// that have to carry them.
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "specs/base/base64.h"
#include "tests/hostile/canary.h"
#include "tests/hostile/hostile_provider.h"
#include "tests/support/source_folder.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kQuoted = R"(Carrier "canary"\/pass+word=&% é 5120)";

class Secrets : public ::testing::Test {
 protected:
  Secrets() {
    fs::create_directory(work_.folder() / "tmp");
    work_.set_variable("TMPDIR", (work_.folder() / "tmp").string());
    work_.set_variable("ACCOUNT_TOKEN", token_.secret());
    work_.set_variable("CERTIFICATE_KEY", key_.secret());
    work_.write("secrets/password", password_.secret() + "\n");
    fs::permissions(work_.folder() / "secrets/password", fs::perms::owner_read);
    fs::copy(source_folder() / "tests/golden/diagnostics/certs/wild.pem", work_.folder() / "chain.pem");
  }

  static std::string with_secrets(const std::string& endpoint, const std::vector<std::string>& servers) {
    std::string yaml = fleet_at(endpoint, servers, ", credentials: {token: {env: ACCOUNT_TOKEN}}");
    const std::string options =
        ", options: {fqdn: sw.example.net, carriers: [acme], certificates: [{name: main, type: server}]}";
    for (std::size_t at = yaml.find("cps: 50"); at != std::string::npos; at = yaml.find("cps: 50", at + 10)) {
      yaml.insert(at + 7, options);
    }
    return yaml +
           "---\n"
           "apiVersion: switchyard/v1\n"
           "kind: Carrier\n"
           "metadata: {name: acme}\n"
           "spec: {destinations: [{uri: \"sip:gw.example\"}], registration: {registrar: r.example, username: u, "
           "password: {file: secrets/password}}}\n"
           "---\n"
           "apiVersion: switchyard/v1\n"
           "kind: Certificate\n"
           "metadata: {name: main}\n"
           "spec: {chain: {file: chain.pem}, key: {env: CERTIFICATE_KEY}}\n";
  }

  // Runs it, and keeps what it said among what is searched.
  Ran run(const std::vector<std::string>& words) {
    Ran ran = work_.run(words);
    said_ += fmt::format("$ {}\n{}{}\n", fmt::join(words, " "), ran.out, ran.err);
    return ran;
  }
  // What a process that was killed had said.
  void keep(const Ran& ran) { said_ += ran.out + ran.err; }

  void expect_kept() const {
    for (const Canary* canary : {&token_, &password_, &key_}) {
      EXPECT_EQ(canary->found_in(said_), "") << said_;
      EXPECT_THAT(canary->found_below(work_.folder(), work_.folder() / "secrets"), IsEmpty());
    }
  }

  Workplace work_;
  Canary token_{"canary-account-token-0815"};
  Canary password_{kQuoted};
  Canary key_{"canary+certificate/key=4711"};
  std::string said_;
};

TEST(TheCanary, is_found_in_all_its_disguises) {
  const Canary canary(kQuoted);
  for (const char* before : {"", "a", "ab"}) {
    EXPECT_EQ(canary.found_in(base64(std::string(before) + kQuoted + "behind")), "base64");
  }
  EXPECT_EQ(canary.found_in(std::string("x") + kQuoted), "as it is");
  EXPECT_EQ(canary.found_in(to_string(Json(kQuoted))), "as it is, its second half");
  EXPECT_EQ(canary.found_in("Carrier%20%22canary%22%5C%2Fpass%2Bword%3D%26%25%20%C3%A9%205120"), "encoded for a URL");
  EXPECT_EQ(canary.found_in("4361727269657220"), "");
}

TEST_F(Secrets, go_through_every_command_and_stay_where_they_are) {
  work_.set_variable("SIM_TOKEN", token_.secret());
  auto served = work_.start({"sim", "--world", "world.db", "--listen", "127.0.0.1:0", "--speed", "3600"});
  ASSERT_TRUE(served.wait_for("\n"));
  const auto at = served.said().find("http://");
  const std::string endpoint = served.said().substr(at, served.said().find('\n', at) - at);
  work_.write("fleet.yaml", with_secrets(endpoint, {"a", "b"}));

  ASSERT_EQ(run({"validate", "fleet.yaml"}).exit_code, 0) << said_;
  run({"plan", "fleet.yaml", "--log-level", "debug"});
  run({"plan", "fleet.yaml", "--json", "--out", "monday.plan"});
  // Killed half-way: what a crash leaves lies about in logs and locks.
  for (const int signal : {SIGKILL, SIGABRT, SIGQUIT}) {
    auto apply = work_.start({"apply", "fleet.yaml", "--auto-approve", "--log-level", "debug", "--record",
                              fmt::format("killed-{}.record", signal)});
    if (apply.wait_for_talk("waits for delivery")) apply.signal(signal);
    keep(apply.end());
    expect_kept();
    work_.write("fleet.yaml", with_secrets(endpoint, {"a", "b", fmt::format("more-{}", signal)}));
  }
  for (const char* format : {"text", "json"}) {
    const Ran applied = run({"apply", "fleet.yaml", "--auto-approve", "--log-level", "debug", "--log-format", format,
                             "--record", fmt::format("{}.record", format)});
    ASSERT_EQ(applied.exit_code, 0) << applied.out << applied.err;
    EXPECT_EQ(run({"replay", fmt::format("{}.record", format), "--steps"}).exit_code, 0);
    expect_kept();
  }
  const std::string other(kQuoted + std::string("changed"));
  fs::permissions(work_.folder() / "secrets/password", fs::perms::owner_read | fs::perms::owner_write);
  work_.write("secrets/password", other + "\n");
  const Ran plan = run({"plan", "fleet.yaml"});
  EXPECT_THAT(plan.out, HasSubstr("password")) << "a changed secret is a change";
  run({"plan", "fleet.yaml", "--json"});
  for (const char* kind : {"accounts", "zones", "clusters", "servers", "carriers", "certificates"}) {
    run({"get", kind});
    run({"get", kind, "--json"});
  }
  for (const char* key : {"Server/a", "Account/main", "Carrier/acme", "Certificate/main", "Zone/london"}) {
    run({"describe", key, "--path", "fleet.yaml"});
    run({"describe", key, "--path", "fleet.yaml", "--json"});
    run({"why", key, "--path", "fleet.yaml"});
    run({"why", key, "--path", "fleet.yaml", "--json"});
  }
  const std::vector<std::vector<std::string>> others{
      {"drift", "fleet.yaml"},
      {"drift", "fleet.yaml", "--json"},
      {"events"},
      {"events", "--json"},
      {"export", "main", "--path", "fleet.yaml"},
      {"export", "main", "--path", "fleet.yaml", "--json"},
      {"suspend", "Server/a", "--reason", "a test"},
      {"resume", "Server/a"},
      {"freeze", "main", "--path", "fleet.yaml"},
      {"unfreeze", "main", "--path", "fleet.yaml"},
      {"action", "drain", "a", "--path", "fleet.yaml"},
      {"action", "undrain", "a", "--path", "fleet.yaml", "--json"},
      {"run", "fleet.yaml", "--once", "--log-level", "debug"},
      {"state", "doctor"},
      {"state", "backup", "copy.db"},
      {"explain", "Account.credentials"},
      {"schema"},
      {"sim", "ctl", "--endpoint", endpoint, "dump", "--json"},
      {"destroy", "fleet.yaml", "--auto-approve"},
  };
  for (const auto& words : others) run(words);
  served.signal(SIGTERM);
  keep(served.end());
  expect_kept();
}

TEST_F(Secrets, that_a_provider_sends_back_are_not_passed_on) {
  HostileProvider provider;
  const auto echo = [this](Wire& wire, const WireRequest& request) {
    const std::string all = request.head + request.body + token_.secret();
    Json error =
        Json::Object{{"code", "refused"},
                     {"message", "x" + base64(token_.secret()) + " Bearer " + token_.secret() + " " + key_.secret() +
                                     " " + password_.secret() + " " + base64("x" + password_.secret()) + all}};
    return wire.answer("422 No", to_string(Json(Json::Object{{"error", std::move(error)}})));
  };
  work_.write("fleet.yaml", with_secrets(provider.endpoint(), {"a"}));
  // To a create, which has all secrets in it; to a listing; and at its end, where a long message is cut.
  provider.instead("POST /v1/servers", echo);
  run({"apply", "fleet.yaml", "--auto-approve", "--log-level", "debug", "--record", "echo.record", "--timeout", "3s"});
  EXPECT_THAT(provider.bodies(), HasSubstr(key_.secret())) << "it was sent";
  expect_kept();
  // A process that has not sent a secret itself knows only the token.
  provider.instead("GET /v1/servers", [this](Wire& wire, const WireRequest& request) {
    return wire.answer("401 No", to_string(Json(Json::Object{{"message", request.head + base64(token_.secret())}})));
  });
  run({"plan", "fleet.yaml", "--json"});
  run({"export", "main", "--path", "fleet.yaml"});
  run({"events"});
  expect_kept();
  for (std::size_t before = 260; before < 300; before += 3) {
    provider.instead("GET /v1/servers", [this, before](Wire& wire, const WireRequest&) {
      return wire.answer("401 No", "{\"message\": \"" + std::string(before, 'x') + token_.secret() + "\"}");
    });
    run({"plan", "fleet.yaml"});
  }
  expect_kept();
}

TEST_F(Secrets, that_a_provider_quotes_in_what_became_of_an_action_are_not_passed_on) {
  HostileProvider provider;
  work_.write("fleet.yaml", with_secrets(provider.endpoint(), {"a"}));
  provider.instead(
      "GET /v1/servers",
      listing_json(server_json("sim-1", mark_json("main", "a", "u1"),
                               R"(, "lastAction": "act-1", "lastActionState": "failed", "lastActionMessage": ")" +
                                   token_.secret() + "\\u001b[31m\"")));
  run({"apply", "fleet.yaml", "--auto-approve", "--timeout", "2s"});
  run({"describe", "Server/a", "--json"});
  run({"describe", "Server/a"});
  run({"why", "Server/a"});
  EXPECT_THAT(said_, HasSubstr("sim-1"));
  expect_kept();
}

TEST_F(Secrets, that_no_header_can_carry_are_not_sent) {
  const HostileProvider provider;
  for (const char* token :
       {"canary-account-token-0815\r\nX-Evil: 1", "canary-account-token-0815\x01", "caf\xc3\xa9-canary"}) {
    work_.set_variable("ACCOUNT_TOKEN", token);
    work_.write("fleet.yaml", with_secrets(provider.endpoint(), {"a"}));
    const Ran ran = run({"plan", "fleet.yaml"});
    EXPECT_THAT(ran.err, HasSubstr("no HTTP header can carry"));
  }
  EXPECT_THAT(provider.requests(), IsEmpty());
  expect_kept();
}

bool has_ended(int pid) {
  siginfo_t found{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &found, WEXITED | WNOHANG | WNOWAIT) != 0 || found.si_pid == pid;
}

// Whether the kernel dumped a core of it, which `kill` ended by a signal.
bool dumps_core(std::vector<std::string> words, std::vector<std::string> variables, const fs::path& folder,
                const std::function<void(int pid)>& kill) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (std::string& variable : variables) envp.push_back(variable.data());
  envp.push_back(nullptr);
  const int pid = ::fork();
  if (pid == 0) {
    if (::chdir(folder.c_str()) == 0) ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  kill(pid);
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  return WCOREDUMP(status) != 0;
}

TEST_F(Secrets, of_a_process_that_dies_are_in_no_core) {
  rlimit before{};
  ::getrlimit(RLIMIT_CORE, &before);
  const rlimit all{.rlim_cur = before.rlim_max, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_CORE, &all);
  work_.write("fleet.yaml", with_secrets("http://127.0.0.1:1", {"a"}));
  // The loop is up when it has made its state.
  const bool ours = dumps_core({SWITCHYARD_PROGRAM, "run", "fleet.yaml", "--interval", "1h"}, work_.environment(),
                               work_.folder(), [this](int pid) {
                                 while (!fs::exists(work_.folder() / ".switchyard/state.db.lock") && !has_ended(pid)) {
                                   ::sched_yield();
                                 }
                                 ::kill(pid, SIGABRT);
                               });
  EXPECT_FALSE(ours);
  expect_kept();
  // A program that does not mind shows whether the kernel would have written one.
  const bool cores_are_written = dumps_core({"/bin/sh", "-c", "kill -ABRT $$"}, {}, work_.folder(), [](int) {});
  ::setrlimit(RLIMIT_CORE, &before);
  if (!cores_are_written) GTEST_SKIP() << "this machine writes no cores at all, so that none of ours proves little";
}

TEST_F(Secrets, lie_in_files_that_are_for_their_owner_only) {
  const mode_t before = ::umask(0);
  HostileProvider provider;
  std::string yaml = with_secrets(provider.endpoint(), {"a"});
  yaml.replace(yaml.find(", endpoint: \"" + provider.endpoint() + "\""), provider.endpoint().size() + 14, "");
  work_.write("fleet.yaml", yaml);
  ASSERT_EQ(
      run({"plan", "fleet.yaml", "--out", ".switchyard/a.plan", "--state", ".switchyard/deep/er/state.db"}).exit_code,
      1)
      << "a plan makes no folder";
  ASSERT_EQ(run({"apply", "fleet.yaml", "--auto-approve", "--record", "it.record"}).exit_code, 0) << said_;
  ASSERT_EQ(run({"plan", "fleet.yaml", "--out", ".switchyard/a.plan"}).exit_code, 0);
  ASSERT_EQ(run({"state", "backup", ".switchyard/copy.db"}).exit_code, 0);
  fs::rename(work_.folder() / "it.record", work_.folder() / ".switchyard/it.record");
  auto served = work_.start({"sim", "--world", ".switchyard/worlds/w.db", "--listen", "127.0.0.1:0"});
  ASSERT_TRUE(served.wait_for("\n"));
  auto killed = work_.start({"run", "fleet.yaml", "--interval", "1h", "--state", ".switchyard/deep/er/state.db"});
  ASSERT_TRUE(killed.wait_for("done."));
  killed.signal(SIGKILL);
  killed.end();
  ::umask(before);
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(work_.folder() / ".switchyard")) {
    struct stat found {};
    ASSERT_EQ(::stat(entry.path().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777U, entry.is_directory() ? 0700U : 0600U) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 12);
  struct stat folder {};
  ASSERT_EQ(::stat((work_.folder() / ".switchyard").c_str(), &folder), 0);
  EXPECT_EQ(folder.st_mode & 07777U, 0700U);
}

TEST_F(Secrets, that_everybody_may_read_are_a_warning) {
  work_.write("fleet.yaml", with_secrets("http://127.0.0.1:1", {"a"}));
  const fs::path file = work_.folder() / "secrets/password";
  const std::vector<std::vector<std::string>> commands{
      {"validate", "fleet.yaml"}, {"plan", "fleet.yaml"}, {"apply", "fleet.yaml", "--auto-approve"}};
  for (const auto& command : commands) {
    fs::permissions(file, fs::perms(0644));
    EXPECT_THAT(run(command).err, HasSubstr("warning: a secret that everybody may read")) << command.front();
    fs::permissions(file, fs::perms(0640));
    EXPECT_THAT(run(command).err, Not(HasSubstr("may read"))) << command.front();
  }
  expect_kept();
}

}  // namespace
}  // namespace switchyard
