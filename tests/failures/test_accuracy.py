#!/usr/bin/python3
"""The explainer explains no worse than it did: floors under the figures of `score` on our own failures, and under those of the shared corpus.

The corpus (../shared/corpus beside the checkout, or $SLUICE_CORPUS) is data of others; where it is not, its part is skipped. A change that makes one log
better and another worse moves a mean by less than a hundredth: floors are that much below what was measured.
"""
import os, pathlib, re, subprocess, sys

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = pathlib.Path(os.environ.get("SLUICE_CORPUS") or HERE.parents[2] / "shared" / "corpus")
COMMAND = [os.environ["SLUICE"], "explain", "--format=json"]

OURS = {"failures": {"P": 0.98, "R": 0.95, "F1": 0.96, "first": 0.97, "class": 0.83, "file": 0.77, "line": 0.76},
        "failures, no passing log": {"P": 0.97, "R": 0.95, "F1": 0.95, "first": 0.96, "class": 0.82, "file": 0.755, "line": 0.75}}
PAIRS = {"P": 0.88, "R": 0.92, "F1": 0.89, "first": 0.95}
PAIRS_ALONE = {"P": 0.86, "R": 0.91, "F1": 0.87, "first": 0.95}
TREEHERDER = {"R": 0.95}


def told(*command):
    """{what a row of a scorer is about: {figure: value}}"""
    run = subprocess.run([sys.executable, *map(str, command), "--", *COMMAND], capture_output=True, text=True, check=True)
    rows = {}
    for line in run.stdout.splitlines():
        if m := re.match(r"(\S.*?)\s+logs\s+\d+\s", line):
            rows[m[1]] = {name: float(value) for name, value in re.findall(r"(\w+) (\d+\.\d+)", line)}
    return rows


def below(rows, floors):
    return [f"{title}: {figure} is {rows.get(title, {}).get(figure)}, the floor is {floor}"
            for title, wanted in floors.items() for figure, floor in wanted.items()
            if not rows.get(title, {}).get(figure, 0) >= floor]


def our_own_failures():
    return below(told(HERE / "score"), OURS)


def the_corpus_with_the_passing_logs():
    return below(told(CORPUS / "score.py"), {"pairs": PAIRS})


def the_corpus_without():
    return below(told(CORPUS / "score.py", "--no-baseline"), {"pairs": PAIRS_ALONE, "treeherder": TREEHERDER})


TESTS = [our_own_failures, the_corpus_with_the_passing_logs, the_corpus_without]
print(f"1..{len(TESTS)}")
failed = 0
for n, test in enumerate(TESTS, 1):
    if "corpus" in test.__name__ and not (CORPUS / "score.py").exists():
        print(f"ok {n} - {test.__name__} # SKIP the shared corpus is not beside the checkout")
        continue
    wrong = test()
    failed += bool(wrong)
    print(f"{'not ' if wrong else ''}ok {n} - {test.__name__}")
    for what in wrong:
        print(f"# {what}")
sys.exit(failed != 0)
