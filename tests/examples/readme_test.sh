#!/usr/bin/env bash
# Follows a README as a stranger would, in a scratch folder: readme_test.sh README PROGRAM
#   <!-- file: NAME -->       before a block: the block is that file
#   <!-- run -->              before a ```sh block: its lines are run in order, each has to exit 0
#   <!-- run: exit N -->      the same; the block's last line has to exit N
#   <!-- prints -->           before a block: what the last run block printed holds these lines in this order; a line
#                             "..." stands for any number of lines
#   <!-- not run: REASON -->  before a ```sh block that cannot be run here
# A ```sh block without any of these fails the test: every command of a README is run.
set -euo pipefail
readme=$(realpath "$1")
program=$(realpath "$2")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/bin" "$scratch/work" "$scratch/work/.switchyard"
ln -s "$program" "$scratch/bin/switchyard"
printf '#!/bin/sh\nexec "%s/dev" "$@"\n' "$root" >"$scratch/work/dev"
chmod +x "$scratch/work/dev"
ln -s "$root/examples" "$scratch/work/examples"
export PATH=$scratch/bin:$PATH SWITCHYARD=$program
unset SWITCHYARD_STATE
cd "$scratch/work"

fail() {
  printf '%s:%s: %s\n' "$readme" "$1" "$2" >&2
  exit 1
}

printed=$scratch/printed
: >"$printed"
blocks_run=0

# Runs a block line by line (a line that ends in a backslash goes on): line number, exit code of the last, text.
run_block() {
  local line=$1 wanted=$2 command='' code last expected
  : >"$printed"
  last=$(grep -c '[^\]$' <<<"$3")
  local number=0
  while IFS= read -r part; do
    command+=$part
    if [[ $part == *\\ ]]; then command=${command%\\}; continue; fi
    [[ -n $command ]] || continue
    number=$((number + 1))
    code=0
    bash -c "$command" >>"$printed" 2>"$scratch/talk" </dev/null || code=$?
    expected=0
    [[ $number -ne $last ]] || expected=$wanted
    if [[ $code -ne $expected ]]; then
      cat "$printed" "$scratch/talk" >&2
      fail "$line" "\"$command\" exits $code, not $expected"
    fi
    command=''
  done <<<"$3"
  blocks_run=$((blocks_run + 1))
}

# Lines of the block in what was printed, in order; between two of them nothing, unless "..." stands there.
check_printed() {
  local line=$1
  if ! block=$2 awk '
    { have[NR] = $0 }
    END {
      wanted = split(ENVIRON["block"], want, "\n")
      if (want[wanted] == "") wanted--
      at = 1; gap = 1
      for (w = 1; w <= wanted; w++) {
        if (want[w] == "...") { gap = 1; continue }
        start = at
        while (at <= NR && have[at] != want[w] && gap) at++
        if (at > NR || have[at] != want[w]) {
          printf "not printed: %s\n", want[w] > "/dev/stderr"
          exit 1
        }
        at++; gap = 0
      }
    }' "$printed"; then
    echo "what was printed:" >&2
    cat "$printed" >&2
    fail "$line" "the block is not what the commands before it print"
  fi
}

marker='' block='' language='' start=0 number=0
while IFS= read -r text || [[ -n $text ]]; do
  number=$((number + 1))
  if [[ -n $language ]]; then
    if [[ $text != '```' ]]; then
      block+=$text$'\n'
      continue
    fi
    case $marker in
      'file: '*) mkdir -p "$(dirname "${marker#file: }")" && printf '%s' "$block" >"${marker#file: }" ;;
      run) run_block "$start" 0 "${block%$'\n'}" ;;
      'run: exit '*) run_block "$start" "${marker#run: exit }" "${block%$'\n'}" ;;
      prints) check_printed "$start" "$block" ;;
      'not run: '*) ;;
      *) [[ $language != sh ]] || fail "$start" "a block of commands that nothing runs: put <!-- run --> before it" ;;
    esac
    language='' marker='' block=''
  elif [[ $text == '```'* ]]; then
    language=${text#'```'}
    language=${language:-none}
    start=$number
  elif [[ $text =~ ^'<!-- '(.*)' -->'$ ]]; then
    marker=${BASH_REMATCH[1]}
  elif [[ -n $text ]]; then
    marker=''
  fi
done <"$readme"
[[ $blocks_run -gt 0 ]] || fail 1 "no command was run"
echo "$blocks_run blocks of commands do what $(basename "$readme") says"
