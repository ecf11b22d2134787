#!/usr/bin/env bash
# A generated fleet: run.sh [SERVERS [FILES]], 200 in 20 unless told otherwise.
. "$(dirname "${BASH_SOURCE[0]}")/../example.sh"
servers=${1:-200}
files=${2:-20}

say "$servers servers in $files files."
run ./generate.sh "$servers" "$files" fleet
run switchyard validate fleet

say "From nothing to converged."
run switchyard sim ctl --world .switchyard/sim-main.db balance 90000000.00
run switchyard apply fleet --auto-approve 2>&1 | tail -n 3

say "A second plan is empty; what the files decoded to is remembered by the hash of their bytes."
TIMEFORMAT="(%R s)"
time run switchyard plan fleet --detailed-exitcode
