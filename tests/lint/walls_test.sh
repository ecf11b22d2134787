#!/usr/bin/env bash
# Every wall falls over its breach: a tree with one breach of each kind, and one without any.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

tree() {
  rm -rf "$scratch/tree"
  mkdir -p "$scratch"/tree/{specs/base,state/sqlite,providers/http,reconciler/{core,cli},tests/lint,examples,.ci}
  cp "$here/walls.sh" "$scratch/tree/tests/lint/"
  echo '# Listed files.' >"$scratch/tree/tests/lint/long-files"
  printf '#pragma once\n#include "state/model/x.h"\n' >"$scratch/tree/reconciler/core/clean.h"
  echo '#include <yaml-cpp/yaml.h>' >"$scratch/tree/specs/document.cc"
}

failures=0
expect_clean() {
  tree
  "$scratch/tree/tests/lint/walls.sh" >"$scratch/out" || { failures=$((failures + 1)); echo "a clean tree has breaches:"; cat "$scratch/out"; }
}

# A file, its text, and the words that the breach has to be reported with.
expect_breach() {
  tree
  printf '%b\n' "$2" >"$scratch/tree/$1"
  if "$scratch/tree/tests/lint/walls.sh" >"$scratch/out" || ! grep -qF "$3" "$scratch/out" || ! grep -qF "$1" "$scratch/out"; then
    failures=$((failures + 1))
    echo "no breach \"$3\" is reported for $1:"
    cat "$scratch/out"
  fi
}

expect_clean
expect_breach state/a.cc '#include <yaml-cpp/yaml.h>' 'only specs/document.cc reads YAML'
expect_breach providers/a.cc '#include <sqlite3.h>' 'SQLite is reached through state/sqlite'
expect_breach reconciler/a.cc '#include <cpprest/json.h>' 'cpprestsdk is reached through providers/http'
expect_breach specs/base/a.cc '#include <nlohmann/json.hpp>' 'JSON is specs/base/json.h'
expect_breach providers/a.cc '#include <CLI/CLI.hpp>' 'parsed in reconciler/cli'
expect_breach providers/a.cc '#include <spdlog/spdlog.h>' 'logs are written in reconciler/cli'
expect_breach state/a.cc '#include <openssl/sha.h>' 'read in specs'
expect_breach state/a.cc '#include <xxhash.h>' 'specs/base/digest.h'
expect_breach specs/a.cc '#include "state/store.h"' 'downwards only'
expect_breach state/a.cc '#include "providers/provider.h"' 'downwards only'
expect_breach providers/a.cc '#include "reconciler/core/plan.h"' 'downwards only'
expect_breach reconciler/a.cc '#include "tests/support/x.h"' 'downwards only'
expect_breach reconciler/core/a.cc '#include "state/store.h"' 'the core includes only'
expect_breach reconciler/core/a.cc 'auto now = std::chrono::system_clock::now();' 'reads no clock'
expect_breach specs/a.h 'int a();' 'pragma once'
expect_breach tests/a.cc 'std::this_thread::sleep_for(1s);' 'never for time'
expect_breach state/a.cc '// TODO later' 'unfinished work'
expect_breach state/a.cc 'int a;  ' 'trailing space'
expect_breach state/a.cc "$(printf 'int a;\\n%.0s' {1..451})" 'split it by its nouns'
expect_breach tests/lint/long-files 'state/gone.cc one noun' 'is not there'
[[ $failures -eq 0 ]]
