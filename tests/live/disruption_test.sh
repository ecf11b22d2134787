#!/usr/bin/env bash
# The same change as in rolling_test.sh, with leave to cut calls: some do fail, so that a test that finds none has looked.
# disruption_test.sh PROGRAM
. "$(dirname "${BASH_SOURCE[0]}")/live.sh"

apply
expect_converged
start_carrier "$carrier_address"
start_callers "$caller_address" "$(address_of front)" 40 1200 2000
within 20 made_at_least 80
sed -i 's/    rtp: \[media\]/&\n    ports: {udp: [5080]}/' fleet.yaml
apply --allow-disruption Server/core-1 --allow-disruption Server/core-2 --allow-disruption Server/core-3 --reason "to see calls fail"
wait "$callers" || :  # its exit code says nothing
callers=''
printf 'calls made: %s, completed: %s, failed: %s\n' "$(calls_made)" "$(calls_completed)" "$(calls_failed)"
[[ $(calls_made) -eq 1200 ]] || fail "not all calls were made"
[[ $(calls_failed) -gt 0 ]] || fail "no call failed, although all switches were restarted at once"
expect_converged
