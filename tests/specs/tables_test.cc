// The tables are the language: every row is whole, and effects are those of the trade.
#include <gtest/gtest.h>

#include <set>

#include "specs/effects.h"
#include "specs/kinds/schema.h"
#include "specs/kinds/tables.h"
#include "specs/packed.h"
#include "specs/type_words.h"
#include "tests/specs/sample.h"

namespace switchyard {
namespace {

void expect_whole(const FieldRow& row, const std::string& path) {
  EXPECT_FALSE(row.meaning.empty()) << path;
  EXPECT_FALSE(row.rule.empty()) << path;
  EXPECT_FALSE(type_for_people(row).empty()) << path;
  EXPECT_EQ(row.type == Type::kWord, !row.words.empty()) << path;
  EXPECT_EQ(row.type == Type::kReference, row.to.has_value()) << path;
  EXPECT_EQ(row.type == Type::kObject, !row.members.empty()) << path;
  if (row.type == Type::kInteger || row.type == Type::kDuration) {
    EXPECT_LT(row.low, row.high) << path;
  }
  EXPECT_FALSE(row.required && !row.fallback.empty()) << path << " is required and has a default";
  for (const FieldRow& member : row.members) expect_whole(member, path + "[]." + std::string(member.path));
}

TEST(Tables, EveryFieldHasAMeaningARuleAndAType) {
  for (const Kind kind : all_kinds()) {
    EXPECT_FALSE(meaning_of(kind).empty());
    for (const SchemaField& field : schema_of(kind).fields)
      expect_whole(*field.row, std::string(to_string(kind)) + "." + field.path);
  }
}

TEST(Tables, EveryPathStandsOnce) {
  for (const Kind kind : all_kinds()) {
    std::set<std::string> paths;
    for (const SchemaField& field : schema_of(kind).fields) {
      EXPECT_TRUE(paths.insert(field.path).second) << to_string(kind) << "." << field.path;
      EXPECT_EQ(schema_of(kind).fields[schema_of(kind).id(field.path)].path, field.path);
    }
  }
}

TEST(Tables, EveryDefaultIsAValueOfItsField) {
  for (const Kind kind : all_kinds()) {
    for (const SchemaField& field : schema_of(kind).fields) {
      if (field.row->fallback.empty()) continue;
      ASSERT_FALSE(field.fallback.empty()) << field.path;
      EXPECT_FALSE(Packed(field.fallback).is_null()) << field.path << " has a default that is wrong by its own rules";
    }
  }
}

TEST(Effects, EveryFieldOfAServerIsKnownToThem) {
  // What no table knows is a restart; so a field that is live or worse proves that it is known.
  for (const Kind kind : {Kind::kServer, Kind::kRtpServer}) {
    for (const SchemaField& field : schema_of(kind).fields) {
      const Effect effect = effect_of_change(field.path, Json(1), Json(2));
      if (field.row->effect == EffectRule::kRestart || field.row->effect == EffectRule::kTrace) {
        EXPECT_EQ(effect, Effect::kRestart) << field.path;
      } else {
        EXPECT_NE(effect, Effect::kRestart) << field.path;
      }
    }
  }
}

struct EffectCase {
  std::string path;
  Json before;
  Json after;
  Effect effect;
};

// domain.md, "What a changed field does", line by line.
TEST(Effects, AreThoseOfTheTrade) {
  const Json one(Json::Array{Json("a")});
  const Json two(Json::Array{Json("b")});
  const std::vector<EffectCase> cases{
      {"spec.channels", Json(500), Json(1000), Effect::kLive},
      {"spec.channels", Json(1000), Json(500), Effect::kLive},
      {"spec.channels", Json(1000), Json(1001), Effect::kReboot},
      {"spec.channels", Json(1001), Json(1000), Effect::kReboot},
      {"spec.channels", Json(1500), Json(2000), Effect::kReboot},
      {"spec.channels", Json(), Json(500), Effect::kLive},
      {"spec.channels", Json("many"), Json(500), Effect::kLive},
      {"spec.cps", Json(50), Json(100), Effect::kLive},
      {"spec.options.capacityFailover", Json("a"), Json("b"), Effect::kLive},
      {"spec.options.uacPing", Json(true), Json(false), Effect::kLive},
      {"spec.options.uacAuth", Json(true), Json(false), Effect::kLive},
      {"spec.options.certificates", one, two, Effect::kLive},
      {"spec.options.certificates", Json(), one, Effect::kRestart},
      {"spec.options.certificates", Json(Json::Array{}), one, Effect::kRestart},
      {"spec.options.certificates", one, Json(), Effect::kRestart},
      {"spec.options.fqdn", Json("a.example.net"), Json("b.example.net"), Effect::kLive},
      {"spec.options.fqdn", Json(), Json("b.example.net"), Effect::kRestart},
      {"certificates.main.key", Json("fingerprint"), Json("another"), Effect::kLive},
      {"spec.options.restrictDirect", Json(false), Json(true), Effect::kLive},
      {"spec.options.anyReg", Json(false), Json(true), Effect::kLive},
      {"cluster.limits.cps", Json(10), Json(20), Effect::kLive},
      {"cluster.limits.channels", Json(10), Json(), Effect::kLive},
      {"spec.balancer.algorithm", Json("weight"), Json("random"), Effect::kLive},
      {"spec.balancer.cluster", Json("a"), Json("b"), Effect::kLive},
      {"spec.options.ports.udp", Json(Json::Array{}), Json(Json::Array{Json(5080)}), Effect::kRestart},
      {"spec.options.tls", Json(false), Json(true), Effect::kRestart},
      {"spec.options.webrtc", Json(false), Json(true), Effect::kRestart},
      {"spec.cluster", Json(), Json("core"), Effect::kRestart},
      {"cluster.share.dialogs", Json(true), Json(false), Effect::kRestart},
      {"spec.options.sipTrace.collector", Json("a:1"), Json("b:1"), Effect::kRestart},
      {"spec.options.sipTrace.collector", Json(), Json("b:1"), Effect::kLive},
      {"spec.options.sipTrace.collector", Json("a:1"), Json(), Effect::kLive},
      {"spec.options.sipTrace.transport", Json("udp"), Json("tcp"), Effect::kRestart},
      {"spec.options.tlsInternals", Json(false), Json(true), Effect::kRestart},
      {"spec.options.uacLocationSharing", Json(false), Json(true), Effect::kRestart},
      {"spec.size", Json("a"), Json("b"), Effect::kReboot},
      {"spec.options.autoUpgrade", Json(false), Json(true), Effect::kLive},
      {"spec.options.dataZone", Json("us"), Json("eu"), Effect::kLive},
      {"metadata.labels.example.net/tier", Json("a"), Json("b"), Effect::kLive},
      {"spec.alias", Json("a"), Json("b"), Effect::kLive},
      {"spec.weight", Json(1), Json(2), Effect::kLive},
      {"spec.priority", Json(1), Json(2), Effect::kLive},
      {"spec.protect", Json(true), Json(false), Effect::kLive},
      {"spec.maxSessions", Json(1), Json(2), Effect::kLive},
      {"spec.ports.from", Json(30000), Json(31000), Effect::kRestart},
      {"spec.zone", Json("a"), Json("b"), Effect::kReplace},
      {"spec.type", Json("switch"), Json("dispatcher"), Effect::kReplace},
      {"spec.account", Json("a"), Json("b"), Effect::kReplace},
      {"spec.region", Json("a"), Json("b"), Effect::kReplace},
      {"carriers.acme.destinations", one, two, Effect::kLive},
      {"carriers.acme.registration.password", Json("x"), Json("y"), Effect::kLive},
      {"spec.something.new", Json(1), Json(2), Effect::kRestart},
      {"carriers.acme", Json(1), Json(2), Effect::kRestart},
      {"", Json(1), Json(2), Effect::kRestart},
  };
  for (const EffectCase& each : cases) {
    EXPECT_EQ(effect_of_change(each.path, each.before, each.after), each.effect)
        << each.path << ": " << to_string(each.before) << " -> " << to_string(each.after);
  }
}

TEST(Explain, TellsTypeDefaultEffectMeaningAndRule) {
  const Result<std::string> text = explain("server.options.tls");
  ASSERT_TRUE(text.ok()) << text.error().message;
  EXPECT_EQ(*text,
            "Server.spec.options.tls\n"
            "  SIP over TLS; needs an fqdn and a certificate that covers it\n"
            "\n"
            "  type     true or false\n"
            "  default  false\n"
            "  effect   restart: of the SIP process, after a drain\n"
            "  rule     RFC 3261 26.2; Kamailio: enable_tls is read at start\n");
}

TEST(Explain, ExplainsEveryFieldAndEveryGroup) {
  for (const Kind kind : all_kinds()) {
    const std::string name(to_string(kind));
    EXPECT_TRUE(explain(name).ok());
    for (const SchemaField& field : schema_of(kind).fields) {
      const Result<std::string> text = explain(name + "." + field.path);
      ASSERT_TRUE(text.ok()) << text.error().message;
      EXPECT_NE(text->find(field.row->meaning), std::string::npos) << field.path;
      const std::string group = field.path.substr(0, field.path.rfind('.'));
      EXPECT_TRUE(explain(name + "." + group).ok()) << group;
      for (const FieldRow& member : field.row->members) {
        const Result<std::string> of_member = explain(name + "." + field.path + "." + std::string(member.path));
        ASSERT_TRUE(of_member.ok()) << of_member.error().message;
        EXPECT_NE(of_member->find(member.meaning), std::string::npos);
      }
    }
  }
}

TEST(Explain, TakesTheLastPartWhereItIsUnique) {
  const Result<std::string> text = explain("Cluster.maxUnavailable");
  ASSERT_TRUE(text.ok()) << text.error().message;
  EXPECT_TRUE(text->starts_with("Cluster.spec.rollout.maxUnavailable\n")) << *text;
}

TEST(Explain, SuggestsWhatWasMeant) {
  EXPECT_EQ(explain("Sever").error().code, ErrorCode::kInvalid);
  EXPECT_NE(explain("Sever").error().message.find("did you mean \"Server\"?"), std::string::npos)
      << explain("Sever").error().message;
  EXPECT_NE(explain("Server.chanels").error().message.find("did you mean \"channels\"?"), std::string::npos)
      << explain("Server.chanels").error().message;
}

TEST(Explain, SpeaksJson) {
  const Json json = explain_json("Server.options.tls");
  EXPECT_EQ(json.integer_or("formatVersion", 0), 1);
  ASSERT_NE(json.find("fields"), nullptr);
  ASSERT_EQ(json.find("fields")->array()->size(), 1U);
  EXPECT_EQ(json.find("fields")->array()->front().string_or("path", ""), "spec.options.tls");
  EXPECT_GT(explain_json("Server").find("fields")->array()->size(), 30U);
}

}  // namespace
}  // namespace switchyard
