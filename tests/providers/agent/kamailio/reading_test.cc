#include "providers/agent/kamailio/reading.h"

#include <gtest/gtest.h>

#include "providers/agent/kamailio/hot.h"

// Kamailio's answers, word for word as 5.6.3 gives them.
namespace switchyard::kamailio {
namespace {

Json json(const char* text) {
  const Result<Json> parsed = parse_json(text);
  EXPECT_TRUE(parsed.ok());
  return parsed.ok() ? *parsed : Json();
}

TEST(Reading, DestinationsAreThoseThatWereWritten) {
  const Json answer = json(R"({"NRSETS":2,"RECORDS":[
    {"SET":{"ID":100,"TARGETS":[{"DEST":{"URI":"sip:127.66.9.50:5060","FLAGS":"AX","PRIORITY":0,
      "ATTRS":{"BODY":"rweight=1","DUID":null}}}]}},
    {"SET":{"ID":1,"TARGETS":[{"DEST":{"URI":"sip:127.66.9.3:5060","FLAGS":"DX","PRIORITY":0,"ATTRS":{"BODY":"duid=a;rweight=3"}}},
                              {"DEST":{"URI":"sip:127.66.9.2:5060","FLAGS":"IP","PRIORITY":0}}]}}]})");
  EXPECT_EQ(read_destinations(answer),
            hot_destinations("100 sip:127.66.9.50:5060 0 0 rweight=1\n1 sip:127.66.9.3:5060 4 0 duid=a;rweight=3\n"
                             "1 sip:127.66.9.2:5060 0 0\n"));
  EXPECT_EQ(to_string(describe_destinations(answer)),
            R"([{"for":"carrier","uri":"sip:127.66.9.50:5060","state":"active","set":100},)"
            R"({"for":"switch","uri":"sip:127.66.9.3:5060","state":"disabled","set":1},)"
            R"({"for":"switch","uri":"sip:127.66.9.2:5060","state":"inactive","set":1}])");
}

TEST(Reading, ARegistrationIsComparedByItsFingerprintAndShownWithoutIt) {
  const Json answer = json(R"([{"l_uuid":"acme","r_username":"u","r_domain":"sip.acme.example","realm":"",
    "auth_username":"u","auth_password":"p\"w","auth_ha1":"none","auth_proxy":"sip:sip.acme.example","flags":20}])");
  const Json wanted = json(R"({"acme":{"registrar":"sip.acme.example","username":"u","password":"p\"w"}})");
  EXPECT_EQ(read_registrations(answer), hot_registrations(wanted));
  EXPECT_EQ(to_string(describe_registrations(answer)),
            R"([{"carrier":"acme","registrar":"sip.acme.example","state":"registered"}])");
  EXPECT_EQ(to_string(read_registrations(answer)).find("p\\\"w"), std::string::npos);
}

TEST(Reading, WhatIsMissingIsUnknownAndNeverZero) {
  EXPECT_EQ(read_channels(Json()), std::nullopt);
  EXPECT_EQ(read_channels(json(R"({"starting":0,"ongoing":0})")), std::nullopt);
  EXPECT_EQ(read_channels(json(R"({"starting":1,"connecting":0,"answering":0,"ongoing":15,"all":16})")), 16);
  EXPECT_TRUE(read_fields(Json()).empty());
}

TEST(Reading, ALimitThatWasTurnedByHandIsSeen) {
  const Fields fields = read_fields(json(R"({"cps":7,"channels":900,"ping":0,"cluster_cps":0})"));
  EXPECT_EQ(*find_field(fields, "spec.cps"), Json(7));
  EXPECT_EQ(*find_field(fields, "spec.options.uacPing"), Json(false));
  EXPECT_EQ(find_field(fields, "cluster.limits.cps"), nullptr);
}

TEST(Reading, OddAnswersAreEmptyOnes) {
  for (const char* text :
       {"null", "[]", "{}", "7", "\"x\"", R"({"RECORDS":[{"SET":7}]})", R"([{"socket":3}])", "[[]]"}) {
    const Json answer = json(text);
    EXPECT_EQ(read_destinations(answer), Json(Json::Array{})) << text;
    EXPECT_EQ(describe_listeners(answer), Json(Json::Array{})) << text;
  }
}

}  // namespace
}  // namespace switchyard::kamailio
