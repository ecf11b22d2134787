#!/usr/bin/env python3
"""Breaks the pure core on purpose and counts how many of the breaks the tests notice.

Every mutant is a small change of meaning in one place: a condition turned round, a comparison that takes or leaves its
border, a statement dropped, a number off by one. All of them are compiled into one copy of the tree behind
`mutation::on(N)` (mutant.h); a run of the tests with MUTANT=N in the environment has that one alive.

A mutant that no test kills is a survivor. Those that were looked at, and found to change nothing that anybody could see,
stand in looked_at.txt with the reason; the others are printed, and the exit code is 1.
"""

import argparse
import concurrent.futures
import os
import random
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
FILES = ["reconciler/core/%s.cc" % name for name in
         "compare decide diff fleet_index gates money order peers plan relate".split()]
# The tests of the core, the quick ones first; a mutant is dead with the first failure.
STAGES = [
    ("reconciler_tests", "Core.*:Gates.*:Money.*:Order.*:Selection.*:Identity.*:PlanFile.*"),
    ("reconciler_tests", "Law*"),
    ("reconciler_tests", "Engine.*:Convergence.*"),
]
SECONDS = 120  # a mutant that makes a stage run this long is dead


def mask(text):
    """The text with comments and literals blanked out, of the same length."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.S)
    return pattern.sub(lambda found: re.sub(r"[^\n]", "\x01", found.group()), text)


def close_of(masked, at):
    """Where the bracket that opens at `at` closes."""
    depth = 0
    for i in range(at, len(masked)):
        if masked[i] in "([{":
            depth += 1
        elif masked[i] in ")]}":
            depth -= 1
            if depth == 0:
                return i
    raise ValueError("a bracket that never closes")


def split(masked, begin, end, separators):
    """The parts of masked[begin:end] between separators that stand in no bracket: [(begin, end)], and the separators."""
    parts, found, depth, start, i = [], [], 0, begin, begin
    while i < end:
        c = masked[i]
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif depth == 0:
            word = next((s for s in separators if masked.startswith(s, i)), None)
            if word:
                parts.append((start, i))
                found.append(word)
                i += len(word)
                start = i
                continue
        i += 1
    parts.append((start, end))
    return parts, found


class Source:
    """One file and the mutants that it can carry. An edit replaces text[begin:end]; edits may nest."""

    def __init__(self, path):
        self.path = path
        self.text = open(os.path.join(TOP, path)).read()
        self.masked = mask(self.text)
        self.found = []  # (begin, end, kind, the replacement as a function of (number, inner text), what it becomes)

    def line_of(self, at):
        return self.text.count("\n", 0, at) + 1

    def add(self, begin, end, kind, make, becomes):
        self.found.append((begin, end, kind, make, becomes))

    def trim(self, begin, end):
        while begin < end and self.text[begin].isspace():
            begin += 1
        while end > begin and self.text[end - 1].isspace():
            end -= 1
        return begin, end

    def operands(self, begin, end):
        """A boolean expression, taken apart at && and ||."""
        parts, _ = split(self.masked, begin, end, [" && ", " || "])
        for part in parts:
            b, e = self.trim(*part)
            if b == e:
                continue
            inner = self.masked[b:e]
            if inner.startswith("(") and close_of(self.masked, b) == e - 1:
                self.operands(b + 1, e - 1)
                continue
            self.add(b, e, "condition", lambda n, t: "(::mutation::on(%d) != static_cast<bool>(%s))" % (n, t),
                     "not (%s)" % self.text[b:e])
            sides, signs = split(self.masked, b, e, [" <= ", " >= ", " < ", " > ", " == ", " != "])
            if len(sides) == 2 and signs[0].strip() in ("<", "<=", ">", ">="):
                sign = signs[0].strip()
                other = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}[sign]
                left, right = (self.text[x:y] for x, y in sides)
                flipped = "%s %s %s" % (left, other, right)
                self.add(b, e, "border",
                         lambda n, t, flipped=flipped: "(::mutation::on(%d) ? (%s) : (%s))" % (n, flipped, t), flipped)

    def find(self):
        masked = self.masked
        for found in re.finditer(r"\b(if|while) \(", masked):
            open_at = found.end() - 1
            close = close_of(masked, open_at)
            parts, _ = split(masked, open_at + 1, close, ["; "])
            begin, end = parts[-1]
            _, assigns = split(masked, begin, end, [" = "])
            if not assigns:
                self.operands(begin, end)
        for found in re.finditer(r"\breturn ([^;{}]*?)( \? |;)", masked):
            begin, end = found.span(1)
            if masked[begin:end].count("(") != masked[begin:end].count(")"):
                continue
            _, logic = split(masked, begin, end, [" && ", " || ", " == ", " != ", " <= ", " >= ", " < ", " > "])
            if logic or masked[begin:end].startswith("!"):
                self.operands(begin, end)
            elif masked[begin:end] in ("true", "false"):
                self.operands(begin, end)
        for found in re.finditer(r"(?<=[;{}\n])\n( *)((?:[A-Za-z_][\w:]*|\+\+\w+)[.(\[\-\w:>\]]*[^;\n{}]*;)(?=[ \x01]*\n)", masked):
            begin, end = found.span(2)
            statement = masked[begin:end]
            first = re.match(r"[A-Za-z_]\w*", statement)
            if first and first.group() in ("return", "const", "auto", "using", "case", "else", "static", "constexpr",
                                           "throw", "default", "namespace", "if", "for", "while", "std", "struct"):
                if not statement.startswith("std::ranges::"):
                    continue
            before = masked[:begin].rstrip()
            if before and before[-1] not in ";{}\x01":
                continue
            call = re.match(r"[\w:.\->\[\]*()]*(\(| = | \+= | -= |\+\+)", statement)
            jump = statement in ("continue;", "break;")
            if not (call or jump or statement.startswith("++")):
                continue
            self.add(begin, end, "statement", lambda n, t: "if (!::mutation::on(%d)) %s" % (n, t), "nothing")
        for found in re.finditer(r"\b(?:if|else if|for|while) \(", masked):
            close = close_of(masked, found.end() - 1)
            tail = re.match(r" (continue|break);", masked[close + 1:close + 12])
            if tail:
                begin = close + 2
                end = begin + len(tail.group()) - 1
                self.add(begin, end, "statement", lambda n, t: "if (!::mutation::on(%d)) %s" % (n, t), "nothing")
        for found in re.finditer(r"(?<= [+\-] )(\d+)(?=[;,) ])", masked):
            begin, end = found.span(1)
            self.add(begin, end, "number", lambda n, t: "(%s + ::mutation::on(%d))" % (t, n),
                     "%d" % (int(found.group(1)) + 1))

    def render(self, numbered, skip):
        """The text with all mutants in it, and how its lines answer to the mutants: {line: [number]}."""
        edits = sorted(((b, -e, i, make, number) for i, (number, (b, e, _, make, _)) in enumerate(numbered)
                        if number not in skip))
        # Inside out: the shortest first, each replacing its own span; spans either nest or stand apart.
        order = sorted(edits, key=lambda edit: (-edit[1] - edit[0], -edit[2]))
        pieces = list(self.text)  # pieces[i] stands for the text that begins at i
        for begin, minus_end, _, make, number in order:
            end = -minus_end
            inner = "".join(pieces[begin:end])
            pieces[begin] = make(number, inner)
            for i in range(begin + 1, end):
                pieces[i] = ""
        # No edit moves a line: what errors of the compiler say can be matched.
        return "".join(pieces)


class Mutant:
    def __init__(self, number, source, found):
        self.number = number
        self.path = source.path
        self.line = source.line_of(found[0])
        self.kind = found[2]
        self.was = " ".join(source.text[found[0]:found[1]].split())
        self.becomes = " ".join(found[4].split())

    def key(self):
        return "%s: %s: %s" % (os.path.basename(self.path), self.kind, self.was)


def build(sources, numbered, work):
    """The mutated tree, compiled. Gives the mutants that compile."""
    tree = os.path.join(work, "tree")
    os.makedirs(tree, exist_ok=True)
    listed = subprocess.run(["git", "-c", "safe.directory=" + TOP, "ls-files", "-z", "--cached", "--others",
                             "--exclude-standard"], cwd=TOP, check=True, capture_output=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if name in FILES or not os.path.isfile(os.path.join(TOP, name)):
            continue
        put(os.path.join(tree, name), open(os.path.join(TOP, name), "rb").read())
    skip = set()
    options = ["-DCMAKE_BUILD_TYPE=Debug", "-DSWITCHYARD_BENCH=OFF",
               "-DCMAKE_CXX_FLAGS=-O1 -w -include %s/tests/mutation/mutant.h" % tree]
    while True:
        for source in sources:
            put(os.path.join(tree, source.path), source.render(numbered[source.path], skip).encode())
        out = os.path.join(work, "build")
        subprocess.run(["cmake", "-G", "Ninja", "-S", tree, "-B", out] + options, check=True, stdout=subprocess.DEVNULL)
        done = subprocess.run(["ninja", "-C", out, "-k", "0", "-j", str(jobs()), "reconciler_tests"],
                              capture_output=True, text=True)
        if done.returncode == 0:
            return skip, out
        broken = set(re.findall(re.escape(tree) + r"/(\S+?):(\d+):\d+: error", done.stdout + done.stderr))
        before = len(skip)
        for source in sources:
            for number, found in numbered[source.path]:
                if number in skip:
                    continue
                first, last = source.line_of(found[0]), source.line_of(found[1])
                if any((source.path, str(line)) in broken for line in range(first, last + 1)):
                    skip.add(number)
        if len(skip) == before:
            sys.exit(done.stdout[-4000:] + "mutate: the tree does not build")


def put(path, content):
    if os.path.exists(path) and open(path, "rb").read() == content:
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, "wb").write(content)


def jobs():
    return int(os.environ.get("JOBS") or os.cpu_count() or 1)


def kill(number, out):
    """The stage that killed the mutant, or nothing."""
    environment = dict(os.environ, MUTANT=str(number))
    for stage, (program, tests) in enumerate(STAGES):
        command = [os.path.join(out, "tests/reconciler", program), "--gtest_filter=" + tests, "--gtest_fail_fast",
                   "--gtest_brief=1"]
        try:
            ended = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   timeout=SECONDS, preexec_fn=limit_memory)
        except subprocess.TimeoutExpired:
            return stage + 1
        if ended.returncode != 0:
            return stage + 1
    return None


def limit_memory():
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def looked_at():
    reasons = {}
    for line in open(os.path.join(HERE, "looked_at.txt")):
        line = line.rstrip("\n")
        if line and not line.startswith("#"):
            key, _, reason = line.partition("  -- ")
            reasons[key] = reason
    return reasons


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("files", nargs="*", help="files of the core, such as money; default: all")
    parser.add_argument("--sample", type=int, help="so many mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=1, help="of the draw")
    parser.add_argument("--only", type=int, help="one mutant, by its number")
    parser.add_argument("--list", action="store_true", help="the mutants, without running them")
    asked = parser.parse_args()

    sources, numbered, mutants, number = [], {}, [], 0
    for path in FILES:
        source = Source(path)
        source.find()
        sources.append(source)
        numbered[path] = []
        for found in sorted(source.found, key=lambda f: (f[0], f[1], f[2])):
            number += 1
            numbered[path].append((number, found))
            mutants.append(Mutant(number, source, found))
    if asked.files:
        mutants = [m for m in mutants if any(name in m.path for name in asked.files)]
    if asked.only:
        mutants = [m for m in mutants if m.number == asked.only]
    if asked.sample and asked.sample < len(mutants):
        mutants = sorted(random.Random(asked.seed).sample(mutants, asked.sample), key=lambda m: m.number)
    if asked.list:
        for m in mutants:
            print("%d %s:%d %s: %s => %s" % (m.number, m.path, m.line, m.kind, m.was, m.becomes))
        return

    work = os.path.join(TOP, "build/mutate")
    skip, out = build(sources, numbered, work)
    mutants = [m for m in mutants if m.number not in skip]
    if kill(0, out) is not None:
        sys.exit("mutate: the tests fail without any mutant")
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(jobs()) as pool:
        killed = dict(zip([m.number for m in mutants], pool.map(lambda m: kill(m.number, out), mutants)))
    took = time.monotonic() - began

    reasons = looked_at()
    new, known = [], []
    for m in mutants:
        if killed[m.number] is None:
            (known if m.key() in reasons else new).append(m)
    for m in new:
        print("survivor %d  %s:%d  %s\n    %s\n    => %s" % (m.number, m.path, m.line, m.kind, m.was, m.becomes))
    print("%-32s %8s %8s %10s %10s" % ("file", "mutants", "killed", "looked at", "survivors"))
    for path in FILES:
        mine = [m for m in mutants if m.path == path]
        if mine:
            print("%-32s %8d %8d %10d %10d" % (path, len(mine), sum(killed[m.number] is not None for m in mine),
                                               sum(m.path == path for m in known), sum(m.path == path for m in new)))
    dead = sum(stage is not None for stage in killed.values())
    print("%d of %d mutants killed (%.1f%%), %d survivors looked at, %d new; %d did not compile; %.1f mutants a second" %
          (dead, len(mutants), 100.0 * dead / max(1, len(mutants)), len(known), len(new), len(skip),
           len(mutants) / max(took, 0.001)))
    sys.exit(1 if new else 0)


if __name__ == "__main__":
    main()
