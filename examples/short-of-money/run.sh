#!/usr/bin/env bash
# A balance that carries part of a fleet: what is affordable is deployed, the rest is held with the amount it lacks.
. "$(dirname "${BASH_SOURCE[0]}")/../example.sh"
world=.switchyard/sim-main.db

say "Five servers, and 177.40 USD left."
run switchyard apply fleet.yaml --auto-approve
run switchyard sim ctl --world $world balance 177.40

say "Nine are wanted. The next three need 120, 140 and 160; the fourth needs 180 and is 2.60 short: it is held."
run sed -i 's/replicas: 5/replicas: 9/' fleet.yaml
expect 2 switchyard plan fleet.yaml --detailed-exitcode
say "Applied: all that may be done is done, and exit code 3 says that something is held."
expect 3 switchyard apply fleet.yaml --auto-approve
run switchyard get servers
run switchyard why Server/lon-9

say "Topped up by 2.60, the fourth is deployed as well."
run switchyard sim ctl --world $world balance +2.60
run switchyard apply fleet.yaml --auto-approve
run switchyard plan fleet.yaml --detailed-exitcode
