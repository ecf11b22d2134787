#!/usr/bin/env bash
# kill -9 of an agent, a main process, a worker, the reconciler, everything: back to the desired fleet without a person,
# with no orphan; and destroy leaves nothing. kill_test.sh PROGRAM
. "$(dirname "${BASH_SOURCE[0]}")/live.sh"

call_through() { # N calls, each of them answered
  start_callers "$caller_address" "$front" 20 "$1" 200
  wait "$callers" || :  # its exit code says nothing
  callers=''
  [[ $(calls_completed) -eq $1 && $(calls_failed) -eq 0 ]] || fail "$2: of $1 calls $(calls_completed) completed, $(calls_failed) failed"
}
gone() { [[ ! -e /proc/$1 ]]; }
new_main() { local now; now=$(main_of "$1"); [[ -n $now && $now != "$2" ]]; }
servers() { switchyard sim ctl --world .switchyard/local-main.db dump | grep -c '^  local-'; }

say "apply, killed at moments of its creates"
for moment in 0.2 0.5 1.0 1.6; do
  "$program" apply fleet.yaml --auto-approve >"$scratch/killed.out" 2>&1 &  # not the function: its pid would be a shell's
  apply_pid=$!
  sleep "$moment"  # a moment of a run, not a fact to wait for
  kill -9 "$apply_pid" 2>/dev/null || :
  wait "$apply_pid" 2>/dev/null || :
  kill_fleet
done
apply
expect_converged
[[ $(servers) -eq 5 ]] || fail "there are $(servers) servers, not 5"
front=$(address_of front)
start_carrier "$carrier_address"
call_through 40 "after the killed applies"

core=$(id_of core-1)
say "an agent"
agent=$(agent_of "$core") main=$(main_of "$core")
kill -9 "$agent"
within 5 gone "$agent"
apply
expect_converged
[[ $(main_of "$core") == "$main" ]] || fail "the agent did not find its SIP process again"
call_through 40 "after the death of an agent"

say "a main process: its workers are orphans that hold the ports, until the agent ends them and starts anew"
kill -9 "$main"
within 30 new_main "$core" "$main"
apply
expect_converged
call_through 40 "after the death of a main process"

say "a worker"
main=$(main_of "$core")
kill -9 "$(worker_of "$core")"
within 30 new_main "$core" "$main"
apply
expect_converged
call_through 40 "after the death of a worker"

say "an agent and its main process"
main=$(main_of "$core")
kill -9 "$(agent_of "$core")" "$main"
apply
within 30 new_main "$core" "$main"
expect_converged
call_through 40 "after the death of an agent and its main process"

say "everything"
kill_fleet
apply
expect_converged
[[ $(servers) -eq 5 ]] || fail "there are $(servers) servers, not 5"
call_through 40 "after the death of everything"

say "everything, in the middle of a change"
# How many calls are up is unknown after the end of everything, for as long as one of them may last.
cutting=(--reason "everything was killed")
for number in 1 2 3; do cutting+=(--allow-disruption "Server/core-$number"); done
sed -i 's/    rtp: \[media\]/&\n    ports: {udp: [5080]}/' fleet.yaml
"$program" apply fleet.yaml --auto-approve "${cutting[@]}" >"$scratch/killed.out" 2>&1 &  # not the function: its pid would be a shell's
apply_pid=$!
changing() { grep -qs 'update Server/core-. started' "$scratch/killed.out"; }
within 20 changing
kill -9 "$apply_pid" 2>/dev/null || :
wait "$apply_pid" 2>/dev/null || :
kill_fleet
apply "${cutting[@]}"
expect_converged
call_through 40 "after the death of everything in the middle of a change"

say "everything, and then destroy"
end_calls
kill_fleet
cutting+=(--allow-disruption Server/front --allow-disruption RtpServer/media)
switchyard destroy fleet.yaml --auto-approve "${cutting[@]}" >"$scratch/destroy.out" 2>&1 || {
  cat "$scratch/destroy.out" >&2
  fail "destroy ended with an error"
}
expect_nothing_left
