#!/usr/bin/env python3
"""Keeps the record of what was run: notes the figures that a campaign printed, and puts them into tests/TRUST.md.

  note CAMPAIGN LOG   appends what the campaign printed about itself to build/figures.jsonl
  write               takes those lines over into figures.jsonl, and rewrites the figures' part of TRUST.md from it
  check BUILD         every test that TRUST.md names is one that ctest knows in that build folder, every law has some,
                      and the figures' part is what figures.jsonl says
"""

import collections
import datetime
import fnmatch
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
NOTED = os.path.join(TOP, "build/figures.jsonl")
KEPT = os.path.join(HERE, "figures.jsonl")
PAGE = os.path.join(TOP, "tests/TRUST.md")
BEGIN, END = "<!-- figures: written by ./dev trust -->", "<!-- end of figures -->"
LAWS = 12


class Campaign:
    """One command: the line in which it sums itself up, and how many such lines read as one row of the table."""

    def __init__(self, command, line, adds_up, sentence):
        self.command, self.line, self.adds_up, self.sentence = command, re.compile(line, re.M), adds_up, sentence


MATRIX = (r"^all together: (?P<points>\d+) of (?P<exist>\d+) points of (?P<scenarios>\d+) scenarios visited, "
          r"(?P<rate>[\d.]+) a second$")
CAMPAIGNS = {
    "crash": Campaign("./dev crash", MATRIX, False,
                      "{points:,.0f} of {exist:,.0f} points of {scenarios:.0f} scenarios visited, {rate:.1f} a second"),
    "crash-real": Campaign("./dev crash --real", MATRIX, False,
                           "{points:,.0f} of {exist:,.0f} points of {scenarios:.0f} scenarios visited, {rate:.1f} a second"),
    "simulate": Campaign("./dev simulate",
                         r"^(?P<seeds>\d+) seeds, (?P<days>\d+) simulated days, (?P<rate>[\d.]+) days a second$", True,
                         "{seeds:,.0f} seeds, {days:,.0f} simulated days ({years:.1f} years), {rate:.1f} days a second"),
    "fuzz": Campaign("./dev fuzz",
                     r"^all together: (?P<targets>\d+) targets, (?P<seconds>[\d.]+) s, (?P<runs>\d+) runs, (?P<rate>[\d.]+) a second$",
                     True, "{hours:.2f} hours, {runs:,.0f} inputs, {rate:.0f} a second"),
    "mutate": Campaign("./dev mutate",
                       r"^(?P<killed>\d+) of (?P<mutants>\d+) mutants killed \([\d.]+%\), (?P<looked_at>\d+) survivors "
                       r"looked at, (?P<left>\d+) not; (?P<rate>[\d.]+) mutants a second$", False,
                       "{killed:,.0f} of {mutants:,.0f} mutants killed; of the survivors {looked_at:.0f} were looked at and "
                       "{left:.0f} were not; {rate:.1f} a second"),
    "coverage": Campaign("./dev coverage",
                         r"^all together +(?P<lines_hit>\d+) of +(?P<lines>\d+) lines +[\d.]+% +(?P<branches_hit>\d+) of "
                         r"+(?P<branches>\d+) branches +[\d.]+%$", False,
                         "{lines_hit:,.0f} of {lines:,.0f} lines, {branches_hit:,.0f} of {branches:,.0f} branches"),
}
# What the simulation asserted: "     912 law 4: ...".
ASSERTED = re.compile(r"^ *(\d+) (law \d+: .+)$", re.M)


def git(*words):
    return subprocess.run(["git", "-c", "safe.directory=" + TOP, "-C", TOP, *words], capture_output=True, text=True,
                          check=True).stdout.strip()


def note(name, log):
    with open(log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    found = list(CAMPAIGNS[name].line.finditer(text))
    if not found:
        sys.exit("trust: %s has no line of figures of %s" % (log, name))
    figures = {word: float(value) if "." in value else int(value) for word, value in found[-1].groupdict().items()}
    asserted = {law: int(number) for number, law in ASSERTED.findall(text)}
    line = {"campaign": name, "at": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            # A plus: with changes that no commit holds.
            "commit": git("rev-parse", "--short=7", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else ""),
            "figures": figures, **({"asserted": asserted} if asserted else {})}
    os.makedirs(os.path.dirname(NOTED), exist_ok=True)
    with open(NOTED, "a", encoding="utf-8") as file:
        print(json.dumps(line), file=file)


def lines_of(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if line.strip()]


def figures_part(lines):
    """The rows of the table, in markdown."""
    runs = collections.defaultdict(list)
    asserted = collections.Counter()
    for line in map(json.loads, lines):
        runs[line["campaign"]].append(line)
        asserted.update(line.get("asserted", {}))
    out = ["| command | what it ran | last run | at commit |", "|---|---|---|---|"]
    for name, campaign in CAMPAIGNS.items():
        mine = runs[name]
        if not mine:
            out.append("| `%s` | no run is on record | | |" % campaign.command)
            continue
        last = mine[-1]
        shown = dict(last["figures"])
        if campaign.adds_up:
            for word in shown:
                if word != "rate":
                    shown[word] = sum(run["figures"][word] for run in mine)
        shown["years"] = shown.get("days", 0) / 365
        shown["hours"] = shown.get("seconds", 0) / 3600
        what = campaign.sentence.format(**shown)
        if campaign.adds_up:
            what = "%d runs: %s (the last one)" % (len(mine), what) if len(mine) > 1 else what
        out.append("| `%s` | %s | %s | %s |" % (campaign.command, what, last["at"][:10], last["commit"]))
    if asserted:
        out += ["", "How often the simulation asserted what:", "", "| asserted | times |", "|---|---|"]
        number = lambda law: int(re.match(r"law (\d+)", law).group(1))
        out += ["| %s | %s |" % (law, format(times, ",")) for law, times in
                sorted(asserted.items(), key=lambda item: (number(item[0]), item[0]))]
    return "\n".join(out)


def parts_of(page):
    before, _, rest = page.partition(BEGIN)
    old, _, after = rest.partition(END)
    if not after:
        sys.exit("trust: TRUST.md has lost the lines between which the figures stand")
    return before, old.strip("\n"), after


def write():
    kept = lines_of(KEPT)
    kept += [line for line in lines_of(NOTED) if line not in kept]
    kept.sort(key=lambda line: json.loads(line)["at"])
    with open(KEPT, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in kept)
    with open(PAGE, encoding="utf-8") as file:
        before, _, after = parts_of(file.read())
    part = figures_part(kept)
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write("%s%s\n%s\n%s%s" % (before, BEGIN, part, END, after))
    print(part)


def check(build):
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    listed = subprocess.run(["ctest", "--test-dir", build, "-N"], capture_output=True, text=True, check=True).stdout
    known = re.findall(r"^ *Test +#\d+: (\S+)", listed, re.M)
    wrong = []
    if not known:
        wrong.append("ctest knows no test at all in %s" % build)
    # Tests stand in backquotes, as Suite.Name or folder.name; a * stands for the parameters of one.
    names = re.compile(r"`([A-Za-z][\w/]*\.[\w/*]+)`")
    for name in sorted(set(names.findall(page)) - {word for word in names.findall(page) if re.search(r"\.(py|cc|h|md|jsonl)$", word)}):
        if not any(fnmatch.fnmatchcase(test, name) for test in known):
            wrong.append("TRUST.md names the test %s, and there is none of that name" % name)
    sections = re.split(r"^### (\d+)\. ", page, flags=re.M)
    laws = dict(zip(map(int, sections[1::2]), sections[2::2]))
    for law in range(1, LAWS + 1):
        text = re.split(r"^## ", laws.get(law, ""), flags=re.M)[0]
        if not names.findall(text):
            wrong.append("law %d has no test in TRUST.md" % law)
    bugs = [row for row in re.findall(r"^\|(?!---)(.+)\|$", page.partition("## Bugs")[2], re.M)][1:]
    wrong += ["no test reproduces the bug in the row |%s|" % row for row in bugs if not names.search(row)]
    if parts_of(page)[1] != figures_part(lines_of(KEPT)):
        wrong.append("the figures in TRUST.md are not those of tests/trust/figures.jsonl; ./dev trust writes them")
    print("\n".join(wrong) or "%d tests are named, and ctest knows them all" % len(set(names.findall(page))))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    commands = {"note": (note, 2), "write": (write, 0), "check": (check, 1)}
    function, count = commands.get(sys.argv[1] if len(sys.argv) > 1 else "", (None, -1))
    if function is None or len(sys.argv) - 2 != count:
        sys.exit(__doc__)
    function(*sys.argv[2:])
