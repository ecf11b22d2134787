#!/usr/bin/env bash
# The walls of the design, and the habits that no other tool watches. Prints every breach as file:line: what, and exits 1.
# It reads the folders as they lie there, so that a file that git does not know yet is checked as well.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

mapfile -t code < <(find specs state providers reconciler tests -name '*.h' -o -name '*.cc' | LC_ALL=C sort)
breaches=0

# Prints what arrives as a breach, each line with what is wrong about it.
report() {
  local line
  while IFS= read -r line; do
    printf '%s   <- %s\n' "$line" "$1"
    breaches=$((breaches + 1))
  done
}

# Lines of the given files that match, as file:line:text. No match is no failure.
lines() {
  local pattern=$1
  shift
  [[ $# -eq 0 ]] || grep -HnE "$pattern" "$@" || [[ $? -eq 1 ]]
}

# A library is included by its adapter alone: header pattern, paths of the adapter, what to use instead.
wall() {
  report "$3" < <(lines "^ *# *include [<\"]($1)" "${code[@]}" | { grep -Ev "^($2)" || [[ $? -eq 1 ]]; })
}
wall 'yaml-cpp/' 'specs/document\.cc:' 'only specs/document.cc reads YAML'
wall 'sqlite3' 'state/sqlite/|tests/support/sim_disk\.cc:' 'SQLite is reached through state/sqlite; a disk under it for tests is tests/support/sim_disk'
wall 'cpprest/|pplx/' 'providers/http/' 'cpprestsdk is reached through providers/http'
wall 'nlohmann/' 'specs/base/json\.cc:' 'JSON is specs/base/json.h'
wall 'CLI/' 'reconciler/cli/' 'the command line is parsed in reconciler/cli'
wall 'spdlog/' 'reconciler/cli/|providers/agent/daemon/log\.cc:' 'logs are written in reconciler/cli, and by the agent; what lies below returns values'
wall 'openssl/' 'specs/|providers/http/(tls_verdict|tls_context|wire)\.cc:|providers/agent/(certificate|enrolment)\.cc:|tests/hostile/certificates\.cc:|tests/live/(phone|certificates)\.cc:|tests/providers/tls_client\.cc:' 'digests and certificates are read in specs; TLS is providers/http/tls.h, why it failed for the library providers/http/tls_verdict; certificates of the fleet are providers/agent/certificate.h, of the tests tests/hostile/certificates'
wall 'xxhash' 'specs/base/digest\.cc:' 'hashes are specs/base/digest.h'

# Includes never point upwards: folder, what it may not include.
below() {
  report "includes point downwards only: specs <- state <- providers <- reconciler" \
    < <(lines "^ *# *include \"($2)/" $(printf '%s\n' "${code[@]}" | grep "^$1/"))
}
below specs 'state|providers|reconciler|tests'
below state 'providers|reconciler|tests'
below providers 'reconciler|tests'
below reconciler 'tests'

# The core is pure: it knows the specs, the values of the state, and itself.
report "the core includes only specs/, state/model/ and reconciler/core/" \
  < <(lines '^ *# *include "' $(printf '%s\n' "${code[@]}" | grep '^reconciler/core/') |
    { grep -Ev ':#include "(specs|state/model|reconciler/core)/' || [[ $? -eq 1 ]]; })
report "the core reads no clock, starts no thread, draws no random number" \
  < <(lines 'system_clock|steady_clock|<thread>|<random>|<fstream>|<iostream>|getenv' $(printf '%s\n' "${code[@]}" | grep '^reconciler/core/'))

# One noun a file: most have far fewer lines; one beyond these limits is listed in tests/lint/long-files with the reason why it is one noun still.
for file in "${code[@]}"; do
  limit=450
  [[ $file != *.h ]] || limit=200
  length=$(wc -l <"$file")
  if [[ $length -gt $limit ]] && ! grep -q "^$file " tests/lint/long-files; then
    report "has $length lines, the limit is $limit: split it by its nouns" <<<"$file"
  fi
done
while read -r file _; do
  [[ -z $file || $file == '#' || -f $file ]] || report "is listed in tests/lint/long-files and is not there" <<<"$file"
done <tests/lint/long-files

report "begins without #pragma once" < <(for file in "${code[@]}"; do
  [[ $file != *.h ]] || grep -q '^#pragma once$' "$file" || echo "$file"
done)
# The bench measures time, and the crash tests kill at random moments of it.
report "tests wait for facts, never for time" < <(lines 'sleep_for|sleep_until|\<u?sleep\(' $(printf '%s\n' "${code[@]}" | grep '^tests/' | grep -Ev '^tests/(bench|crash)/'))
report "unfinished work is an issue, not a remark" < <(lines '\<(TODO|FIXME)\>' "${code[@]}")

# Golden files and fixtures hold what they hold; everything else ends its lines where they end.
mapfile -t texts < <(find specs state providers reconciler examples tests dev .ci README.md CMakeLists.txt -type f \
  \( -name '*.h' -o -name '*.cc' -o -name '*.md' -o -name '*.sh' -o -name '*.yaml' -o -name '*.txt' -o -name dev -o -name run \) \
  -not -path 'tests/golden/*' -not -path '*/fixtures/*' 2>/dev/null | LC_ALL=C sort)
report "trailing space" < <(lines '[[:blank:]]+$' "${texts[@]}")

if [[ $breaches -gt 0 ]]; then
  printf '%s breaches of the walls\n' "$breaches"
  exit 1
fi
