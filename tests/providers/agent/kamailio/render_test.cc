#include "providers/agent/kamailio/render.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/providers/agent/kamailio/small_configuration.h"
#include "tests/support/golden.h"

// What a configuration becomes, as files.
namespace switchyard {
namespace {

using kamailio::render;

std::string shown(const Result<Rendered>& rendered) {
  if (!rendered.ok()) return rendered.error().message;
  std::string text;
  for (const auto& [name, content] : rendered->files) {
    // Of a certificate's text there is nothing to see, and it is a secret.
    text += fmt::format("==== {}\n{}\n", name, name.ends_with(".pem") ? "(PEM)" : content);
  }
  text += "==== arguments\n";
  for (const std::string& argument : rendered->arguments) text += argument + "\n";
  text += "==== listens\n";
  for (const Listens& one : rendered->listens) {
    text += fmt::format("{} {}:{}\n", one.over == Listens::Over::kUdp ? "udp" : "tcp", one.address, one.port);
  }
  return text + "==== hot\n" + to_pretty_string(rendered->hot) + "\n";
}

std::string refusal(const Place& place, const Configuration& configuration) {
  const Result<Rendered> rendered = render(place, configuration, Traffic::kTaken);
  if (rendered.ok()) return "it was rendered";
  EXPECT_EQ(rendered.error().code, ErrorCode::kInvalid);
  return rendered.error().message;
}

TEST(Render, ASwitchWithEveryOption) {
  expect_golden("kamailio/switch.txt", shown(render(switch_place(), full_switch(), Traffic::kTaken)));
}

TEST(Render, ADispatcher) {
  expect_golden("kamailio/dispatcher.txt", shown(render(dispatcher_place(), full_dispatcher(), Traffic::kTaken)));
}

TEST(Render, TheSameConfigurationGivesTheSameBytes) {
  EXPECT_EQ(*render(switch_place(), full_switch(), Traffic::kTaken),
            *render(switch_place(), full_switch(), Traffic::kTaken));
}

TEST(Render, DrainedItComesUpDrainedAndNeedsNoRestartForIt) {
  const Result<Rendered> taken = render(switch_place(), full_switch(), Traffic::kTaken);
  const Result<Rendered> refused = render(switch_place(), full_switch(), Traffic::kRefused);
  EXPECT_NE(taken->files.at("kamailio.cfg").find("sw.drain = 0"), std::string::npos);
  EXPECT_NE(refused->files.at("kamailio.cfg").find("sw.drain = 1"), std::string::npos);
  EXPECT_EQ(taken->restart_key, refused->restart_key);
  EXPECT_EQ(taken->hot, refused->hot);
}

TEST(Render, TheSharesOfAClusterNeverAddUpToMoreThanItsLimit) {
  for (const std::int64_t limit : {1, 2, 10, 100, 200}) {
    std::int64_t sum = 0;
    const std::vector<std::string> names{"sw-a", "sw-b", "sw-c"};
    for (const std::string& name : names) {
      Place place = switch_place();
      place.name = name;
      Configuration wanted = full_switch();
      set_field(wanted.fields, "cluster.limits.cps", Json(limit));
      std::erase_if(wanted.peers, [](const Peer& peer) { return peer.purpose == Peer::For::kMember; });
      for (const std::string& other : names) {
        if (other != name) wanted.peers.push_back({Peer::For::kMember, other, "127.66.0.7", 1});
      }
      const Result<Rendered> rendered = render(place, wanted, Traffic::kTaken);
      ASSERT_TRUE(rendered.ok()) << rendered.error().message;
      sum += rendered->hot.integer_or("share_cps", -1);
    }
    EXPECT_EQ(sum, limit);
  }
}

TEST(Render, AMemberThatDoesNotKnowAllTakesTheSmallestShare) {
  Configuration wanted = full_switch();
  set_field(wanted.fields, "cluster.limits.cps", Json(11));
  std::erase_if(wanted.peers, [](const Peer& peer) { return peer.name == "sw-c"; });
  EXPECT_EQ(render(switch_place(), wanted, Traffic::kTaken)->hot.integer_or("share_cps", -1), 3);
}

TEST(Render, NoManagementIsReachedOverTheNetwork) {
  for (const auto& [place, wanted] :
       {std::pair(switch_place(), full_switch()), std::pair(dispatcher_place(), full_dispatcher())}) {
    const Result<Rendered> rendered = render(place, wanted, Traffic::kTaken);
    const std::string& text = rendered->files.at("kamailio.cfg");
    EXPECT_NE(text.find("modparam(\"jsonrpcs\", \"transport\", 4)"), std::string::npos);
    EXPECT_NE(text.find("modparam(\"jsonrpcs\", \"dgram_mode\", 0600)"), std::string::npos);
    for (const char* other : {"ctl.so", "xhttp_prom", "jsonrpc_dispatch", "xhttp_rpc", "127.0.0.1:"}) {
      EXPECT_EQ(text.find(other), std::string::npos) << other;
    }
  }
}

TEST(Render, APasswordStandsInOneFileAndNowhereElse) {
  Configuration wanted = full_switch();
  set_secret(wanted, "carriers.acme.registration.password", "correct-horse");
  const Result<Rendered> rendered = render(switch_place(), wanted, Traffic::kTaken);
  for (const auto& [name, text] : rendered->files) {
    EXPECT_EQ(text.find("correct-horse") != std::string::npos, name == "registrations.json") << name;
  }
  EXPECT_EQ(to_string(rendered->hot).find("correct-horse"), std::string::npos);
}

TEST(Refusal, WhatThePlatformCannotDo) {
  Configuration wanted = full_switch();
  set_field(wanted.fields, "spec.options.certificates", Json(Json::Array{}));
  EXPECT_EQ(refusal(switch_place(), wanted), "tls needs a certificate of type server to show");

  wanted = full_switch();
  set_secret(wanted, "certificates.main.key", "rubbish");
  EXPECT_EQ(refusal(switch_place(), wanted), "certificate main: there is no usable private key in PEM in its key");

  wanted = full_switch();
  set_field(wanted.fields, "carriers.acme.destinations",
            Json(Json::Array{Json::Object{{"uri", "sip:+44@gw.example"}}}));
  EXPECT_EQ(refusal(switch_place(), wanted),
            "carrier acme: a destination's URI names a user, but a call keeps the number that was dialled; leave out "
            "what stands before the \"@\"");

  wanted = full_switch();
  set_field(wanted.fields, "spec.options.ports.udp", Json(Json::Array{5062}));
  EXPECT_EQ(refusal(switch_place(), wanted), "port 5062 is that of the cluster's bus");

  wanted = full_switch();
  set_field(wanted.fields, "carriers.acme.registration.username", "u@acme.example");
  EXPECT_EQ(refusal(switch_place(), wanted), "the username of carrier acme cannot stand in a SIP URI");

  Place place = switch_place();
  place.role = Role::kMedia;
  EXPECT_EQ(refusal(place, full_switch()), "Kamailio is no media server");
}

}  // namespace
}  // namespace switchyard
