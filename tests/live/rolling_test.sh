#!/usr/bin/env bash
# 40 calls a second through the dispatcher while every switch is restarted in turn, then the dispatcher's list changes,
# then every switch is upgraded: none fails. Once nobody speaks any more, autoUpgrade does the same. rolling_test.sh PROGRAM
. "$(dirname "${BASH_SOURCE[0]}")/live.sh"

# A Kamailio of this test's own, so that it can be upgraded.
cp /usr/sbin/kamailio "$scratch/kamailio"
export SWITCHYARD_KAMAILIO=$scratch/kamailio
apply
expect_converged
front=$(address_of front)
start_carrier "$carrier_address"
# More calls than the changes will take; they are told to stop when those are done.
start_callers "$caller_address" "$front" 40 100000 2000
within 20 made_at_least 80

say "a further port on every switch: restart"
before=$(for i in 1 2 3; do main_of "$(id_of "core-$i")"; done)
sed -i 's/    rtp: \[media\]/&\n    ports: {udp: [5080]}/' fleet.yaml
apply
expect_converged
after=$(for i in 1 2 3; do main_of "$(id_of "core-$i")"; done)
[[ -z $(comm -12 <(sort <<<"$before") <(sort <<<"$after")) ]] || fail "not every switch was restarted"

say "another weight and another algorithm: the dispatcher's list"
sed -i 's/algorithm: round-robin/algorithm: weight/' fleet.yaml
sed -i 's/      cps: 100$/&\n      weight: 3/' fleet.yaml
apply
expect_converged

say "upgrade of every switch: a newer build of Kamailio lies on the disk"
touch "$SWITCHYARD_KAMAILIO"
# Agents look at the disk once a minute, each in its own time.
pending() {
  apply
  local number
  for number in 1 2 3; do
    switchyard describe "server/core-$number" >"$scratch/describe.out"
    grep -q 'pending release' "$scratch/describe.out" || return 1
  done
}
within 120 pending || fail "not every switch reports a pending release"
switchyard action upgrade core-1 core-2 core-3 --reason "a newer build" >"$scratch/upgrade.out" 2>&1 || fail "not every switch was upgraded"
upgraded=$(for i in 1 2 3; do main_of "$(id_of "core-$i")"; done)
[[ -z $(comm -12 <(sort <<<"$after") <(sort <<<"$upgraded")) ]] || fail "not every switch was started anew"
expect_converged

within 60 made_at_least 1200
kill -USR1 "$callers"  # sipp: no new calls, and end when those under way have ended
wait "$callers" || :   # its exit code says nothing
callers=''
printf 'calls made: %s, completed: %s, failed: %s\n' "$(calls_made)" "$(calls_completed)" "$(calls_failed)"
[[ $(calls_failed) -eq 0 ]] || fail "calls failed"
[[ $(calls_completed) -eq $(calls_made) ]] || fail "calls were lost"

end_calls

say "autoUpgrade, once nobody speaks any more"
sed -i 's/    rtp: \[media\]/&\n    autoUpgrade: true/' fleet.yaml
apply
touch "$SWITCHYARD_KAMAILIO"
auto_upgraded() {
  apply
  [[ -z $(comm -12 <(sort <<<"$upgraded") <(for i in 1 2 3; do main_of "$(id_of "core-$i")"; done | sort)) ]]
}
within 120 auto_upgraded || fail "a switch was not upgraded by itself"
expect_converged

switchyard destroy fleet.yaml --auto-approve >"$scratch/destroy.out" 2>&1 || fail "destroy ended with an error"
expect_nothing_left
