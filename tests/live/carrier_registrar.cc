#include "tests/live/carrier_registrar.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "providers/agent/daemon/probe.h"
#include "providers/agent/kamailio/rpc.h"

namespace switchyard::live {

CarrierRegistrar::CarrierRegistrar(Stand& stand, const std::string& username, const std::string& password)
    : address_(stand.address()), folder_(stand.folder() / "registrar") {
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ / "kamailio.cfg") << fmt::format(
      R"(#!KAMAILIO
log_stderror=yes
children=2
listen=udp:{0}:5060
listen=tcp:{0}:5060
loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "auth.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "dgram_socket", "rpc.sock")
request_route {{
	if (is_method("OPTIONS")) {{ sl_send_reply("200", "OK"); exit; }}
	if (!is_method("REGISTER")) {{ sl_send_reply("405", "No"); exit; }}
	if ($au != "{1}" || !pv_www_authenticate("carrier.example", "{2}", "0")) {{
		if ($au != $null) {{ xlog("L_ERR", "REFUSED $au\n"); }}
		www_challenge("carrier.example", "0");
		exit;
	}}
	save("location");
}}
)",
      address_, username, password);
  process_ = std::make_unique<Process>(
      std::vector<std::string>{"/usr/sbin/kamailio", "-DD", "-E", "-f", (folder_ / "kamailio.cfg").string(), "-m", "64",
                               "-M", "8", "-Y", folder_.string(), "-w", folder_.string()},
      folder_, folder_ / "log");
  const bool answers = comes_true([&] { return probe_sip(address_, 5060, std::chrono::milliseconds(300)).ok(); });
  EXPECT_TRUE(answers) << log();
}

std::int64_t CarrierRegistrar::contacts() {
  kamailio::Rpc rpc(folder_.string(), std::chrono::seconds(2));
  const Result<Json> said = rpc.call("stats.fetch", {"usrloc:"});
  if (!said.ok()) return -1;
  const std::string count = said->string_or("usrloc.location_contacts", "");
  return count.empty() ? -1 : std::atoll(count.c_str());
}

std::string CarrierRegistrar::log() const {
  std::ifstream file(folder_ / "log");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace switchyard::live
