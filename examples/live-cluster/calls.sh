# Calls by sipp, for run.sh and for the tests of tests/live; to be sourced. Calls are counted from sipp's statistics: its
# exit code says nothing (SIPp/sipp#509).

# Waits until a command succeeds: within SECONDS COMMAND...
within() {
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    if ((SECONDS >= until)); then
      printf 'did not come true: %s\n' "$*" >&2
      return 1
    fi
    sleep 0.1
  done
}

listens() { # ADDRESS: whether anything has port 5060 of it open, over UDP
  local a b c d
  IFS=. read -r a b c d <<<"$1"
  grep -qi "$(printf '%02X%02X%02X%02X:13C4' "$d" "$c" "$b" "$a")" /proc/net/udp
}

# What answers the calls: carrier ADDRESS. Its process is $carrier.
start_carrier() {
  sipp -sf "$calls/carrier.xml" -i "$1" -mi "$1" -p 5060 -nostdin >"$scratch/carrier.log" 2>&1 &
  carrier=$!
  within 10 listens "$1"
}

# Who calls: start_callers FROM TO RATE CALLS MILLISECONDS. Its process is $callers.
start_callers() {
  rm -f "$scratch/callers.csv"
  sipp "$2:5060" -sf "$calls/caller.xml" -i "$1" -mi "$1" -p 5060 -r "$3" -m "$4" -d "$5" -s 4420 -l 100000 \
    -recv_timeout 30000 -nostdin -trace_stat -stf "$scratch/callers.csv" -fd 1 -trace_err \
    -error_file "$scratch/callers.errors" >"$scratch/callers.log" 2>&1 &
  callers=$!
}

# One number of sipp's newest line of statistics: count "TotalCallCreated".
count() {
  awk -F ';' -v name="$1" '
    NR == 1 { for (i = 1; i <= NF; ++i) if ($i == name) column = i; next }
    column && NF > column { value = $column }
    END { print value + 0 }' "$scratch/callers.csv" 2>/dev/null || echo 0
}
calls_made() { count TotalCallCreated; }
calls_failed() { count "FailedCall(C)"; }
calls_completed() { count "SuccessfulCall(C)"; }
made_at_least() { [[ $(calls_made) -ge $1 ]]; }
