#!/usr/bin/python3
"""Breaks the deciding code on purpose and counts how many of the breaks the tests notice; see README.md."""

import argparse
import concurrent.futures
import json
import os
import random
import re
import resource
import shlex
import subprocess
import sys
import tempfile
import time

import breaks

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, "build/dev")
WORK = os.path.join(TOP, "build/mutate")
OUT = WORK
# What decides. Headers hold no decisions; what only reads and writes text is not broken here.
FILES = (["reconciler/core/%s.cc" % name for name in
          "compare decide diff fleet_index gates money options_json order override_json peers plan plan_json relate".split()] +
         ["specs/%s.cc" % name for name in "effects inheritance".split()] +
         ["specs/rules/%s.cc" % name for name in "accounts certificate_facts clusters outside references servers".split()] +
         ["specs/base/%s.cc" % name for name in "money timestamp".split()])
PROGRAMS = {"reconciler_tests": "tests/reconciler", "specs_tests": "tests/specs", "render_tests": "tests/cli"}
NUMBERS = 2000  # for each file; mutant.cc has room for 32 of them
QUICK = 0.3  # seconds; tests below it share a process


def jobs():
    return int(os.environ.get("JOBS") or os.cpu_count() or 1)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path) and open(path, encoding="latin-1").read() == text:
        return
    with open(path, "w", encoding="latin-1") as file:
        file.write(text)


class Copy:
    """The broken copy of one file, and its object."""

    def __init__(self, finder, commands):
        self.finder = finder
        self.mutants = finder.mutants
        self.source = os.path.join(WORK, finder.path)
        self.object = self.source + ".o"
        words = shlex.split(commands[os.path.join(TOP, finder.path)])
        words = [w for w in words if not w.startswith("-W")]
        at = words.index("-o")
        del words[at:at + 2]
        words[words.index("-c") + 1] = self.source
        self.command = words + ["-w", "-Wno-narrowing", "-fpermissive", "-g0", "-include",
                                os.path.join(TOP, "tests/mutation/mutant.h"), "-o", self.object]

    def compile(self, mutants):
        """The mutants that the compiler has complaints about: exactly, where it names their place, or all of its line."""
        text = breaks.render(self.finder.text, mutants, self.finder.constants)
        write(self.source, text)
        done = subprocess.run(self.command, cwd=BUILD, capture_output=True, text=True)
        if done.returncode == 0:
            return []
        guilty, lines = set(), text.split("\n")
        found = re.findall(re.escape(self.source) + r":(\d+):(\d+): *(error|.*required from here)", done.stderr)
        for line, column, _ in found:
            before = lines[int(line) - 1][:int(column) + 1]
            named = re.match(r"::mutant::\w+(?:<[\w:]*>)?\((\d+)", lines[int(line) - 1][before.rfind("::mutant::"):])
            here = [m for m in mutants if m.line <= int(line) <= m.line + self.height(m)]
            exact = [m for m in here if named and m.number == int(named.group(1)) and m.sort in ("arithmetic", "sign", "border")]
            guilty.update(exact or here)
        if not guilty:
            sys.exit("mutate: the copy of %s does not compile, and no mutant is at fault:\n%s" %
                     (self.finder.path, done.stderr[-3000:]))
        return sorted(guilty, key=lambda m: m.number)

    def build(self):
        """Compiles it with all mutants that compile. Which ones do not is kept beside it, for the next time."""
        memo = self.source + ".dropped"
        known = set(json.load(open(memo))) if os.path.exists(memo) else set()
        name = lambda m: "%s %s" % (m.sort, m.key())
        wanted = [m for m in self.mutants if name(m) not in known]
        while guilty := self.compile(wanted):
            wanted = [m for m in wanted if m not in guilty]
        dropped = [m for m in self.mutants if m not in wanted]
        with open(memo, "w") as file:
            json.dump(sorted(name(m) for m in dropped), file)
        self.mutants = wanted
        return len(dropped)

    def height(self, mutant):
        return self.finder.text.count("\n", mutant.begin, mutant.end)


def link(copies):
    witness = os.path.join(OUT, "mutant.o")
    subprocess.run(["g++", "-std=c++20", "-O1", "-I" + TOP, "-c", os.path.join(HERE, "mutant.cc"), "-o", witness], check=True)
    for program, folder in PROGRAMS.items():
        target = "%s/%s" % (folder, program)
        listed = subprocess.run(["ninja", "-t", "commands", target], cwd=BUILD, check=True, capture_output=True, text=True)
        whole = listed.stdout.strip().split("\n")[-1]
        # Objects come before libraries, and what they define is not taken from a library again. A program that links no
        # library of a file's folder has no use for the file, and not what it needs.
        broken = [copy.object for copy in copies if " %s/lib" % copy.finder.path.split("/")[0] in whole] + [witness]
        # A library's own object may come in all the same, for a piece of a template that nobody else has made: the broken
        # one, which came first, counts.
        command = whole.replace(" -o %s " % target, " -Wl,--allow-multiple-definition -o %s %s " %
                                (os.path.join(OUT, program), " ".join(map(shlex.quote, broken))))
        subprocess.run(command, shell=True, cwd=BUILD, check=True)


class Test:
    def __init__(self, program, name):
        self.program, self.name = program, name
        self.seconds = 0.0
        self.reached = b""


def tests_of(program):
    listed = subprocess.run([os.path.join(OUT, program), "--gtest_list_tests"], check=True, capture_output=True, text=True)
    found, suite = [], ""
    for line in listed.stdout.split("\n"):
        word = line.split("#")[0].rstrip()
        if word.endswith(".") and not word.startswith(" "):
            suite = word
        elif word.startswith("  ") and not word.strip().startswith("DISABLED"):
            found.append(Test(program, suite + word.strip()))
    return found


def run(program, names, seconds, environment):
    """The name of the first of these tests that fails; "?" where the program died, nothing where none fails. They may take
    three times as long as they did, and some more."""
    limit = int(3 * seconds + 5)

    def confine():
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.nice(5)

    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        command = [os.path.join(OUT, program), "--gtest_filter=" + ":".join(names), "--gtest_fail_fast", "--gtest_brief=1"]
        try:
            ended = subprocess.run(command, env=dict(os.environ, TEST_TMPDIR=folder + "/", **environment), cwd=folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=10 * limit,
                                   preexec_fn=confine)
        except subprocess.TimeoutExpired:
            return "?"
        if ended.returncode == 0:
            return None
        told = re.findall(rb"^\[  FAILED  \] ([\w/.]+)", ended.stdout, re.M)
        return told[0].decode() if told else "?"


def witness(test):
    """Runs a test without a mutant and notes which places it comes by."""
    with tempfile.NamedTemporaryFile(prefix="mutate-") as file:
        began = time.monotonic()
        failed = run(test.program, [test.name], 120, {"MUTANT": "0", "MUTANTS_REACHED": file.name})
        test.seconds = time.monotonic() - began
        test.reached = file.read()
    return failed


FAVOURITES = 4  # tests that killed the most mutants of a file so far, and are tried before all others
kills = {}  # of a file: {test's name: number}


def killer(mutant, tests):
    """The tests among which one fails with the mutant alive; nothing: it survives. Those go first that killed its
    neighbours, then quick ones."""
    reaching = [t for t in tests if t.reached[mutant.number]]
    counts = kills.setdefault(mutant.path, {})
    best = sorted((t for t in reaching if t.name in counts and t.seconds < QUICK), key=lambda t: (-counts[t.name], t.seconds))
    groups = [[t for t in best[:FAVOURITES] if t.program == program] for program in PROGRAMS]
    groups = [group for group in groups if group]
    favourites = len(groups)
    for program in PROGRAMS:
        quick = [t for t in reaching if t.program == program and t.seconds < QUICK]
        if quick:
            groups.append(quick)
    groups[favourites:] = sorted(groups[favourites:], key=lambda group: sum(t.seconds for t in group))
    groups += [[t] for t in sorted(reaching, key=lambda t: t.seconds) if t.seconds >= QUICK]
    for group in groups:
        failed = run(group[0].program, [t.name for t in group], sum(t.seconds for t in group), {"MUTANT": str(mutant.number)})
        if failed:
            counts[failed] = counts.get(failed, 0) + 1
            return group
    return None


def looked_at():
    """What looked_at.txt says: {(file, key): reason}. A reason stands indented below the mutants that it is for."""
    reasons, path, keys, told = {}, "", [], False
    for line in open(os.path.join(HERE, "looked_at.txt"), encoding="utf-8"):
        line = line.rstrip()
        if not line or line.startswith("# "):
            continue
        if line.startswith("["):
            path, keys = line.strip("[]"), []
        elif line.startswith("    "):
            for key in keys:
                reasons[path, key] = (reasons.get((path, key), "") + " " + line.strip()).strip()
            told = True
        else:
            if told:
                keys, told = [], False
            keys.append(line)
            reasons[path, line] = ""
    for (path, key), reason in reasons.items():
        if not reason:
            sys.exit("mutate: looked_at.txt gives no reason for %s: %s" % (path, key))
    return reasons


def parse():
    parser = argparse.ArgumentParser(prog="./dev mutate", description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE", help="parts of paths, such as gates or specs/rules; default: all")
    parser.add_argument("--sample", type=int, metavar="N", help="so many mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of the draw (1)")
    parser.add_argument("--list", action="store_true", help="the mutants, without running any")
    parser.add_argument("--figures", metavar="FILE", help="where a line of figures is appended (./dev trust collects them)")
    return parser.parse_args()


def main():
    asked = parse()
    chosen = [f for f in FILES if not asked.files or any(part in f for part in asked.files)]
    if not chosen:
        sys.exit("mutate: no file has one of %s in its name; there are\n%s" % (asked.files, "\n".join(FILES)))
    with concurrent.futures.ProcessPoolExecutor(jobs()) as pool:
        finders = list(pool.map(find, chosen))
    for finder in finders:
        # A file's mutants keep their numbers, whichever files are asked for: its copy is compiled once.
        for place, mutant in enumerate(finder.mutants):
            mutant.number = FILES.index(finder.path) * NUMBERS + place + 1
    if asked.list:
        for finder in finders:
            for m in finder.mutants:
                print("%s:%d %s %s" % (m.path, m.line, m.sort, m.key()))
        return

    commands = {c["file"]: c["command"] for c in json.load(open(os.path.join(BUILD, "compile_commands.json")))}
    copies = [Copy(finder, commands) for finder in finders]
    with concurrent.futures.ThreadPoolExecutor(jobs()) as pool:
        dropped = sum(pool.map(Copy.build, copies))
    link(copies)
    mutants = [m for copy in copies for m in copy.mutants]
    whole = asked.sample is None or asked.sample >= len(mutants)
    if not whole:
        mutants = sorted(random.Random(asked.seed).sample(mutants, asked.sample), key=lambda m: m.number)

    tests = [t for program in PROGRAMS for t in tests_of(program)]
    with concurrent.futures.ThreadPoolExecutor(jobs()) as pool:
        failed = [t.name for t, fails in zip(tests, pool.map(witness, tests)) if fails]
        if failed:
            sys.exit("mutate: fails without any mutant: %s" % " ".join(failed))
        print("%d mutants in %d files; %d tests, %.0f s of them, %d more mutants do not compile" %
              (len(mutants), len(copies), len(tests), sum(t.seconds for t in tests), dropped), file=sys.stderr)
        began = time.monotonic()
        killers = {}
        for mutant, by in zip(mutants, pool.map(lambda m: killer(m, tests), mutants)):
            killers[mutant.number] = by
            if sys.stderr.isatty():
                print("\r%d of %d" % (len(killers), len(mutants)), end="\r", file=sys.stderr)
            elif len(killers) % 200 == 0:
                print("%d of %d after %.0f s" % (len(killers), len(mutants), time.monotonic() - began), file=sys.stderr)
        took = time.monotonic() - began
    report(asked, chosen, copies, mutants, killers, tests, took, whole)


def find(path):
    return breaks.Finder(TOP, path)


def report(asked, chosen, copies, mutants, killers, tests, took, whole):
    reasons = looked_at()
    survivors = [m for m in mutants if killers[m.number] is None]
    new = [m for m in survivors if (m.path, m.key()) not in reasons]
    unreached = {m.number for m in new if not any(t.reached[m.number] for t in tests)}
    for m in new:
        print("%s:%d %s%s\n  %s: %s\n  => %s" % (m.path, m.line, m.sort, ", no test comes by" if m.number in unreached else "",
                                               m.key().split(": ", 1)[0], m.before, m.after))
    if new:
        print()
    alive = {(m.path, m.key()) for copy in copies for m in copy.mutants}
    stale = [key for key in reasons if key[0] in chosen and key not in alive]
    killed_after_all = [(m.path, m.key()) for m in mutants if killers[m.number] is not None and (m.path, m.key()) in reasons]
    for path, key in stale:
        print("looked_at.txt names what is no mutant (any more): %s: %s" % (path, key))
    for path, key in killed_after_all:
        print("looked_at.txt names what a test kills: %s: %s" % (path, key))
    print("%-36s %8s %8s %9s %9s" % ("file", "mutants", "killed", "looked at", "survived"))
    for path in chosen:
        mine = [m for m in mutants if m.path == path]
        here = [m for m in survivors if m.path == path]
        fresh = [m for m in new if m.path == path]
        if mine:
            print("%-36s %8d %8d %9d %9d" % (path, len(mine), len(mine) - len(here), len(here) - len(fresh), len(fresh)))
    killed = len(mutants) - len(survivors)
    print("%d of %d mutants killed (%.1f%%), %d survivors looked at, %d not; %.1f mutants a second" %
          (killed, len(mutants), 100.0 * killed / max(1, len(mutants)), len(survivors) - len(new), len(new),
           len(mutants) / max(took, 0.001)))
    if asked.figures and whole and not asked.files:
        with open(asked.figures, "a") as file:
            print(json.dumps({"mutants": len(mutants), "killed": killed, "looked_at": len(survivors) - len(new),
                              "not_looked_at": len(new), "files": len(chosen), "seconds": round(took)}), file=file)
    # A sample says how good the tests are; only a whole run says that every survivor was looked at.
    sys.exit(1 if whole and (new or stale) else 0)


if __name__ == "__main__":
    main()
