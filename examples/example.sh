# What every example's run.sh stands on; to be sourced. It finds the program, goes to a scratch copy of the example, so
# that running it leaves no trace, and shows each command before what it prints.
# SWITCHYARD=PROGRAM names the program; KEEP=1 leaves the scratch folder and says where it is.
set -euo pipefail

example=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

if [[ -n ${SWITCHYARD:-} ]]; then
  program=$(realpath -- "$SWITCHYARD")
elif command -v switchyard >/dev/null; then
  program=$(command -v switchyard)
else
  program=$root/build/release/switchyard
fi
if [[ ! -x $program ]]; then
  echo "no program at \"$program\": build it with ./dev build, or name it with SWITCHYARD=PROGRAM" >&2
  exit 1
fi
unset SWITCHYARD_STATE  # the example has a state of its own

scratch=$(mktemp -d)
leave() {
  if [[ -n ${KEEP:-} ]]; then echo "kept: $scratch" >&2; else rm -rf "$scratch"; fi
}
trap leave EXIT
cp -r "$example/." "$scratch/"
cd "$scratch"
mkdir .switchyard  # the state and the embedded world lie here, whatever lies further up

switchyard() { "$program" "$@"; }

exec 3>&1
say() { printf '\n# %s\n' "$*"; }

# Shows a command, also where its own output goes elsewhere, and runs it. One that ends with another code than expected ends the example: expect CODE COMMAND...
expect() {
  local expected=$1 code=0
  shift
  printf '$ %s\n' "$*" >&3
  "$@" || code=$?
  if [[ $code -ne $expected ]]; then
    printf 'exit code %s, expected %s\n' "$code" "$expected" >&2
    exit 1
  fi
  [[ $code -eq 0 ]] || printf '(exit code %s)\n' "$code" >&3
}
run() { expect 0 "$@"; }
