// A fleet on this machine: what the world says is true on it, whatever dies, and nothing of it is left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "specs/base/digest.h"
#include "tests/providers/local/local_subject.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LocalFleetTest : public ::testing::Test {
 protected:
  std::vector<ServerProcess> of(const std::string& id) {
    std::vector<ServerProcess> processes = site_.processes();
    std::erase_if(processes, [&](const ServerProcess& process) { return process.folder != site_.server_folder(id); });
    return processes;
  }
  pid_t agent_of(const std::string& id) {
    for (const ServerProcess& process : of(id)) {
      if (is_agent(process)) return process.pid;
    }
    return 0;
  }
  pid_t sip_of(const std::string& id) {
    for (const ServerProcess& process : of(id)) {
      if (!is_agent(process)) return process.pid;
    }
    return 0;
  }
  static void kill_all(const std::vector<ServerProcess>& processes) {
    for (const ServerProcess& process : processes) ::kill(process.pid, SIGKILL);
  }
  // A listing whose every server's agent answers.
  bool all_answer() {
    return comes_true([this] {
      const auto page = site_.provider().list("", kLimits);
      return page.ok() && std::ranges::all_of(page->servers, [](const ObservedServer& server) {
               return server.phase != Phase::kActive || (server.agent && server.agent->channels);
             });
    });
  }
  bool nothing_is_left() { return site_.processes().empty() && !std::filesystem::exists(site_.fleet_folder()); }

  LocalSite site_;
};

TEST_F(LocalFleetTest, AServerIsAnAgentAndWhatItRunsOnAnAddressOfItsOwn) {
  const std::string one = site_.delivered(wanted("a", "u1"));
  const std::string other = site_.delivered(wanted("b", "u2"));
  EXPECT_THAT(of(one), SizeIs(2));
  EXPECT_NE(site_.see(one).ipv4, site_.see(other).ipv4);
  struct stat seen {};
  ASSERT_EQ(::stat(site_.server_folder(one).c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777U, 0700U);
}

TEST_F(LocalFleetTest, ANewServersSecretsReachItsAgentAndLieNowhereElse) {
  CreateRequest request = wanted("a");
  request.secrets = {{"carriers.acme.registration.password", "opensesame"}};
  const std::string id = site_.delivered(request);
  const AgentReport report = *site_.see(id).agent;
  ASSERT_THAT(report.fingerprints, SizeIs(1));
  EXPECT_EQ(report.fingerprints[0].second, hmac_sha256_hex(report.salt, "opensesame"));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(site_.scratch().path())) {
    // What the agent itself keeps is its own; the fake one keeps its configuration under this name.
    if (!entry.is_regular_file() || entry.path().filename() == "configuration") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    EXPECT_EQ(bytes.find("opensesame"), std::string::npos) << entry.path();
  }
}

TEST_F(LocalFleetTest, AnOrderThatItsAgentCannotTakeIsDeliveredAndSeenAsDifferent) {
  CreateRequest request = wanted("a");
  set_field(request.fields, "metadata.labels.impossible", "yes");
  const ObservedServer server = site_.see(site_.delivered(request));
  EXPECT_EQ(server.phase, Phase::kActive);
  ASSERT_TRUE(server.agent.has_value());
  EXPECT_NE(server.agent->applied_digest, digest_of(request.fields));
}

TEST_F(LocalFleetTest, AStoppedServerRunsNothingAndKeepsItsPlace) {
  const std::string id = site_.delivered(wanted("a"));
  const std::string address = site_.see(id).ipv4;
  ASSERT_TRUE(site_.provider().act(id, Action::kStop, {}, kLimits).ok());
  EXPECT_THAT(of(id), IsEmpty());
  ASSERT_TRUE(site_.settles(id));
  EXPECT_EQ(site_.see(id).phase, Phase::kStopped);
  EXPECT_NE(site_.see(site_.delivered(wanted("b"))).ipv4, address);
  ASSERT_TRUE(site_.provider().act(id, Action::kStart, {}, kLimits).ok());
  ASSERT_TRUE(site_.settles(id));
  EXPECT_EQ(site_.see(id).ipv4, address);
  EXPECT_EQ(site_.see(id).agent->applied_digest, digest_of(wanted("a").fields));
}

TEST_F(LocalFleetTest, AnExpiredServerRunsNothingUntilItIsReactivated) {
  const std::string id = site_.delivered(wanted("a"));
  site_.ctl(CtlBalance{.amount = "0.00"});
  ASSERT_TRUE(site_.provider().list("", kLimits).ok());
  EXPECT_EQ(site_.see(id).phase, Phase::kExpired);
  EXPECT_THAT(of(id), IsEmpty());
  site_.ctl(CtlBalance{.amount = "100.00"});
  ASSERT_TRUE(site_.provider().act(id, Action::kReactivate, {}, kLimits).ok());
  ASSERT_TRUE(site_.settles(id));
  EXPECT_EQ(site_.see(id).phase, Phase::kActive);
  EXPECT_THAT(of(id), SizeIs(2));
}

TEST_F(LocalFleetTest, ARebootRunsEverythingAnewAndOnlyOnce) {
  const std::string id = site_.delivered(wanted("a"));
  const pid_t agent = agent_of(id);
  const pid_t sip = sip_of(id);
  ASSERT_TRUE(site_.provider().act(id, Action::kRestart, {}, kLimits).ok());
  const pid_t after = agent_of(id);
  ASSERT_TRUE(site_.settles(id));
  EXPECT_NE(agent, agent_of(id));
  EXPECT_NE(sip, sip_of(id));
  EXPECT_EQ(after, agent_of(id));
}

TEST_F(LocalFleetTest, ARemovedServerLeavesNothing) {
  const std::string id = site_.delivered(wanted("a"));
  ASSERT_TRUE(site_.provider().remove(id, kLimits).ok());
  EXPECT_TRUE(nothing_is_left());
}

TEST_F(LocalFleetTest, AnAgentThatDiedIsStartedAgainAndFindsWhatItRan) {
  const std::string id = site_.delivered(wanted("a"));
  const pid_t agent = agent_of(id);
  const pid_t sip = sip_of(id);
  ::kill(agent, SIGKILL);
  ASSERT_TRUE(comes_true([&] { return agent_of(id) != agent; }));
  ASSERT_TRUE(all_answer());
  EXPECT_EQ(sip_of(id), sip);
}

TEST_F(LocalFleetTest, AnAgentThatDoesNotAnswerLeavesItsLastReportWithItsAge) {
  const std::string id = site_.delivered(wanted("a"));
  ASSERT_TRUE(all_answer());
  ::kill(agent_of(id), SIGSTOP);
  site_.advance(std::chrono::minutes(1));
  const ObservedServer server = site_.see(id);
  ::kill(agent_of(id), SIGCONT);
  ASSERT_TRUE(server.agent.has_value());
  EXPECT_EQ(server.agent->applied_digest, digest_of(wanted("a").fields));
  EXPECT_EQ(server.agent->at + std::chrono::minutes(1), server.seen);
  EXPECT_FALSE(server.agent->channels.has_value());
}

TEST_F(LocalFleetTest, EverythingKilledConvergesAgain) {
  const std::string one = site_.delivered(wanted("a"));
  const std::string other = site_.delivered(wanted("b"));
  kill_all(site_.processes());
  site_.open();
  ASSERT_TRUE(all_answer());
  for (const std::string& id : {one, other}) {
    EXPECT_THAT(of(id), SizeIs(2));
    EXPECT_EQ(site_.see(id).agent->applied_digest, digest_of(wanted("a").fields));
  }
}

TEST_F(LocalFleetTest, EverythingKilledBeforeAnyAgentWasMetConvergesAgain) {
  const auto created = site_.provider().create(wanted("a"), kLimits);
  ASSERT_TRUE(created.ok());
  kill_all(site_.processes());
  site_.open();
  ASSERT_TRUE(site_.settles(created->id));
  EXPECT_EQ(site_.see(created->id).phase, Phase::kActive);
}

TEST_F(LocalFleetTest, EverythingKilledIsRemovedWithoutARest) {
  const std::string one = site_.delivered(wanted("a"));
  const std::string other = site_.delivered(wanted("b"));
  ::kill(agent_of(one), SIGKILL);  // its SIP process is an orphan now
  ::kill(sip_of(other), SIGKILL);
  site_.open();
  ASSERT_TRUE(site_.provider().remove(one, kLimits).ok());
  ASSERT_TRUE(site_.provider().remove(other, kLimits).ok());
  EXPECT_TRUE(nothing_is_left());
}

TEST_F(LocalFleetTest, WhatACreateLeftThatNeverCameToItsEndIsClearedAway) {
  const std::string id = site_.delivered(wanted("a"));
  // A folder with a process of a server that the world has never heard of.
  const std::string stray = site_.server_folder("local-77");
  std::filesystem::create_directories(stray);
  ASSERT_TRUE(
      start_detached({.command = {"/usr/bin/tail", "-f", "/dev/null"}, .folder = stray, .log = "/dev/null"}).ok());
  ASSERT_TRUE(site_.provider().list("", kLimits).ok());
  EXPECT_FALSE(std::filesystem::exists(stray));
  EXPECT_THAT(of("local-77"), IsEmpty());
  EXPECT_THAT(of(id), SizeIs(2));
}

TEST_F(LocalFleetTest, AServerWhoseFolderSomebodyTookAwayIsMadeAnew) {
  const std::string id = site_.delivered(wanted("a"));
  std::filesystem::remove_all(site_.server_folder(id));
  ASSERT_TRUE(comes_true([&] {
    const auto page = site_.provider().list("", kLimits);
    return page.ok() && page->servers.front().agent && page->servers.front().agent->channels &&
           page->servers.front().agent->applied_digest == digest_of(wanted("a").fields);
  }));
  EXPECT_THAT(of(id), SizeIs(2));
}

TEST_F(LocalFleetTest, LookingOnlyStartsNothingAndWritesNothing) {
  const std::string id = site_.delivered(wanted("a"));
  ASSERT_TRUE(all_answer());
  Connection looking = site_.connect(LocalFleet::Options::Access::kRead);
  const auto before = looking.provider->list("", kLimits);
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->servers.front().agent->channels, 0);

  kill_all(site_.processes());
  ASSERT_TRUE(comes_true([&] { return site_.processes().empty(); }));
  const auto stamp = std::filesystem::last_write_time(site_.server_folder(id));
  const auto page = looking.provider->list("", kLimits);
  ASSERT_TRUE(page.ok());
  EXPECT_THAT(site_.processes(), IsEmpty());
  EXPECT_EQ(std::filesystem::last_write_time(site_.server_folder(id)), stamp);
  ASSERT_TRUE(page->servers.front().agent.has_value());
  EXPECT_FALSE(page->servers.front().agent->channels.has_value());
  EXPECT_EQ(looking.provider->create(wanted("b"), kLimits).error().code, ErrorCode::kRefused);
}

TEST_F(LocalFleetTest, WithoutAnAgentToStartACreateSaysSoAndNothingHasHappened) {
  const ScratchFolder folder;
  auto fleet = std::make_shared<LocalFleet>(LocalFleet::Options{.account = "main",
                                                                .state_folder = folder.path().string(),
                                                                .agent_program = "/nowhere/switchyard-agent",
                                                                .fresh = {},
                                                                .terms = default_terms(Currency()),
                                                                .access = LocalFleet::Options::Access::kWrite});
  const Connection connection = local_connection(fleet);
  const auto created = connection.provider->create(wanted("a"), kLimits);
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(created.error().message, HasSubstr("SWITCHYARD_AGENT"));
  EXPECT_THAT(connection.provider->list("", kLimits)->servers, IsEmpty());
}

TEST_F(LocalFleetTest, AnAgentObeysAndReports) {
  const std::string id = site_.delivered(wanted("a"));
  Configuration next{
      .fields = wanted("a").fields, .peers = {}, .secrets = {{"carriers.acme.registration.password", "x"}}};
  set_field(next.fields, "spec.options.uacPing", false);
  ASSERT_TRUE(site_.agent().configure(site_.see(id), next, kLimits).ok());
  const auto report = site_.agent().status(site_.see(id), kLimits);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->applied_digest, digest_of(next.fields));
  EXPECT_EQ(report->fingerprints[0].second, hmac_sha256_hex(report->salt, "x"));
  ASSERT_TRUE(site_.agent().act(site_.see(id), Action::kDrain, kLimits).ok());
  EXPECT_TRUE(site_.see(id).agent->drained);
  ASSERT_TRUE(site_.agent().act(site_.see(id), Action::kUndrain, kLimits).ok());
  EXPECT_FALSE(site_.see(id).agent->drained);
  CallLimits older = kLimits;
  older.fence = kLimits.fence - 1;
  EXPECT_EQ(site_.agent().act(site_.see(id), Action::kDrain, older).error().code, ErrorCode::kFenced);
}

TEST_F(LocalFleetTest, ByHandTheAccountIsReachedAndWhatIsRealIsNot) {
  const std::string id = site_.delivered(wanted("a"));
  EXPECT_EQ(site_.ctl(CtlBalance{.amount = "33.00"}).string_or("balance", ""), "33.00");
  ASSERT_TRUE(site_.ctl(CtlExpire{.server = "a"}).object() != nullptr);
  EXPECT_EQ(site_.see(id).phase, Phase::kExpired);
  for (const CtlCommand& command : {CtlCommand(CtlCalls{.server = "a", .calls = 3, .lasting = {}}),
                                    CtlCommand(CtlSet{.server = "a", .field = "uacPing", .value = "false"}),
                                    CtlCommand(CtlFault{.fault = {.kind = FaultKind::kNeverFinish}})}) {
    const Json answer = site_.ctl(command);
    ASSERT_TRUE(answer.string() != nullptr) << to_string(answer);
    EXPECT_THAT(*answer.string(), HasSubstr("real"));
  }
}

}  // namespace
}  // namespace switchyard
