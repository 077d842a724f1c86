#!/usr/bin/python3
"""Reads a ctest JUnit report: prints how many tests passed, failed and were skipped.

With a second argument, a file, appends to it each failed test's name and the end of its output.
"""

import sys
import xml.etree.ElementTree as ElementTree

LINES_SHOWN = 25
WIDTH_SHOWN = 300


def end_of_output(case):
    text = case.findtext("system-out") or ""
    return [line[:WIDTH_SHOWN] for line in text.strip().splitlines()[-LINES_SHOWN:]]


suite = ElementTree.parse(sys.argv[1]).getroot()
total = int(suite.get("tests"))
failed = int(suite.get("failures"))
skipped = int(suite.get("skipped")) + int(suite.get("disabled"))
for case in suite.iter("testcase"):
    if case.get("status") == "notrun":
        reason = case.find("skipped")
        words = reason.get("message") if reason is not None else "not run"
        print(f"skipped: {case.get('name')}: {words}", file=sys.stderr)
    elif case.get("status") == "fail" and len(sys.argv) > 2:
        with open(sys.argv[2], "a", encoding="utf-8") as failures:
            print(f"--- failed: {case.get('name')}", file=failures)
            for line in end_of_output(case):
                print(f"    {line}", file=failures)
print(total - failed - skipped, failed, skipped)
