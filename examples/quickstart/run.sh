#!/usr/bin/env bash
# Brings up the fleet of fleet.yaml in a simulated world, from nothing to converged.
. "$(dirname "${BASH_SOURCE[0]}")/../example.sh"

say "What would change?"
run switchyard plan fleet.yaml

say "Change it. Deliveries take minutes; the embedded world does not make you wait for them."
run switchyard apply fleet.yaml --auto-approve

say "What is there now?"
run switchyard get servers

say "Nothing is left to do: with --detailed-exitcode an empty plan exits 0."
run switchyard plan fleet.yaml --detailed-exitcode
