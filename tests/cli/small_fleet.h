#pragma once

#include <string>

// Fleets in the language of the user, for tests that run the program.
namespace switchyard {

inline std::string account_and_zone() {
  return "apiVersion: switchyard/v1\n"
         "kind: Account\n"
         "metadata: {name: main}\n"
         "spec: {provider: sim, currency: USD}\n"
         "---\n"
         "apiVersion: switchyard/v1\n"
         "kind: Zone\n"
         "metadata: {name: london}\n"
         "spec: {account: main, region: lon1}\n";
}

inline std::string server(const std::string& name, const std::string& more = "channels: 500, cps: 50") {
  return "---\n"
         "apiVersion: switchyard/v1\n"
         "kind: Server\n"
         "metadata: {name: " +
         name +
         "}\n"
         "spec: {zone: london, type: switch, size: s-1vcpu-2gb, " +
         more + "}\n";
}

// Members Server/lon-1 ... Server/lon-N.
inline std::string server_set(int replicas) {
  return "---\n"
         "apiVersion: switchyard/v1\n"
         "kind: ServerSet\n"
         "metadata: {name: lon}\n"
         "spec:\n"
         "  replicas: " +
         std::to_string(replicas) +
         "\n"
         "  zones: [london]\n"
         "  template:\n"
         "    spec: {type: switch, size: s-1vcpu-2gb, channels: 100, cps: 10}\n";
}

inline const std::string kWorld = ".switchyard/sim-main.db";

}  // namespace switchyard
