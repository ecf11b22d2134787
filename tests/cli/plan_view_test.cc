#include "reconciler/render/plan_view.h"

#include <gtest/gtest.h>

#include "tests/cli/fleet_sample.h"

namespace switchyard {
namespace {

TEST(PlanView, survives_being_kept_and_read_back) {
  const auto view = sample::plan();
  const auto back = plan_view_from_json(*parse_json(to_string(to_json(view))));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, view);
}

TEST(PlanView, finds_where_a_resource_stands_by_its_spec_or_by_its_last_report) {
  Plan plan;
  Change known{.id = 1,
               .action = Action::kUpdate,
               .resource = sample::server_key("lon-1"),
               .account = "main",
               .reason = "",
               .after = {},
               .after_end = {},
               .effect = Effect::kLive,
               .fields = {},
               .source = {},
               .uid = "",
               .provider_id = "",
               .channels = {},
               .waits_for_zero_calls = false};
  auto undeclared = known;
  undeclared.id = 2;
  undeclared.resource = sample::server_key("lon-2");
  plan.changes = {known, undeclared};
  auto fleet = sample::fleet();
  std::erase_if(fleet.servers, [](const DesiredServer& server) { return server.key.name == "lon-2"; });
  const auto observed = sample::observed();
  const auto view = view_of(plan, fleet, observed, [](const Key&, std::string_view) { return std::nullopt; });
  ASSERT_NE(view.place(sample::server_key("lon-1")), nullptr);
  EXPECT_EQ(view.place(sample::server_key("lon-1"))->zone, "london");
  ASSERT_NE(view.place(sample::server_key("lon-2")), nullptr);
  EXPECT_EQ(view.place(sample::server_key("lon-2"))->cluster, "core");
  EXPECT_EQ(view.place(sample::server_key("nobody")), nullptr);
}

TEST(PlanView, looks_up_no_more_fields_than_it_may) {
  int asked = 0;
  const auto lookup = [&asked](const Key&, std::string_view) {
    ++asked;
    return std::optional(Source{.file = "fleet.yaml", .line = asked});
  };
  const auto view = view_of(sample::plan().plan, sample::fleet(), sample::observed(), lookup, 2);
  EXPECT_EQ(asked, 2);
  ASSERT_NE(view.field(sample::server_key("lon-1"), "spec.channels"), nullptr);
  EXPECT_EQ(view.field(sample::server_key("lon-1"), "spec.channels")->line, 1);
  EXPECT_EQ(view.field(sample::server_key("lon-2"), "spec.options.ports.udp"), nullptr);
}

TEST(PlanView, refuses_what_makes_no_sense) {
  EXPECT_FALSE(plan_view_from_json(*parse_json("{}")));
  EXPECT_FALSE(plan_view_from_json(*parse_json(R"({"plan": 1, "places": [], "fields": []})")));
}

}  // namespace
}  // namespace switchyard
