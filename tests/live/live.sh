# What the live tests stand on; to be sourced: a fleet of real SIP servers in a scratch folder and in a network of its own,
# ended with the test, whatever came of it. Usage of each test: NAME_test.sh PROGRAM
# Exit code 77: skipped, because a package is missing.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=$(realpath -- "${1:?the program}")
calls=$root/examples/live-cluster

missing=()
for needed in kamailio rtpengine sipp; do command -v "$needed" >/dev/null || missing+=("$needed"); done
if [[ ${#missing[@]} -gt 0 ]]; then
  echo "SKIPPED: this test needs real SIP servers, and ${missing[*]} is not installed; ./dev test installs it as root" >&2
  exit 77
fi

# A third octet that nobody uses: tests run beside each other, and others' fleets stand on the same machine.
free_network() {
  local third hex
  for third in $(shuf -i 20-250); do
    hex=$(printf '%02X427F:' "$third")
    grep -qi "[0-9A-F][0-9A-F]$hex" /proc/net/udp /proc/net/tcp || { echo "$third"; return; }
  done
  echo "no free network in 127.66.0.0/16" >&2
  return 1
}
third=$(free_network)
export SWITCHYARD_LOCAL_NETWORK=127.66.$third.0/24
carrier_address=127.66.$third.251 caller_address=127.66.$third.252

scratch=$(mktemp -d)
mkdir "$scratch/.switchyard"
sed "s/127\.66\.255\.1/$carrier_address/" "$calls/fleet.yaml" >"$scratch/fleet.yaml"
unset SWITCHYARD_STATE
cd "$scratch"
. "$calls/calls.sh"

switchyard() { "$program" "$@"; }
say() { printf '== %s\n' "$*" >&2; }
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# Processes of the fleet, or of one server of it (its id): pid and command.
fleet_processes() {
  local environ pid folder=$scratch/.switchyard/local-main/
  if [[ $# -gt 0 ]]; then folder+="$1\$"; fi
  for environ in $(grep -lsz "^SWITCHYARD_SERVER=$folder" /proc/[0-9]*/environ || :); do
    pid=${environ#/proc/}
    pid=${pid%/environ}
    printf '%s %s\n' "$pid" "$({ tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null || :)"
  done
}
agent_of() { fleet_processes "$1" | awk '/--folder/ {print $1; exit}'; }
# The main process is the one whose parent is none of its own kind; it was started first.
sip_of() { fleet_processes "$1" | awk '!/--folder/ {print $1}' | sort -n; }
main_of() {
  local pid parent
  for pid in $(sip_of "$1"); do
    parent=$(awk '/^PPid:/ {print $2}' "/proc/$pid/status" 2>/dev/null) || continue
    sip_of "$1" | grep -qx "$parent" || { echo "$pid"; return; }
  done
}
worker_of() { sip_of "$1" | grep -vx "$(main_of "$1")" | tail -n 1; }
kill_fleet() { fleet_processes | awk '{print $1}' | xargs -r kill -9 2>/dev/null || :; }

address_of() { switchyard get servers | awk -v name="$1" '$1 == name {print $2}'; }
id_of() { switchyard sim ctl --world .switchyard/local-main.db dump | awk -v name="$1" '$2 == name {print $1}'; }

apply() { switchyard apply fleet.yaml --auto-approve "$@" >"$scratch/apply.out" 2>&1 || { cat "$scratch/apply.out" >&2; fail "apply $* ended with an error"; }; }
converged() { switchyard plan fleet.yaml --detailed-exitcode >"$scratch/plan.out" 2>&1; }
expect_converged() { within 30 converged || { cat "$scratch/plan.out" >&2; fail "it does not converge"; }; }

nothing_is_left() {
  [[ -z $(fleet_processes) ]] || { fleet_processes >&2; return 1; }
  [[ ! -e .switchyard/local-main ]] || { find .switchyard/local-main >&2; return 1; }
  ! grep -rqs "$scratch/" /tmp/switchyard-addresses || { grep -rs "$scratch/" /tmp/switchyard-addresses >&2; return 1; }
}
expect_nothing_left() { nothing_is_left || fail "something of the fleet is left behind"; }

carrier='' callers=''
end_calls() {
  local process
  for process in $callers $carrier; do
    kill "$process" 2>/dev/null || :
    wait "$process" 2>/dev/null || :
  done
  callers='' carrier=''
}
end_test() {
  local code=$?
  trap - EXIT
  end_calls
  if [[ $code -ne 0 ]]; then
    for log in "$scratch"/*.out "$scratch"/callers.errors "$scratch"/.switchyard/local-main/*/*.log; do
      [[ -s $log ]] || continue
      printf -- '-- %s\n' "$log" >&2
      tail -n 30 "$log" >&2
    done
  fi
  switchyard destroy fleet.yaml --auto-approve >/dev/null 2>&1 || :  # what is left of it is ended next
  kill_fleet
  if [[ -n ${KEEP:-} ]]; then echo "kept: $scratch" >&2; else rm -rf "$scratch"; fi
  exit "$code"
}
trap end_test EXIT
trap 'exit 1' INT TERM
