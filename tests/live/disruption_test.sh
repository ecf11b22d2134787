#!/usr/bin/env bash
# A switch is stopped under 40 calls a second: drained first, as always, no call fails; with leave to cut calls, those that
# it carries do. So a test that finds no failed call has looked. disruption_test.sh PROGRAM
. "$(dirname "${BASH_SOURCE[0]}")/live.sh"

apply
expect_converged
start_carrier "$carrier_address"
front=$(address_of front)
stop_under_calls() { # SERVER and options: it is stopped in the middle of 600 calls
  start_callers "$caller_address" "$front" 40 600 2000
  within 20 made_at_least 80
  switchyard action stop "$@" --reason "to see what becomes of its calls" >"$scratch/stop.out" 2>&1 || fail "$1 was not stopped"
  wait "$callers" || :  # its exit code says nothing
  callers=''
  printf 'calls made: %s, completed: %s, failed: %s\n' "$(calls_made)" "$(calls_completed)" "$(calls_failed)"
  [[ $(calls_made) -eq 600 ]] || fail "not all calls were made"
}

say "core-1 is drained and stopped"
stop_under_calls core-1
[[ $(calls_failed) -eq 0 ]] || fail "calls failed"
switchyard action start core-1 --reason "it was seen" >"$scratch/start.out" 2>&1 || fail "core-1 was not started"
expect_converged

say "core-2 is stopped with leave to cut its calls"
stop_under_calls core-2 --allow-disruption server/core-2
[[ $(calls_failed) -gt 0 ]] || fail "no call failed, although a switch was stopped under its calls"
switchyard action start core-2 --reason "it was seen" >"$scratch/start.out" 2>&1 || fail "core-2 was not started"
expect_converged
