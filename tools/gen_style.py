#!/usr/bin/python3
"""The stylesheet becomes part of the program: gen_style.py style.css icon.svg OUT.c

Writes page_css, page_svg and their digests (src/http/page.h). Behind the stylesheet go the rules of the 256 colours of terminals, which src/http/html_line.h
names: .fN as text, .gN as background. As text on the log's own background a colour is darkened (or, in the dark scheme, lightened) until it can
be read (WCAG 2.1: a contrast of 4.5); where the log sets a background too (.k) both are left as they are.
"""
import hashlib
import re
import sys

FIRST = ["1d1f21", "c4342b", "198844", "a36b00", "2b6fd6", "a33ea1", "0b8a8f", "c5c8c6",
         "7f858c", "e5534b", "2ea043", "d29922", "539bf5", "c678dd", "39c5cf", "ffffff"]
LEVELS = (0, 95, 135, 175, 215, 255)
CONTRAST = 4.5


def palette():
    yield from (tuple(int(c[i:i + 2], 16) for i in (0, 2, 4)) for c in FIRST)
    yield from ((r, g, b) for r in LEVELS for g in LEVELS for b in LEVELS)
    yield from ((v, v, v) for v in range(8, 248, 10))


def luminance(rgb):
    parts = (c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts))


def contrast(a, b):
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def legible(rgb, background):
    """The colour, moved towards black or white in steps of a fortieth until it can be read."""
    goal = (255, 255, 255) if luminance(background) < 0.2 else (0, 0, 0)
    for step in range(41):
        moved = tuple(round(c + (g - c) * step / 40) for c, g in zip(rgb, goal))
        if contrast(moved, background) >= CONTRAST:
            return moved
    sys.exit(f"no colour can be read on {background}")


def hexed(rgb):
    text = "".join(f"{c:02x}" for c in rgb)
    return "#" + (text[::2] if text[::2] == text[1::2] else text)


def moved_rules(background):
    for n, rgb in enumerate(palette()):
        moved = legible(rgb, background)
        if moved != rgb:
            yield f".f{n}:not(.k){{color:{hexed(moved)}}}"


def colour_rules(css):
    light, dark = (tuple(int(m[i:i + 2], 16) for i in (0, 2, 4)) for m in re.findall(r"--log-bg: #([0-9a-f]{6});", css))
    yield from (f".f{n}{{color:{hexed(rgb)}}}.g{n}{{background:{hexed(rgb)}}}" for n, rgb in enumerate(palette()))
    yield "@media (prefers-color-scheme:light){" + "".join(moved_rules(light)) + "}"
    yield "@media (prefers-color-scheme:dark){" + "".join(moved_rules(dark)) + "}"


def minified(css):
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    return re.sub(r"\s*\n\s*", "\n", css).strip() + "\n"


def c_bytes(name, text):
    data = text.encode()
    rows = "\n".join("\t" + ", ".join(str(b) for b in data[i:i + 32]) + "," for i in range(0, len(data), 32))
    return (f"static const unsigned char {name}_bytes[] = {{\n{rows}\n}};\n"
            f"const struct str {name} = {{ (const char *){name}_bytes, sizeof {name}_bytes }};\n"
            f"const char {name}_digest[] = \"{hashlib.sha256(data).hexdigest()[:16]}\";\n")


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: gen_style.py style.css icon.svg OUT.c")
    css, icon = (open(path, encoding="utf-8").read() for path in sys.argv[1:3])
    style = minified(css) + "".join(colour_rules(css)) + "\n"
    with open(sys.argv[3], "w", encoding="utf-8") as f:
        f.write('/* Made by tools/gen_style.py from style.css and icon.svg. Change those, not this. */\n#include "http/page.h"\n\n' +
                c_bytes("page_css", style) + c_bytes("page_svg", icon))


if __name__ == "__main__":
    main()
