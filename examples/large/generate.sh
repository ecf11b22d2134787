#!/usr/bin/env bash
# Writes a fleet of N servers as N Server documents over M files: generate.sh N M FOLDER
# Every hundredth server is a dispatcher; switches are members of clusters of up to 50 that share nothing; the zones
# take turns.
set -euo pipefail
if [[ $# -ne 3 || ! $1 =~ ^[1-9][0-9]*$ || ! $2 =~ ^[1-9][0-9]*$ ]]; then
  echo "usage: generate.sh SERVERS FILES FOLDER" >&2
  exit 1
fi
mkdir -p "$3"
awk -v servers="$1" -v files="$2" -v folder="$3" '
function document(file, kind, name, spec) {
  printf "---\napiVersion: switchyard/v1\nkind: %s\nmetadata:\n  name: %s\n%s", kind, name, spec > file
}
BEGIN {
  regions = split("lon1 fra1 ams1 nyc1 sfo1 sgp1 blr1 syd1", region, " ")
  base = folder "/base.yaml"
  # No deposit: an account of this size is post-paid in all but name, and money is what the other examples show.
  document(base, "Account", "main", "spec:\n  provider: sim\n  currency: USD\n" \
    "  deposit: {base: \"0.00\", perServer: \"0.00\"}\n  limits: {concurrency: 64, maxDestroy: \"10%\"}\n")
  for (z = 1; z <= regions; z++) document(base, "Zone", region[z], "spec:\n  account: main\n  region: " region[z] "\n")
  switches_a_cluster = 50
  clusters = int((servers + switches_a_cluster - 1) / switches_a_cluster)
  for (c = 1; c <= clusters; c++)
    document(base, "Cluster", "core-" c, "spec:\n  share: {dialogs: false, throughput: false, locations: false}\n" \
      "  rollout: {maxUnavailable: 2}\n  defaults: {uacPing: true}\n")
  close(base)

  per_file = int((servers + files - 1) / files)
  for (n = 1; n <= servers; n++) {
    number = int((n - 1) / per_file) + 1
    if (number != last) {
      if (last) close(file)
      file = sprintf("%s/servers-%05d.yaml", folder, number)
      last = number
    }
    cluster = "core-" (int((n - 1) / switches_a_cluster) + 1)
    common = "  labels:\n    tier: t" (n % 3) "\nspec:\n  zone: " region[(n - 1) % regions + 1] \
      "\n  size: s-2vcpu-4gb\n  channels: 500\n  cps: 50\n"
    if (n % 100 == 0)
      document(file, "Server", "front-" n, common "  type: dispatcher\n  balancer: {algorithm: weight, cluster: " cluster "}\n")
    else
      document(file, "Server", "sw-" n, common "  type: switch\n  alias: Switch " n "\n  cluster: " cluster \
        "\n  weight: " (n % 4 + 1) "\n  priority: " (n % 10) "\n  options:\n    fqdn: sw-" n ".example.net\n" \
        "    ports: {udp: [5080, 5090], tcp: [5080]}\n    uacAuth: false\n" \
        "    sipTrace: {transport: udp, collector: \"10.0.0.9:9060\"}\n    autoUpgrade: true\n    dataZone: eu\n")
  }
}'
