#!/usr/bin/env bash
# An agent stays small: PROGRAM links nothing of what only the reconciler needs, and has 20 MB for itself while a thousand
# strangers sit at its door. `small_test.sh PROGRAM` looks at what is linked, `small_test.sh PROGRAM --runs` at memory too.
set -euo pipefail
program=$1

if linked=$(ldd "$program" | grep -E 'cpprest|sqlite|yaml-cpp|boost'); then
  printf 'an agent links neither cpprestsdk nor SQLite nor yaml-cpp:\n%s\n' "$linked"
  exit 1
fi
# What is linked in statically has no line of its own there.
if names=$(nm -C "$program" 2>/dev/null | grep -E ' [TtWw] (sqlite3_|YAML::|web::http::|pplx::)' | head -5); then
  printf 'an agent holds code of what only the reconciler needs:\n%s\n' "$names"
  exit 1
fi
[[ ${2:-} == --runs ]] || exit 0

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
coproc agent { exec "$program" "$folder"; }
read -r port <&"${agent[0]}"
ulimit -n "$(ulimit -Hn)"
strangers=()
for ((i = 0; i < 1000; ++i)); do
  exec {stranger}<>"/dev/tcp/127.0.0.1/$port"
  strangers+=("$stranger")
done
kilobytes=$(awk '/^VmRSS:/ {print $2}' "/proc/$agent_PID/status")
printf 'an agent with %d strangers at its door: %d kB\n' "${#strangers[@]}" "$kilobytes"
# Sanitizers keep shadows of everything.
limit=20480
# Read to its end: a grep that has seen enough would end nm by SIGPIPE, and that counts as not found here.
if [[ $(nm "$program" | grep -c '__asan_init\|__tsan_init') -gt 0 ]]; then limit=409600; fi
[[ $kilobytes -le $limit ]]
