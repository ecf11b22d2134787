#!/usr/bin/env bash
# Changes of every effect on a cluster that carries calls: one member at a time, drained first, and no call is cut.
. "$(dirname "${BASH_SOURCE[0]}")/../example.sh"
world=.switchyard/sim-main.db

# The fleet as it is declared is one file: fleet/fleet.yaml. Removal is planned only for what came from the given path.
mkdir fleet
say "The cluster as it is, with calls on it."
run cp before/fleet.yaml fleet/
run switchyard apply fleet --auto-approve
run switchyard sim ctl --world $world calls b-restart 12 --for 3m
run switchyard sim ctl --world $world calls e-replace 40 --for 30m

say "Changes of every effect: live, restart, reboot, a resize, replace, and a member that goes as one comes."
run cp after/fleet.yaml fleet/
expect 2 switchyard plan fleet --detailed-exitcode

say "Carried out: whoever has calls is drained, and they end by themselves before it is touched."
run switchyard apply fleet --auto-approve
run switchyard get servers
run switchyard events --resource Server/e-replace
run switchyard plan fleet --detailed-exitcode
