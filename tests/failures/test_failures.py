#!/usr/bin/python3
"""The failures of this folder are fit to measure with: what a case promises, held without running any tool again."""
import pathlib, re, sys

import cases

# Where the logs were made, and whom a tool may name: its own manuals, and who does not exist.
FOREIGN = re.compile(rb"(?<!\.)/root/|/work/|/tmp/failures-")
HOST = re.compile(rb"https?://([\w.-]+)")
HOSTS = b"""localhost registry.example.org files.example.org rust-lang.github.io cwiki.apache.org jestjs.io curl.se
www.shellcheck.net eslint.org""".split()


def wrong_where(holds):
    return [cases.name(c) for c in cases.every() if not holds(c)]


def each_ecosystem_has_five_cases_and_there_are_ten():
    count = {}
    for c in cases.every():
        count[c.parent.name] = count.get(c.parent.name, 0) + 1
    return [f"{e}: {n}" for e, n in count.items() if n < 5] + ([f"{len(count)} ecosystems"] if len(count) < 10 else [])


def each_case_has_both_logs_and_labels():
    return wrong_where(lambda c: all((c / f).is_file() and (c / f).stat().st_size for f in ("fail.log", "labels.json"))
                       and (c / "pass.log").is_file())


def labels_lie_within_their_log_and_apart():
    def holds(c):
        n = len(cases.line_starts((c / "fail.log").read_bytes())) - 1
        spans = sorted(cases.labels(c)["error"] + cases.labels(c)["context"])
        return all(0 <= a < b <= n for a, b in spans) and all(x[1] <= y[0] for x, y in zip(spans, spans[1:])) and cases.labels(c)["error"]
    return wrong_where(holds)


def no_labelled_error_is_blank():
    def holds(c):
        raw = (c / "fail.log").read_bytes()
        return all(raw[a:b].strip() for a, b in cases.byte_labels(c)["error"])
    return wrong_where(holds)


def classes_are_those_of_the_explainer():
    return wrong_where(lambda c: cases.labels(c)["class"] in cases.CLASSES)


def a_labelled_place_is_in_the_project():
    def holds(c):
        label = cases.labels(c)
        if label["file"] is None:
            return True
        path = c / "project" / label["file"]
        if not path.exists():  # made by the step, or by its setup
            made = "".join(f.read_text() for f in (c / "run", c / "setup") if f.exists())
            return pathlib.Path(label["file"]).name in made
        return path.is_dir() or (label["line"] or 0) <= len(path.read_text().splitlines()) + 1  # + 1: at the end of the file
    return wrong_where(holds)


def the_passing_twin_has_none_of_the_first_error():
    """Not every line: a traceback's frames, a diff's. But what is labelled first, as a whole, is news."""
    def holds(c):
        a, b = cases.byte_labels(c)["error"][0]
        return cases.masked((c / "fail.log").read_bytes()[a:b]) not in cases.masked((c / "pass.log").read_bytes())
    return wrong_where(holds)


def no_log_names_a_machine_or_a_registry():
    def holds(c):
        both = b"".join((c / f).read_bytes().replace(b"/home/runner/work/", b"") for f in ("fail.log", "pass.log"))
        return not FOREIGN.search(both) and set(HOST.findall(both)) <= set(HOSTS)
    return wrong_where(holds)


def all_of_it_is_small():
    sizes = {p: p.stat().st_size for p in cases.HERE.rglob("*") if p.is_file()}
    return [str(p) for p, n in sizes.items() if n > 200_000] + ([f"{sum(sizes.values())} bytes"] if sum(sizes.values()) > 3_000_000 else [])


def labels_follow_lines_that_moved():
    old, new = b"one\nerror at 0x12\nthree\n", b"zero\none\nerror at 0x99\nthree\n"
    label = {"error": [[1, 2]], "context": [[2, 3]]}
    said_otherwise = cases.follow(label, old, b"one\nfault\nthree\n")
    return [] if cases.follow(label, old, new) == {"error": [[2, 3]], "context": [[3, 4]]} and said_otherwise is None else ["follow"]


TESTS = [f for name, f in list(globals().items()) if callable(f) and getattr(f, "__module__", "") == __name__ and name != "wrong_where"]
print(f"1..{len(TESTS)}")
failed = 0
for n, test in enumerate(TESTS, 1):
    wrong = test()
    failed += bool(wrong)
    print(f"{'not ' if wrong else ''}ok {n} - {test.__name__}")
    for what in wrong:
        print(f"# {what}")
sys.exit(failed != 0)
