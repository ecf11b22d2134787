#!/usr/bin/env bash
# The record is refused for each thing that may be wrong with it, and taken when nothing is; figures go from a campaign's
# words into the page.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

fail() { failures=$((failures + 1)); echo "$1"; cat "$scratch/out"; }

# A tree with a page of twelve laws and one bug, and a ctest that knows two tests.
tree() {
  rm -rf "$scratch/tree"
  mkdir -p "$scratch"/tree/{tests/trust,build,bin}
  cp "$here/trust.py" "$scratch/tree/tests/trust/"
  printf '#!/bin/sh\nprintf "  Test  #1: Suite.Holds\\n  Test #12: Of/Matrix.Survives/one\\n"\n' >"$scratch/tree/bin/ctest"
  chmod +x "$scratch/tree/bin/ctest"
  {
    for law in {1..12}; do printf '### %s. A law\n\n- `Suite.Holds`: see `some/page.md`\n\n' "$law"; done
    printf '## What was run\n\n<!-- figures: written by ./dev trust -->\n<!-- end of figures -->\n\n'
    printf '## Bugs that these found\n\n| bug | found by | now held by |\n|---|---|---|\n| a | b | `Of/Matrix.Survives/*` |\n'
  } >"$scratch/tree/tests/TRUST.md"
  git -C "$scratch/tree" init -q
  git -C "$scratch/tree" -c user.name=t -c user.email=t@example.net commit -q --allow-empty -m t
  trust write >/dev/null
}

trust() { PATH=$scratch/tree/bin:$PATH "$scratch/tree/tests/trust/trust.py" "$@"; }

expect_refused() {
  if trust check build >"$scratch/out" || ! grep -qF "$1" "$scratch/out"; then fail "not refused with \"$1\":"; fi
}
page=$scratch/tree/tests/TRUST.md

tree
trust check build >"$scratch/out" || fail "a sound record is refused:"

tree
sed -i '0,/Suite.Holds/s//Suite.Gone/' "$page"
expect_refused 'names the test Suite.Gone'
expect_refused 'there is none of that name'

tree
sed -i 's/Matrix.Survives/Matrix.Gone/' "$page"
expect_refused 'names the test Of/Matrix.Gone/*'

tree
sed -i '/^### 12/,/^- /d' "$page"
expect_refused 'law 12 has no test'

tree
sed -i '/^### 7/,/^$/{/^- /d}; /^### 7/{n;n;s/.*/none/}' "$page"
expect_refused 'law 7 has no test'

tree
printf '| another | b | nothing |\n' >>"$page"
expect_refused 'no test reproduces the bug in the row | another'

tree
sed -i 's/no run is on record/all is well/' "$page"
expect_refused 'the figures in TRUST.md are not those'

# A campaign's words become figures; what adds up is added up, what does not is the last run's.
tree
printf '3 seeds, 90 simulated days, 10.0 days a second\nasserted:\n     12 law 11: one writer\n' >"$scratch/tree/build/simulate.log"
printf 'all together: 7 of 9 points of 2 scenarios visited, 3.5 a second\n' >"$scratch/tree/build/crash.log"
trust note simulate "$scratch/tree/build/simulate.log"
trust note crash "$scratch/tree/build/crash.log"
trust write >"$scratch/out"
later=$(sed 's/"at": "[^"]*"/"at": "2099-01-01T00:00:00Z"/' "$scratch/tree/build/figures.jsonl")
printf '%s\n' "$later" >>"$scratch/tree/build/figures.jsonl"
trust write >"$scratch/out"
grep -qF '2 runs: 6 seeds, 180 simulated days (0.5 years)' "$page" || fail "seeds do not add up:"
grep -qF '| 7 of 9 points of 2 scenarios visited, 3.5 a second |' "$page" || fail "points are not those of the last run:"
grep -qF '| law 11: one writer | 24 |' "$page" || fail "what was asserted does not add up:"
trust check build >"$scratch/out" || fail "figures that were written are refused:"
trust write >/dev/null
grep -qF '2 runs: 6 seeds' "$page" || fail "a line was taken over twice:"

if trust note crash "$scratch/tree/build/simulate.log" 2>"$scratch/out" || ! grep -q 'no line of figures' "$scratch/out"; then
  fail "a log without figures is noted:"
fi

[[ $failures -eq 0 ]] || { echo "$failures failures"; exit 1; }
echo "a wrong record is refused, a right one is not"
