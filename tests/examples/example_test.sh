#!/usr/bin/env bash
# Runs one example with a program and checks what it showed: example_test.sh FOLDER PROGRAM FACTS
# The example itself checks the exit code of each command. Each line of FACTS is text that the output holds somewhere after
# the text of the line before it; "not: text" is text that it holds nowhere; "again" looks from the beginning (what is
# independent has no order); "#" begins a remark.
set -euo pipefail
folder=$1 program=$2 facts=$3
output=$(SWITCHYARD=$program "$folder/run.sh" 2>&1) || {
  printf '%s\n' "$output"
  echo "the example failed" >&2
  exit 1
}

failures=0
checked=0
rest=$output
while IFS= read -r fact; do
  case $fact in
    '' | '#'*) continue ;;
    again) rest=$output; continue ;;
    'not: '*) [[ $output != *"${fact#not: }"* ]] || { echo "shown, although it must not be: ${fact#not: }"; failures=$((failures + 1)); } ;;
    *)
      if [[ $rest == *"$fact"* ]]; then
        rest=${rest#*"$fact"}
      else
        echo "not shown, or not in this order: $fact"
        failures=$((failures + 1))
      fi
      ;;
  esac
  checked=$((checked + 1))
done <"$facts"
if [[ $failures -gt 0 || $checked -eq 0 ]]; then
  printf '%s\n' "$output"
  echo "$failures of $checked facts do not hold" >&2
  exit 1
fi
