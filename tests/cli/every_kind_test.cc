// A fleet with a document of every kind, and every command that shows something of it, for people and for programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/cli/small_fleet.h"
#include "tests/support/command.h"
#include "tests/support/golden.h"
#include "tests/support/source_folder.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const char* const kSecret = "a key that nobody sees";

std::string document(const std::string& kind, const std::string& name, const std::string& spec) {
  return "---\napiVersion: switchyard/v1\nkind: " + kind + "\nmetadata: {name: " + name + "}\nspec: " + spec + "\n";
}

std::string certificate() {
  std::ifstream file(source_folder() / "tests/golden/diagnostics/certs/wild.pem");
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

class EveryKind : public ::testing::Test {
 protected:
  EveryKind() {
    work_.set_variable("EDGE_KEY", kSecret);
    work_.set_variable("ACME_PASSWORD", kSecret);
    work_.write("edge.pem", certificate());
    work_.write(
        "fleet.yaml",
        account_and_zone() + document("Cluster", "core", "{}") +
            document("Server", "a",
                     "{zone: london, size: s-1vcpu-2gb, cluster: core, options: {fqdn: sip.example.net, tls: true, "
                     "certificates: [{name: edge}], carriers: [acme], uacAuth: true}}") +
            document("Server", "front",
                     "{zone: london, size: s-1vcpu-2gb, type: dispatcher, balancer: {cluster: core}}") +
            document("ServerSet", "pool",
                     "{replicas: 2, zones: [london], template: {spec: {size: s-1vcpu-2gb, cluster: core}}}") +
            document("RtpServer", "relay", "{zone: london, size: s-1vcpu-2gb}") +
            document("Carrier", "acme",
                     "{destinations: [{uri: \"sip:gw.acme.example\"}], registration: {registrar: sip.acme.example, "
                     "username: u, password: {env: ACME_PASSWORD}}}") +
            document("Certificate", "edge", "{chain: {file: edge.pem}, key: {env: EDGE_KEY}}"));
    const Ran ran = work_.run({"apply", "fleet.yaml", "--auto-approve"});
    EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  }

  Workplace work_;
};

struct Document {
  const char* kind;
  const char* name;
  std::vector<const char*> row;        // what `get KIND` shows of it
  std::vector<const char*> described;  // what `describe` does
};

std::vector<Document> every_document() {
  return {{"Account", "main", {"sim", "500.00 USD", "observed"}, {"balance", "500.00 USD", "minimum runway"}},
          {"Zone", "london", {"lon1", "main"}, {"region", "servers   5"}},
          {"Cluster", "core", {"3"}, {"a, pool-1, pool-2"}},
          {"Server", "a", {"switch", "core", "active"}, {"sip.example.net", "Agent, reported"}},
          {"ServerSet", "pool", {"2", "fleet.yaml:"}, {"members  pool-1, pool-2"}},
          {"RtpServer", "relay", {"media", "active"}, {"Agent, reported", "0.01786 USD/h"}},
          {"Carrier", "acme", {"1", "fleet.yaml:"}, {"used by  a"}},
          {"Certificate", "edge", {"1", "fleet.yaml:"}, {"used by  a"}}};
}

TEST_F(EveryKind, is_listed_and_described) {
  for (const Document& shown : every_document()) {
    const std::string key = std::string(shown.kind) + "/" + shown.name;
    const Ran row = work_.run({"get", shown.kind, shown.name});
    EXPECT_EQ(row.exit_code, 0) << key << row.err;
    for (const char* word : shown.row) EXPECT_THAT(row.out, HasSubstr(word)) << key;
    const Ran told = work_.run({"describe", key});
    EXPECT_EQ(told.exit_code, 0) << key << told.err;
    EXPECT_THAT(told.out, StartsWith(key + "  fleet.yaml:"));
    for (const char* word : shown.described) EXPECT_THAT(told.out, HasSubstr(word)) << key;

    const Json answer = work_.run({"get", shown.kind, "--json"}).json();
    ASSERT_NE(answer.find("items"), nullptr) << key;
    const Json& listed = *answer.find("items");
    ASSERT_NE(listed.array(), nullptr) << key;
    EXPECT_TRUE(
        std::ranges::any_of(*listed.array(), [&](const Json& one) { return one.string_or("name", "") == shown.name; }))
        << key << to_string(listed);
    const Json described = work_.run({"describe", key, "--json"}).json();
    ASSERT_NE(described.object(), nullptr) << key;
    EXPECT_THAT(row.out + told.out + to_string(listed) + to_string(described), Not(HasSubstr(kSecret)));
  }
}

// Those that a provider knows nothing of; of the others, times and uids vary (render_tests have theirs).
TEST_F(EveryKind, that_is_only_declared_looks_the_same_every_time) {
  std::string listed;
  std::string described;
  for (const Document& shown : every_document()) {
    const std::string kind = shown.kind;
    if (kind != "Zone" && kind != "ServerSet" && kind != "Carrier" && kind != "Certificate") continue;
    listed += work_.run({"get", kind}).out + "\n";
    described += work_.run({"describe", kind + "/" + shown.name}).out + "\n";
  }
  expect_golden("get/declared.txt", listed);
  expect_golden("describe/declared.txt", described);
}

TEST_F(EveryKind, is_a_reason_that_why_knows) {
  for (const Document& asked : every_document()) {
    const std::string key = std::string(asked.kind) + "/" + asked.name;
    const Ran told = work_.run({"why", key});
    EXPECT_EQ(told.exit_code, 0) << key << told.err;
    EXPECT_THAT(told.out, HasSubstr("fleet.yaml:")) << key;
  }
}

TEST_F(EveryKind, is_exported_as_yaml_whose_plan_is_empty) {
  const Ran exported = work_.run({"export", "main"});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_THAT(exported.out, Not(HasSubstr(kSecret)));
  for (const char* kind : {"Account", "Zone", "Cluster", "Server", "RtpServer", "Carrier", "Certificate"}) {
    EXPECT_THAT(exported.out, HasSubstr(std::string("kind: ") + kind + "\n"));
  }
  EXPECT_THAT(exported.out, HasSubstr("type: dispatcher"));
  work_.set_variable("CERTIFICATES_EDGE_CHAIN", certificate());
  work_.set_variable("CERTIFICATES_EDGE_KEY", kSecret);
  work_.set_variable("CARRIERS_ACME_REGISTRATION_PASSWORD", kSecret);
  work_.write("exported/fleet.yaml", exported.out);
  const Ran plan = work_.run({"plan", "exported", "--detailed-exitcode"});
  EXPECT_EQ(plan.exit_code, 0) << exported.out << plan.out << plan.err;
}

struct Asked {
  std::vector<std::string> words;
  int exit_code = 0;
};

// In their order: what comes later finds what came before.
std::vector<Asked> every_command() {
  return {{{"version"}},
          {{"validate", "fleet.yaml"}},
          {{"validate", "broken.yaml"}, 1},
          {{"explain", "Server.cps"}},
          {{"schema"}},
          {{"plan", "fleet.yaml", "--detailed-exitcode"}},
          {{"plan", "larger.yaml", "--out", "larger.plan"}},
          {{"apply", "larger.plan", "--auto-approve"}},
          {{"apply", "fleet.yaml", "--auto-approve"}},
          {{"drift", "fleet.yaml"}},
          {{"get", "servers"}},
          {{"get", "servers", "nobody"}, 1},
          {{"describe", "Server/a"}},
          {{"describe", "Server/nobody"}, 1},
          {{"why", "Server/a"}},
          {{"why", "Server/nobody"}, 1},
          {{"events"}},
          {{"events", "--resource", "Server/a"}},
          {{"action", "restart", "pool-1"}},
          {{"action", "restart", "nobody"}, 1},
          {{"suspend", "Server/a", "--reason", "a test"}},
          {{"resume", "Server/a"}},
          {{"freeze", "main", "--reason", "a test"}},
          {{"unfreeze", "main"}},
          {{"export", "main"}},
          {{"export", "nobody"}, 1},
          {{"import", "Server/a", "--id", "sim-nobody"}, 1},
          {{"state", "doctor"}},
          {{"state", "backup", "copy.db"}},
          {{"sim", "ctl", "--world", kWorld, "dump"}},
          {{"run", "fleet.yaml", "--interval", "1h", "--timeout", "1ms"}, 4},
          {{"nonsense"}, 1},
          {{"destroy", "fleet.yaml", "--auto-approve", "--max-destroy", "9"}}};
}

TEST_F(EveryKind, comes_out_of_every_command_as_json) {
  std::string larger = work_.read("fleet.yaml");
  larger.replace(larger.find("replicas: 2"), 11, "replicas: 3");
  work_.write("larger.yaml", larger);
  work_.write("broken.yaml", "apiVersion: switchyard/v1\nkind: Zome\n");
  for (const Asked& asked : every_command()) {
    std::vector<std::string> words = asked.words;
    words.emplace_back("--json");
    const Ran ran = work_.run(words);
    const std::string line = ::testing::PrintToString(asked.words);
    EXPECT_EQ(ran.exit_code, asked.exit_code) << line << ran.out << ran.err;
    ASSERT_NE(ran.json().object(), nullptr) << line << ran.out << ran.err;
    EXPECT_EQ(ran.json().integer_or("formatVersion", 0), 1) << line << ran.out;
    if (asked.exit_code != 0) {
      EXPECT_TRUE(ran.json().find("error") != nullptr || ran.json().find("diagnostics") != nullptr) << line << ran.out;
    }
    EXPECT_THAT(ran.out + ran.err, Not(HasSubstr(kSecret))) << line;
  }
}

}  // namespace
}  // namespace switchyard
