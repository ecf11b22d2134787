#include <gtest/gtest.h>

#include "providers/agent/kamailio/render.h"
#include "tests/providers/agent/kamailio/small_configuration.h"

// No field's text breaks out of the files that it goes into, whoever let it through before.
namespace switchyard {
namespace {

using kamailio::render;

constexpr const char* kHostile[] = {"x\"\nloadmodule \"exec.so\"\n#",
                                    "x\" desc \"\"\nlisten=tcp:0.0.0.0:9",
                                    "#!define WITH_TLS",
                                    "#!include_file \"/etc/passwd\"",
                                    "a\\",
                                    "a\nb",
                                    "a\rb",
                                    "a b",
                                    "$var(x)",
                                    "$shv(x)",
                                    "@cfg_get.sw.cps",
                                    "a'b\"c",
                                    "{s.int}",
                                    "/* x",
                                    "x;y|z`id`",
                                    "\t"};

// Words that stand for something of ours in the files and never came from a value.
void expect_intact(const Result<Rendered>& rendered, const Rendered& good, const std::string& hostile) {
  if (!rendered.ok()) {
    EXPECT_EQ(rendered.error().code, ErrorCode::kInvalid);
    EXPECT_EQ(rendered.error().message.find(hostile), std::string::npos) << "an error does not carry it on";
    return;
  }
  for (const auto& [name, text] : rendered->files) {
    if (name == "registrations.json") {
      EXPECT_TRUE(parse_json(text).ok());
      continue;
    }
    EXPECT_EQ(text, good.files.at(name)) << name << " holds a hostile text";
  }
}

class Injection : public ::testing::TestWithParam<const char*> {};

TEST_P(Injection, IsRefusedOrStaysOutOfKamailiosFiles) {
  const Result<Rendered> good = render(switch_place(), full_switch(), Traffic::kTaken);
  ASSERT_TRUE(good.ok()) << good.error().message;
  for (const std::string text : kHostile) {
    Configuration wanted = full_switch();
    set_field(wanted.fields, GetParam(), Json(text));
    expect_intact(render(switch_place(), wanted, Traffic::kTaken), *good, text);
  }
}

INSTANTIATE_TEST_SUITE_P(Fields, Injection,
                         ::testing::Values("spec.options.fqdn", "spec.options.sipTrace.collector",
                                           "spec.options.dataZone", "spec.balancer.algorithm", "spec.alias",
                                           "metadata.labels.x", "carriers.acme.registration.registrar",
                                           "carriers.acme.registration.username",
                                           "carriers.acme.registration.registerOn"));

TEST(InjectionOfLists, IsRefused) {
  const Result<Rendered> good = render(switch_place(), full_switch(), Traffic::kTaken);
  for (const std::string text : kHostile) {
    const std::vector<std::pair<std::string, Json>> changes{
        {"spec.options.carriers", Json(Json::Array{text})},
        {"spec.options.certificates", Json(Json::Array{Json::Object{{"name", text}, {"type", "server"}}})},
        {"spec.options.certificates",
         Json(Json::Array{Json::Object{{"name", "main"}, {"type", "server"}, {"domains", Json(Json::Array{text})}}})},
        {"carriers.acme.destinations", Json(Json::Array{Json::Object{{"uri", "sip:" + text}, {"weight", 1}}})},
        {"carriers.acme.destinations", Json(Json::Array{Json::Object{{"uri", "sip:gw.example;x=" + text}}})},
        {"spec.options.ports.udp", Json(Json::Array{text})}};
    for (const auto& [path, value] : changes) {
      Configuration wanted = full_switch();
      set_field(wanted.fields, path, value);
      const Result<Rendered> rendered = render(switch_place(), wanted, Traffic::kTaken);
      ASSERT_FALSE(rendered.ok()) << path << " took " << text;
      EXPECT_EQ(rendered.error().code, ErrorCode::kInvalid);
    }
  }
}

TEST(InjectionOfPeers, IsRefused) {
  for (const std::string text : kHostile) {
    for (const Peer::For purpose :
         {Peer::For::kMedia, Peer::For::kMember, Peer::For::kFailover, Peer::For::kDispatcher}) {
      Configuration wanted = full_switch();
      wanted.peers.push_back({purpose, "zz", text, 1});
      EXPECT_FALSE(render(switch_place(), wanted, Traffic::kTaken).ok()) << text;
      wanted.peers.back() = {purpose, text, "127.66.0.77", 1};
      EXPECT_FALSE(render(switch_place(), wanted, Traffic::kTaken).ok()) << text;
    }
    Place place = switch_place();
    place.name = text;
    EXPECT_FALSE(render(place, full_switch(), Traffic::kTaken).ok()) << text;
    place = switch_place();
    place.folder = "/srv/" + text;
    const Result<Rendered> rendered = render(place, full_switch(), Traffic::kTaken);
    EXPECT_FALSE(rendered.ok()) << text;
  }
}

TEST(InjectionOfSecrets, StaysInItsFile) {
  const Result<Rendered> good = render(switch_place(), full_switch(), Traffic::kTaken);
  for (const std::string text : kHostile) {
    Configuration wanted = full_switch();
    set_secret(wanted, "carriers.acme.registration.password", text);
    expect_intact(render(switch_place(), wanted, Traffic::kTaken), *good, text);
  }
}

}  // namespace
}  // namespace switchyard
