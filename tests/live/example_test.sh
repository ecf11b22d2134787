#!/usr/bin/env bash
# Runs examples/live-cluster with a program and checks what it showed. example_test.sh PROGRAM
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
missing=()
for needed in kamailio rtpengine sipp; do command -v "$needed" >/dev/null || missing+=("$needed"); done
if [[ ${#missing[@]} -gt 0 ]]; then
  echo "SKIPPED: this example needs real SIP servers, and ${missing[*]} is not installed; ./dev test installs it as root" >&2
  exit 77
fi
exec "$here/../examples/example_test.sh" "$here/../../examples/live-cluster" "${1:?the program}" "$here/../examples/live-cluster.facts"
