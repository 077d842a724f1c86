#!/usr/bin/python3
"""Prints how many tests of a ctest JUnit report passed, failed and were skipped."""

import sys
import xml.etree.ElementTree as ElementTree

suite = ElementTree.parse(sys.argv[1]).getroot()
total = int(suite.get("tests"))
failed = int(suite.get("failures"))
skipped = int(suite.get("skipped")) + int(suite.get("disabled"))
for case in suite.iter("testcase"):
    if case.get("status") == "notrun":
        reason = case.find("skipped")
        words = reason.get("message") if reason is not None else "not run"
        print(f"skipped: {case.get('name')}: {words}", file=sys.stderr)
print(total - failed - skipped, failed, skipped)
