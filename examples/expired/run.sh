#!/usr/bin/env bash
# An account that ran dry and is topped up again: what expired comes back before anything new is bought.
. "$(dirname "${BASH_SOURCE[0]}")/../example.sh"
world=.switchyard/sim-main.db

say "Three servers run until the money is gone."
run switchyard apply fleet.yaml --auto-approve
run switchyard sim ctl --world $world balance 0.10
run switchyard sim ctl --world $world advance 6h
run sed -i 's/replicas: 3/replicas: 4/' fleet.yaml

say "They expired. Without money for 72 hours none is reactivated, and the new one waits behind them: all are held (3)."
expect 3 switchyard plan fleet.yaml --detailed-exitcode

say "Topped up: first the three come back, then the fourth is bought."
run switchyard sim ctl --world $world balance 120.00
run switchyard plan fleet.yaml
run switchyard apply fleet.yaml --auto-approve
run switchyard get servers
run switchyard plan fleet.yaml --detailed-exitcode
