#include "reconciler/render/style.h"

#include <gtest/gtest.h>

#include "reconciler/render/diagnostic_text.h"
#include "reconciler/render/words.h"
#include "tests/cli/fleet_sample.h"

namespace switchyard {
namespace {

TEST(Style, counts_characters_not_bytes_and_no_colours) {
  EXPECT_EQ(display_width("Zürich"), 6U);
  EXPECT_EQ(display_width(paint(Paint::kRed, "Zürich", Colour::kOn)), 6U);
  EXPECT_EQ(padded("Zürich", 8), "Zürich  ");
}

TEST(Style, paints_nothing_where_colours_are_off) {
  EXPECT_EQ(paint(Paint::kRed, "x", Colour::kOff), "x");
}

TEST(Style, lets_no_control_character_through) {
  EXPECT_EQ(harmless("a\x1b[2Jb\nc\x7f"), "a?[2Jb?c?");
  EXPECT_EQ(harmless("a\xc2\x9b"
                     "2J"),
            "a?2J");
  EXPECT_EQ(harmless("Zürich"), "Zürich");
}

TEST(Style, makes_columns_as_wide_as_their_widest_cell) {
  Table table({"A", "B"});
  table.add({"Zürich", "1"});
  table.add({"x", ""});
  EXPECT_EQ(table.text(Colour::kOff, "  "), "  A       B\n  Zürich  1\n  x\n");
}

TEST(Words, say_times_and_values_as_people_do) {
  const auto now = sample::now();
  EXPECT_EQ(ago(sample::before(std::chrono::seconds(12)), now), "12s ago");
  EXPECT_EQ(ago(now + std::chrono::seconds(182), now), "in 3m 2s");
  EXPECT_EQ(ago(now, now), "now");
  EXPECT_EQ(span_text(std::chrono::milliseconds(300)), "0s");
  EXPECT_EQ(span_text(std::chrono::milliseconds(2300)), "2s");
  EXPECT_EQ(lasting(std::nullopt), "for ever");
  EXPECT_EQ(to_text(Json()), "unset");
  EXPECT_EQ(to_text(Json("london")), "london");
  EXPECT_EQ(to_text(Json("007")), "\"007\"");
  EXPECT_EQ(to_text(Json("yes")), "\"yes\"");
  EXPECT_EQ(to_text(Json("unset")), "\"unset\"");
  EXPECT_EQ(counted(1, "server"), "1 server");
  EXPECT_EQ(counted(0, "server"), "0 servers");
  EXPECT_EQ(listed({"a", "b", "c"}), "a, b and c");
}

TEST(Words, of_two_lists_say_only_what_goes_and_comes) {
  const Json before = Json::Array{"a", "b", "c"};
  EXPECT_EQ(difference(before, Json::Array{"a", "c", "d"}), "without b, with d, 2 as before");
  EXPECT_EQ(difference(before, Json::Array{"a", "b", "c", "d"}), "with d, 3 as before");
  EXPECT_EQ(difference(Json::Array{5080}, Json::Array{}), "[5080] -> []");
  EXPECT_EQ(difference(before, Json::Array{"c", "b", "a"}), R"(["a","b","c"] -> ["c","b","a"])");
  EXPECT_EQ(difference(500, Json()), "500 -> unset");
}

TEST(Diagnostics, are_counted_by_severity) {
  const Diagnostic wrong{.severity = Severity::kError,
                         .file = "fleet.yaml",
                         .line = 7,
                         .column = 13,
                         .width = 4,
                         .message = "unknown region",
                         .detail = "no such region",
                         .text = "    region: lon9"};
  auto warned = wrong;
  warned.severity = Severity::kWarning;
  EXPECT_EQ(count_diagnostics({wrong, wrong, warned}), "2 errors, 1 warning");
  EXPECT_EQ(count_diagnostics({warned}), "1 warning");
  EXPECT_EQ(render_diagnostics({wrong}, Colour::kOff),
            to_string(wrong) + (to_string(wrong).ends_with('\n') ? "" : "\n"));
}

}  // namespace
}  // namespace switchyard
