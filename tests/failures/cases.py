"""The cases of this folder, and their labels as lines and as bytes.

labels.json counts lines, because a person sets and reads them; an explainer's blocks are bytes. What turns the one into the other
stands here alone. A line ends with LF; a CR before it, or within (a progress bar), belongs to the line.
"""
import difflib, json, pathlib, re

HERE = pathlib.Path(__file__).resolve().parent
CLASSES = """compile link test assertion crash sanitizer timeout out_of_memory dependency network permission config lint git disk
infrastructure runner_lost cancelled unknown""".split()


def every(words=()):
    found = sorted(p.parent for p in HERE.glob("*/*/run"))
    return [c for c in found if not words or any(w in name(c) for w in words)]


def name(case):
    return f"{case.parent.name}/{case.name}"


def labels(case):
    return json.loads((case / "labels.json").read_text())


def line_starts(raw):
    """Where each line begins, and the end, so that lines [a, b) are the bytes [starts[a], starts[b])."""
    starts = [0]
    while (at := raw.find(b"\n", starts[-1])) >= 0:
        starts.append(at + 1)
    if starts[-1] < len(raw):
        starts.append(len(raw))
    return starts


def byte_labels(case):
    """The labels as the corpus writes them: the ends of lines are left out, which no score counts."""
    raw, label = (case / "fail.log").read_bytes(), labels(case)
    starts = line_starts(raw)
    span = lambda a, b: [starts[a], starts[a] + len(raw[starts[a]:starts[b]].rstrip(b"\r\n"))]
    return {role: [span(a, b) for a, b in label[role]] for role in ("error", "context")}


def masked(text):
    """Without what is another at each run: addresses, hashes, numbers (and the blanks that align them), names of temporary files."""
    text = re.sub(rb"/tmp/cc\w{6}\.", b"/tmp/cc0.", text)
    return re.sub(rb"[ \t]+", b" ", re.sub(rb"0x[0-9a-f]+|\b[0-9a-f]{7,}\b|\d+", b"0", text))


def follow(label, old, new):
    """The labels of the log `old` in the log `new`, or None: every labelled line must have one that it is, in the same order.

    So a log that is made again keeps its labels by itself, unless the tool now says something else.
    """
    old, new = (masked(raw).split(b"\n") for raw in (old, new))
    to = {}
    for block in difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        to.update({block.a + i: block.b + i for i in range(block.size)})
    moved = dict(label)
    for role in ("error", "context"):
        moved[role] = []
        for a, b in label[role]:
            lines = [to.get(n) for n in range(a, b)]
            if lines != list(range(lines[0] if lines[0] is not None else -1, (lines[0] or 0) + b - a)):
                return None
            moved[role].append([lines[0], lines[0] + b - a])
    return moved


def write_labels(case, label):
    rows = ",\n".join(f'  "{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in label.items())
    (case / "labels.json").write_text("{\n" + rows + "\n}\n")
