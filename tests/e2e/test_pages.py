#!/usr/bin/python3
"""The pages, as a browser has them: what logs and names hold is text, nothing of it runs or loads, and every page can be read on a phone and in the dark.

Chromium does it for real (browser.py); where there is none, what needs it is skipped, and says so.
"""
import html.parser
import itertools
import json
import os
import re
import unittest

import browser
import hostile
import sluice_test as s

CORPUS = os.path.join(os.environ.get("SLUICE_CORPUS") or os.path.join(s.ROOT, "../shared/corpus"), "terminal")
NAME = "<script>window.pwned=1</script>\"'><img src=/pwned onerror=window.pwned=1>&lt;"
# All that our pages are made of.
TAGS = set("html head meta title link body a header nav main footer h1 h2 h3 p div span section code pre ol li dl dt dd table thead tbody tr th td time form "
           "label input select option button abbr strong br".split())
ATTRIBUTES = set("lang charset name content rel href type class id for value method action role maxlength autocomplete min selected datetime title "
                 "aria-label aria-disabled scope required".split())

# What is in the page, told by the page.
CENSUS = """JSON.stringify({
    tags: [...new Set([...document.querySelectorAll('*')].map(e => e.localName))],
    spaces: [...new Set([...document.querySelectorAll('*')].map(e => e.namespaceURI))],
    attributes: [...new Set([...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()))],
    links: [...new Set([...document.querySelectorAll('[href],[src],[action]')].map(e => new URL(e.getAttribute('href') ?? e.getAttribute('action') ?? e.src, location).protocol))],
    outside: [...document.querySelectorAll('a[href]')].filter(e => new URL(e.href).origin != location.origin).map(e => e.rel),
    ids: [...document.querySelectorAll('[id]')].map(e => e.id),
    lines: [...document.querySelectorAll('.line')].map(e => [e.id, e.querySelector('code').textContent]),
    text: document.body.textContent, title: document.title, pwned: typeof window.pwned, scripts: document.scripts.length,
    next: [...document.querySelectorAll('.pager a')].filter(e => e.textContent == 'Next').map(e => e.getAttribute('href'))[0] ?? ''})"""


def stream(server, text, **over):
    """A step with this text; its id."""
    facts = {k: v for k, v in s.post_of(**over).items() if k not in ("log_tail", "conclusion")}
    step = server.request("POST", "/internal/steps", facts, token=s.INTERNAL).json["step_id"]
    answer = server.request("PATCH", f"/internal/steps/{step}/log", text, token=s.INTERNAL,
                            headers={"Content-Type": "application/octet-stream", "Upload-Offset": "0"})
    if answer.status != 204:
        raise AssertionError(answer)
    end = {"conclusion": over.get("conclusion", "failure"), "exit_code": 1, "duration_ms": 61000}
    answer = server.request("POST", f"/internal/steps/{step}/finish", end, token=s.INTERNAL)
    if answer.status != 204:
        raise AssertionError(answer)
    return step


class InBrowser(s.Case):
    @classmethod
    def setUpClass(cls):
        if not browser.find():
            raise unittest.SkipTest("there is no Chromium (tools/deps check installs it, or CHROMIUM names one)")
        super().setUpClass()
        cls.addClassCleanup(cls.server.close)
        cls.browser = browser.Browser({"Authorization": f"Bearer {cls.server.admin}"})
        cls.addClassCleanup(cls.browser.close)

    @classmethod
    def tearDownClass(cls):
        """All is done by the clean-ups, also when setting up has failed in its middle."""

    def open(self, path):
        self.url = self.server.url + path
        self.browser.open(self.url)
        return json.loads(self.browser.run(CENSUS))

    def assert_harmless(self, page, complaints=()):
        """Nothing ran, nothing was loaded, nothing is there that is not ours."""
        self.assertEqual(page["pwned"], "undefined")
        self.assertEqual(page["scripts"], 0)
        self.assertEqual(self.browser.complaints(), list(complaints))
        self.assertLessEqual(set(page["tags"]), TAGS)
        self.assertEqual(page["spaces"], ["http://www.w3.org/1999/xhtml"])
        self.assertLessEqual(set(page["attributes"]), ATTRIBUTES)
        self.assertLessEqual(set(page["links"]), {"http:", "https:"})
        self.assertEqual({rel for rel in page["outside"]} - {"noopener noreferrer nofollow"}, set())
        self.assertEqual(len(page["ids"]), len(set(page["ids"])), "an id is there twice")
        asked = [e["params"]["request"]["url"] for e in self.browser.events if e["method"] == "Network.requestWillBeSent"]
        self.assertEqual([url for url in asked if url != self.url and not re.search(r"/(style[.]css|icon[.]svg)[?]v=[0-9a-f]+$", url)], [])


class Hostile(InBrowser):
    def test_each_line_of_a_hostile_log_is_the_text_that_it_is(self):
        step = stream(self.server, b"\n".join(sent for sent, _ in hostile.LINES) + b"\n")
        self.assertGreater(len(hostile.LINES), 300)
        path, seen = f"/steps/{step}", {}
        while path:
            page = self.open(path)
            self.assert_harmless(page)
            seen.update(page["lines"])
            path = page["next"]
        wrong = [(n, sent[:60], seen.get(f"L{n}", "")[:80], shown[:80]) for n, (sent, shown) in enumerate(hostile.LINES, 1)
                 if seen.get(f"L{n}") != shown]
        self.assertEqual(wrong, [])
        self.assertEqual(len(seen), len(hostile.LINES))

    def test_in_the_context_of_a_run_and_a_commit_too(self):
        """Each shows the errors of a step with their lines, or its last 40 lines, so the log goes out in steps of 40."""
        sha, at = s.new_sha(), 0
        steps = []
        for n in range(10):
            steps.append(stream(self.server, b"\n".join(sent for sent, _ in hostile.LINES[at:at + 40]), head_sha=sha, step_name=f"step {n}"))
            at += 40
        run = self.server.get(f"/api/v1/runs?commit_sha={sha}").json["data"][0]["run_id"]
        for step in steps:
            s.eventually("it is explained", lambda: self.server.query(
                "SELECT 1 FROM step WHERE id = ? AND explain_due = 0 AND explained_at > 0", step))
        known = {shown for _, shown in hostile.LINES}
        for path in (f"/runs/{run}", f"/r/{s.REPO}/{sha}"):
            page = self.open(path)
            self.assert_harmless(page)
            shown = [text for _, text in page["lines"]]
            self.assertEqual([text for text in shown if text not in known], [])
            self.assertGreater(len(shown), 100)

    def test_names_are_text_wherever_they_stand(self):
        sha = s.new_sha()
        self.server.must_post(head_sha=sha, run_id=NAME[:100], step_name=NAME, job_name=NAME, leg=NAME, workflow=NAME, branch="\u202e" + NAME,
                              url="https://a.example/\"><script>window.pwned=1</script>")
        run = self.server.get(f"/api/v1/runs?commit_sha={sha}").json["data"][0]["run_id"]
        step = self.server.context(sha)["steps"][0]["step_id"]
        for path in ("/", f"/runs/{run}", f"/steps/{step}", f"/r/{s.REPO}/{sha}"):
            page = self.open(path)
            self.assert_harmless(page)
            self.assertIn(NAME, page["text"], path)
        self.assertIn(NAME, self.open(f"/steps/{step}")["title"])

    def test_what_is_searched_for_is_text_in_the_page_that_shows_it(self):
        step = stream(self.server, b"a line\n")
        page = self.open(f"/steps/{step}?contains=%22%3E%3Cscript%3Ewindow.pwned=1%3C/script%3E%3Cimg%20src=/pwned%20onerror=window.pwned=1%3E")
        self.assert_harmless(page)
        self.assertEqual(self.browser.run("document.getElementById('contains').value"),
                         '"><script>window.pwned=1</script><img src=/pwned onerror=window.pwned=1>')
        page = self.open(f"/steps/{step}?level=%3Cscript%3Ewindow.pwned=1%3C/script%3E")  # an error page, with what was wrong
        self.assertEqual((page["pwned"], page["scripts"]), ("undefined", 0))

    def test_no_script_would_run_if_one_were_there(self):
        """The policy, tried out: what we put into the page as a script of it is not run."""
        step = stream(self.server, b"a line\n")
        self.open(f"/steps/{step}")
        self.browser.run("{const x = document.createElement('script'); x.textContent = 'window.pwned=1'; document.body.append(x)}")
        self.browser.run("document.body.insertAdjacentHTML('beforeend', '<b style=\"color:red\" onclick=\"window.pwned=1\">x</b>')")
        self.browser.run("document.querySelector('b').click()")
        self.assertEqual(self.browser.run("typeof window.pwned"), "undefined")
        self.assertNotEqual(self.browser.run("getComputedStyle(document.querySelector('b')).color"), "rgb(255, 0, 0)")


class WhatBroke(s.Case):
    def test_a_run_shows_what_broke_in_it_and_whether_that_is_new(self):
        red = "cc pump.c\npump.c:12:3: error: 'rate_of_pages' undeclared (first use in this function)\nmake: *** [pump.o] Error 1\n"

        def page():
            sha = s.new_sha()
            stream(self.server, red.encode(), head_sha=sha)
            address = f"/r/{s.REPO}/{sha}"
            return s.eventually("the page tells the error", lambda: [
                text for text in [self.server.get(address, token=self.server.admin).text] if '<ol class="errors">' in text])[0]
        first, second = page(), page()
        for text in (first, second):
            self.assertIn("pump.c:12</code>", text)
            self.assertIn("rate_of_pages", text)
            self.assertIn('id="L2"', text)
        self.assertIn(">new</span>", first)
        self.assertIn("known since", second)


class Look(InBrowser):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sha = s.new_sha()
        colours = b"".join(b"\x1b[38;5;%dm%d\x1b[m " % (n, n) for n in range(256))
        text = b"".join(b"%d a line of an ordinary length, with some words in it\n" % n for n in range(450))
        text += colours + b"\n" + b"x" * 3000 + b"\nwarning: mind\nerror: it broke\n"
        cls.step = stream(cls.server, text, head_sha=cls.sha, workflow="a workflow with a long name", branch="b" * 200, job_name="build",
                          step_name="long-name-without-a-blank-" * 8)
        cls.run_id = cls.server.get(f"/api/v1/runs?commit_sha={cls.sha}").json["data"][0]["run_id"]
        cls.paths = ("/", f"/runs/{cls.run_id}", f"/r/{s.REPO}/{cls.sha}", f"/steps/{cls.step}", f"/steps/{cls.step}?before=9999", f"/steps/{cls.step}?level=error",
                     "/login", "/runs/99999", f"/r/{s.REPO}/{s.new_sha()}")

    def test_no_page_is_wider_than_the_screen(self):
        for path, width in itertools.product(self.paths, (1280, 768, 390, 320)):
            self.browser.look(width)
            self.open(path)
            self.assertEqual(self.browser.run("document.documentElement.scrollWidth"), width, f"{path} at {width}")

    def test_words_can_be_read_in_both_schemes(self):
        """WCAG 2.1 AA: a contrast of 4.5 between each text and what is behind it, colours of logs among them."""
        script = """(() => {
            const parts = c => c.match(/[\\d.]+/g).map(Number);
            const luminance = c => parts(c).slice(0, 3).map(v => (v /= 255, v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4))
                .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
            const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if ((parts(c)[3] ?? 1) > 0) return c }
                return 'rgb(255, 255, 255)' };
            const wrong = [];
            for (const e of document.querySelectorAll('body *')) {
                if (![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()) || e.closest('[aria-disabled]')) continue;
                const [a, b] = [luminance(getComputedStyle(e).color), luminance(behind(e))].sort((x, y) => y - x);
                if ((a + .05) / (b + .05) < 4.45) wrong.push([e.localName, e.className, e.textContent.slice(0, 30), (a + .05) / (b + .05)]);
            }
            return JSON.stringify(wrong)})()"""
        for dark, path in itertools.product((False, True), self.paths):
            self.browser.look(1280, dark=dark)
            self.open(path)
            self.assertEqual(json.loads(self.browser.run(script)), [], f"{path} {'dark' if dark else 'light'}")

    def test_the_dark_scheme_is_dark_and_the_light_one_light(self):
        for dark, low, high in ((True, 0, 60), (False, 200, 255)):
            self.browser.look(1280, dark=dark)
            self.open("/")
            grey = [int(v) for v in re.findall(r"\d+", self.browser.run("getComputedStyle(document.body).backgroundColor"))]
            self.assertTrue(all(low <= v <= high for v in grey), grey)

    def test_a_link_to_a_line_leads_to_it(self):
        self.browser.look(1280)
        self.open(f"/steps/{self.step}?from=201#L300")
        self.assertEqual(self.browser.run("document.querySelector(':target').id"), "L300")
        top = self.browser.run("document.querySelector(':target').getBoundingClientRect().top")
        self.assertTrue(0 <= top < 900, top)
        page = self.open(f"/steps/{self.step}?level=error")
        self.assertEqual([line for _, line in page["lines"]], ["error: it broke"])
        href = self.browser.run("document.querySelector('.line .n').getAttribute('href')")
        self.open(href)
        self.assertEqual(self.browser.run("document.querySelector(':target code').textContent"), "error: it broke")

    def test_numbers_and_levels_are_not_copied_with_the_text(self):
        self.browser.look(1280)
        self.open(f"/steps/{self.step}?before=9999")
        self.assertEqual(self.browser.run("[...document.querySelectorAll('.n, .m')].every(e => getComputedStyle(e).userSelect == 'none')"), True)

    def test_each_page_tells_who_cannot_see_it_what_it_is(self):
        for path in self.paths:
            self.open(path)
            told = json.loads(self.browser.run("""JSON.stringify({
                h1: document.querySelectorAll('h1').length, main: document.querySelectorAll('main').length, lang: document.documentElement.lang,
                names: [...document.querySelectorAll('nav, [role=group], [role=search]')].filter(e => e.localName == 'nav' && !e.getAttribute('aria-label')).length,
                labels: [...document.querySelectorAll('input:not([type=hidden]), select')].filter(e => !e.labels.length).length,
                heads: [...document.querySelectorAll('table')].filter(e => !e.querySelector('th[scope=col]')).length,
                skip: document.querySelector('.skip').getAttribute('href')})"""))
            self.assertEqual(told, {"h1": 1, "main": 1, "lang": "en", "names": 0, "labels": 0, "heads": 0, "skip": "#main"}, path)


class Cells(html.parser.HTMLParser):
    """The characters of a piece of HTML, each with its look: {"f1", "bold"} and so on, and the address that it links to."""

    def __init__(self, text, look_of):
        super().__init__(convert_charrefs=True)
        self.look_of, self.open, self.link, self.cells = look_of, [], "", []
        self.in_time = False  # what another renderer makes of a time stamp of its own kind
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.in_time |= tag == "time"
        if tag == "a":
            self.link = dict(attrs).get("href", "")
        elif tag == "span":
            self.open.append(self.look_of(dict(attrs).get("class", "").split()))

    def handle_endtag(self, tag):
        self.in_time &= tag != "time"
        if tag == "a":
            self.link = ""
        elif tag == "span" and self.open:
            self.open.pop()

    def handle_data(self, data):
        look = frozenset().union(*self.open)
        self.cells += [] if self.in_time else [(c.replace("\xa0", " "), look, self.link) for c in data]


STYLES = {"1": "bold", "2": "faint", "3": "italic", "4": "under", "9": "strike"}


def theirs(classes):
    """term-fg31, term-fgi91, term-fgx208, term-bg.., term-fg1: in our words."""
    for name in classes:
        kind, x, n = re.fullmatch(r"term-([fb]g)([ix]?)(\d+)", name).groups()
        n = int(n)
        if not x and kind == "fg" and str(n) in STYLES:
            yield STYLES[str(n)]
        else:
            base = {"": 30, "i": 90 - 8, "x": 0}[x] + (10 if kind == "bg" and x != "x" else 0)
            yield ("f" if kind == "fg" else "g") + str(n - base)


def ours(classes):
    """Colours that are swapped are swapped back, because the other renderer does not swap them; what a background does to a foreground is of our own."""
    words = set(classes) - {"k"}
    if "fi" in words or "gi" in words:
        colours = {w for w in words if re.fullmatch(r"[fg](i|\d+)", w)}
        words = (words - colours) | {("g" if w[0] == "f" else "f") + w[1:] for w in colours if w[1] != "i"}
    return frozenset(words)


def pieces(cells):
    """Cells of one look together, to be read."""
    return [("".join(c for c, _, _ in run), sorted(look), link) for (look, link), run in itertools.groupby(cells, lambda cell: cell[1:])]


class Renderings(s.Case):
    def rows(self, step):
        """The HTML of each line of a log, from all its pages."""
        path, rows = f"/steps/{step}", []
        while path:
            text = self.server.get(path).text
            rows += re.findall(r'<code>(.*?)</code></div>', text[text.index('class="log"'):])
            found = re.search(r'href="([^"]*)">Next</a>', text)
            path = found and found.group(1).replace("&amp;", "&")
        return rows

    @staticmethod
    def settled(cells):
        """Without blanks at the end, which nobody sees, and looks of blanks that show nothing."""
        while cells and cells[-1][0] == " " and not any(word[0] == "g" for word in cells[-1][1]):
            cells = cells[:-1]
        return [(c, look if c != " " else frozenset(w for w in look if w[0] == "g"), link) for c, look, link in cells]

    def test_real_output_looks_as_another_renderer_shows_it(self):
        """Each character, its colours, styles and link, against buildkite/terminal-to-html."""
        if not os.path.isdir(CORPUS):
            self.skipTest(f"no pairs to compare in {CORPUS} (SLUICE_CORPUS names another corpus)")
        names = sorted(name[:-4] for name in os.listdir(CORPUS) if name.endswith(".raw"))
        self.assertTrue(names)
        for name in names:
            with open(os.path.join(CORPUS, name + ".raw"), "rb") as f:
                step = stream(self.server, f.read(), step_name=name)
            with open(os.path.join(CORPUS, name + ".rendered"), encoding="utf-8") as f:
                want = self.by_line(Cells(f.read(), lambda c: frozenset(theirs(c))).cells)
            got = [self.settled(Cells(row, ours).cells) for row in self.rows(step)]
            while want and not want[-1]:
                want.pop()
            for n, (line, other) in enumerate(itertools.zip_longest(got, want, fillvalue=[]), 1):
                self.assertEqual(pieces(line), pieces(other), f"{name}, line {n}")

    def by_line(self, cells):
        lines = [[]]
        for cell in cells:
            if cell[0] == "\n":
                lines.append([])
            else:
                lines[-1].append(cell)
        return [self.settled(line) for line in lines]


if __name__ == "__main__":
    s.main()
