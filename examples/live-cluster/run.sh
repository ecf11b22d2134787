#!/usr/bin/env bash
# Brings up real SIP servers on this machine, calls through them, and changes all of them meanwhile.
. "$(dirname "${BASH_SOURCE[0]}")/../example.sh"
calls=$scratch
. ./calls.sh

missing=()
for needed in kamailio rtpengine sipp; do command -v "$needed" >/dev/null || missing+=("$needed"); done
if [[ ${#missing[@]} -gt 0 ]]; then
  echo "this example needs ${missing[*]}: ./dev demo live installs them" >&2
  exit 1
fi

callers='' carrier=''
end_all() {
  local code=$?
  trap - EXIT
  for process in $callers $carrier; do
    kill "$process" 2>/dev/null || :
    wait "$process" 2>/dev/null || :
  done
  # Also where something went wrong, nothing is to be left.
  switchyard destroy fleet.yaml --auto-approve >/dev/null 2>&1 || echo "could not remove everything; look in $scratch" >&2
  leave
  exit "$code"
}
trap end_all EXIT

say "What would change?"
run switchyard plan fleet.yaml

say "Change it: an agent and a SIP process for each server, on an address of its own."
run switchyard apply fleet.yaml --auto-approve
run switchyard get servers
front=$(switchyard get servers | awk '$1 == "front" {print $2}')

say "Call: 40 new calls a second through the dispatcher at $front, two seconds each."
start_carrier 127.66.255.1
start_callers 127.66.255.2 "$front" 40 "${CALLS:-1600}" 2000
run within 20 made_at_least 80

say "Meanwhile every switch gets a further port: each is drained, restarted, and takes calls again, one after the other."
run sed -i 's/    rtp: \[media\]/&\n    ports: {udp: [5080]}/' fleet.yaml
run switchyard apply fleet.yaml --auto-approve

say "And what came of the calls?"
wait "$callers" || :  # its exit code says nothing; its statistics do
callers=''
made=$(calls_made) failed=$(calls_failed) completed=$(calls_completed)
echo "calls made: $made, completed: $completed, failed: $failed"
[[ $made -gt 0 && $failed -eq 0 && $completed -eq $made ]] || exit 1

say "Nothing is left to do."
run switchyard plan fleet.yaml --detailed-exitcode

say "Remove it all: no process, no file and no address is left behind."
run switchyard destroy fleet.yaml --auto-approve
[[ ! -e .switchyard/local-main ]]
