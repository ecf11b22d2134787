// Listings that contradict themselves or never end, and servers of other people: nothing is concluded, nothing touched.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/hostile/hostile_provider.h"

namespace switchyard {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kList = "GET /v1/servers";

class HostileListing : public ::testing::Test {
 protected:
  Ran apply(const std::vector<std::string>& servers = {"a"}) {
    work_.write("fleet.yaml", fleet_at(provider_.endpoint(), servers));
    return work_.run({"apply", "fleet.yaml", "--auto-approve", "--max-destroy", "100", "--timeout", "5s"});
  }
  void expect_trouble(std::string_view words) {
    const Ran ran = apply();
    EXPECT_EQ(ran.exit_code, 3) << ran.out << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("account \"main\" could not be looked at"));
    EXPECT_THAT(ran.err, HasSubstr(words));
    EXPECT_THAT(provider_.changes(), IsEmpty());
    expect_sound_state(work_);
  }

  Workplace work_;
  HostileProvider provider_;
};

TEST_F(HostileListing, whose_pages_lead_back_to_one_another_is_no_listing) {
  provider_.instead(kList, listing_json("", "again"));
  expect_trouble("names the page \"again\" twice");
  EXPECT_LT(provider_.requests().size(), 60U);
}

TEST_F(HostileListing, without_end_is_no_listing) {
  std::atomic<int> page = 0;
  provider_.instead(kList, [&page](Wire& wire, const WireRequest&) {
    std::string servers;
    for (int i = 0; i < 2000; ++i) {
      servers += fmt::format("{}{{\"id\": \"{}-{}\", \"phase\": \"active\"}}", i == 0 ? "" : ",", page.load(), i);
    }
    return wire.answer("200 OK", listing_json(servers, fmt::format("p{}", ++page)));
  });
  const Ran ran = apply();
  EXPECT_THAT(provider_.changes(), IsEmpty());
  EXPECT_LT(ran.peak_megabytes, 700 * SWITCHYARD_MEMORY_FACTOR);
  expect_sound_state(work_);
}

TEST_F(HostileListing, that_shows_one_server_as_two_different_ones_is_no_listing) {
  const std::string ours = server_json("sim-1", mark_json("main", "a", "u1"));
  for (const std::string& other : {
           server_json("sim-1", mark_json("main", "b", "u2")),
           server_json("sim-1", mark_json("elsewhere", "a", "u1")),
           server_json("sim-1", ""),
       }) {
    provider_.instead(kList, listing_json(ours + "," + other));
    expect_trouble("shows the server \"sim-1\" twice, and not with the same mark");
    provider_.instead(kList, listing_json(other + "," + ours));
    expect_trouble("shows the server \"sim-1\" twice, and not with the same mark");
  }
}

TEST_F(HostileListing, that_shows_a_server_twice_in_the_same_way_counts_it_once) {
  // Pages that move while they are read do that.
  const std::string ours = server_json("sim-1", mark_json("main", "a", "u1"));
  provider_.instead(kList, listing_json(ours + "," + ours));
  work_.write("fleet.yaml", fleet_at(provider_.endpoint(), {"a"}));
  const Ran plan = work_.run({"plan", "fleet.yaml", "--json"});
  const Json plan_json = plan.json();
  ASSERT_NE(plan_json.find("balances"), nullptr) << plan.out << plan.err;
  EXPECT_EQ(plan_json.find("balances")->array()->at(0).integer_or("servers", 0), 1);
  EXPECT_THAT(provider_.changes(), IsEmpty());
}

TEST_F(HostileListing, of_two_machines_with_one_uid_keeps_the_older_and_buys_none) {
  // One create that a provider carried out twice: the younger has no owner. It is never both that go.
  const std::string mark = mark_json("main", "a", "u1");
  std::string younger = server_json("sim-0", mark);
  younger.replace(younger.find("2025-12-31T00:00:00Z"), 20, "2025-12-31T00:01:00Z");
  provider_.instead(kList, listing_json(younger + "," + server_json("sim-1", mark)));
  const Ran ran = apply();
  for (const std::string& change : provider_.changes()) {
    EXPECT_THAT(change, Not(HasSubstr("sim-1"))) << ran.out << ran.err;
    EXPECT_NE(change, "POST /v1/servers") << ran.out << ran.err;
  }
  EXPECT_EQ(work_.run({"state", "doctor"}).exit_code, 0);
}

TEST_F(HostileListing, of_other_peoples_servers_is_reported_and_left_alone) {
  std::string servers;
  for (int i = 0; i < 5; ++i) {
    servers += server_json(fmt::format("other-{}", i), mark_json("elsewhere", fmt::format("a{}", i), "u1")) + ",";
  }
  // One of them even has the name that we want, and one carries no mark.
  servers += server_json("other-5", mark_json("elsewhere", "a", "u9")) + "," + server_json("other-6", "");
  provider_.instead(kList, listing_json(servers));
  const Ran ran = apply();
  for (const std::string& change : provider_.changes()) EXPECT_EQ(change, "POST /v1/servers");
  const Json plan = work_.run({"plan", "fleet.yaml", "--json"}).json();
  EXPECT_EQ(plan.find("unmanaged")->array()->size(), 7U) << ran.out << ran.err;
  const Ran destroyed = work_.run({"destroy", "fleet.yaml", "--auto-approve", "--timeout", "5s"});
  for (const std::string& change : provider_.changes()) EXPECT_THAT(change, Not(HasSubstr("other-"))) << destroyed.out;
}

TEST_F(HostileListing, may_hold_ids_that_look_like_paths) {
  provider_.instead(kList, listing_json(server_json("../../ctl?x=%00#", mark_json("main", "gone", "u1"))));
  work_.write("fleet.yaml", fleet_at(provider_.endpoint(), {"a"}));
  work_.run({"apply", "fleet.yaml", "--auto-approve", "--timeout", "2s"});
  for (const std::string& request : provider_.requests()) EXPECT_THAT(request, Not(HasSubstr("ctl?")));
}

}  // namespace
}  // namespace switchyard
