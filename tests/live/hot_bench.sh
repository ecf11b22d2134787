#!/usr/bin/env bash
# From a changed YAML line to the option in force on 20 real switches, as their agents have read it back: the time of the
# whole `apply`. Then what the agents of that fleet take while nothing changes. hot_bench.sh PROGRAM [RUNS]
. "$(dirname "${BASH_SOURCE[0]}")/live.sh"
runs=${2:-7}

sed -i 's/replicas: 3/replicas: 20/; s/limits: {cps: 200, channels: 2000}/limits: {cps: 2000, channels: 10000}/' fleet.yaml
# 22 servers would need a deposit of 440.00 and more, by the default.
sed -i 's/  currency: USD/&\n  deposit: {base: "1.00", perServer: "1.00"}/' fleet.yaml
apply
expect_converged
times=()
for ((run = 1; run <= runs; ++run)); do
  sed -i "s/      cps: .*/      cps: $((50 + run))/" fleet.yaml
  from=$(date +%s%N)
  apply
  times+=($((($(date +%s%N) - from) / 1000000)))
  expect_converged
done
printf '%s\n' "${times[@]}" | sort -n | awk -v runs="$runs" '
  { time[NR] = $1 }
  END { printf "hot option on 20 real switches, apply start to exit: median %d ms (%d to %d, %d runs); budget 1000 ms\n", time[int((NR + 1) / 2)], time[1], time[NR], runs }'

# Resident kilobytes and ticks of processor time of each agent.
agents() {
  local pid
  for pid in $(fleet_processes | awk '/--folder/ {print $1}'); do
    awk -v pid="$pid" '{print pid, $14 + $15}' "/proc/$pid/stat"
    awk -v pid="$pid" '/^VmRSS/ {print pid, "kB", $2}' "/proc/$pid/status"
  done
}
quiet=30
before=$(agents)
sleep "$quiet"  # what is measured: a fleet at rest
agents | cat <(echo "$before") - | awk -v seconds="$quiet" -v tick="$(getconf CLK_TCK)" '
  $2 == "kB" { if ($3 > most) most = $3; next }
  $1 in first { ++agents; used = ($2 - first[$1]) / tick / seconds * 100; sum += used; if (used > worst) worst = used; next }
  { first[$1] = $2 }
  END {
    printf "memory of the largest of %d agents: %.1f MB resident; budget 20 MB\n", agents, most / 1024
    printf "processor time of an agent while nothing changes: %.3f%% of a core (largest %.3f%%); budget 0.2%%\n", sum / agents, worst
  }'
