#!/usr/bin/python3
"""Reads ctest's JUnit reports: prints how many tests passed, failed and were skipped.

    tools/count_tests.py REPORT FAILURES [REPEATED]

appends to the file FAILURES each failed test's name and what its output says of why. REPEATED is the
report of a second run of tests that failed in the first: one that passes there counts as passed, and
FAILURES says so and shows how it failed.

    tools/count_tests.py --repeatable REPORT

prints, as a pattern for ctest -R, the tests that failed, if they are so few that they may be run a
second time: many of them meet sockets, disks and other programs in real time.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree

LINES_SHOWN = 25
WIDTH_SHOWN = 300
MOST_REPEATED = 4


def why(case):
    """The end of the last traceback, where there is one, and the end of the output."""
    lines = (case.findtext("system-out") or "").strip().splitlines()
    begins = [at for at, line in enumerate(lines) if line.startswith("Traceback ")]
    shown = []
    if begins:
        rest = lines[begins[-1]:]
        ends = [at for at, line in enumerate(rest) if line.startswith("------")]
        shown = rest[:ends[0] if ends else len(rest)][-LINES_SHOWN:]
    return [line[:WIDTH_SHOWN] for line in [*shown, *lines[-LINES_SHOWN:]]]


def cases(report, status):
    return [case for case in ElementTree.parse(report).getroot().iter("testcase")
            if case.get("status") == status]


def repeatable(report):
    names = [case.get("name") for case in cases(report, "fail")]
    if not 0 < len(names) <= MOST_REPEATED:
        return ""
    return "^(" + "|".join(map(re.escape, names)) + ")$"


def count(report, failures, repeated):
    suite = ElementTree.parse(report).getroot()
    failed = cases(report, "fail")
    skipped = int(suite.get("skipped")) + int(suite.get("disabled"))
    for case in cases(report, "notrun"):
        reason = case.find("skipped")
        words = reason.get("message") if reason is not None else "not run"
        print(f"skipped: {case.get('name')}: {words}", file=sys.stderr)
    second = {case.get("name") for case in cases(repeated, "run")} if repeated else set()
    with open(failures, "a", encoding="utf-8") as out:
        for case in failed:
            what = "passed only when repeated" if case.get("name") in second else "failed"
            print(f"--- {what}: {case.get('name')}", file=out)
            for line in why(case):
                print(f"    {line}", file=out)
    lost = sum(case.get("name") not in second for case in failed)
    print(int(suite.get("tests")) - lost - skipped, lost, skipped)


if sys.argv[1] == "--repeatable":
    print(repeatable(sys.argv[2]))
else:
    count(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
