"""Texts that a release of a stranger may hold, none of which may run, break a file or pass for another text."""

from __future__ import annotations

from itertools import product

_RUNS = ["alert(1)", "fetch('//example.org')"]
_HTML = [
    "<script>{}</script>",
    "<img src=x onerror={}>",
    '"><svg onload={}>',
    "' onmouseover='{}",
    "</title><script>{}</script>",
]
_HTML += [
    "javascript:{}",
    "[a](javascript:{})",
    '<a href="javascript:{}">',
    "</style><script>{}//",
    "<!--><script>{}</script>",
]
_HTML += [
    "]]><script>{}</script>",
    "</svg><script>{}</script>",
    "<details open ontoggle={}>",
    "data:text/html,<script>{}</script>",
]
_MARKUP = [
    "&amp;lt;b&gt;",
    "&#60;script&#62;",
    "&nosuch;",
    "]]>",
    "<!DOCTYPE x>",
    "<?xml?>",
    "--><b>",
    "<b>bold",
    "</td></tr></table>",
]
_MARKUP += [
    "*{color:red}",
    "expression(1)",
    "url(//example.org/x)",
    "@import '//example.org'",
    "<style>*{display:none}</style>",
]
_MARKUP += [
    "**b** _i_ `c` ~~d~~ # h",
    "![x](//example.org/x.png)",
    "<https://example.org>",
    "| a | b |",
    "[^1]: x",
    "\\<b\\>",
]
_BRACES = [
    "{}",
    "{0}",
    "{x}",
    "{x.__class__}",
    "{declined:n}",
    "{{7*7}}",
    "{{ config }}",
    "{% raw %}",
    "{# c #}",
    "${x}",
    "%(x)s",
    "%s%n",
    "}{",
]
_MATHS = [
    "$x^2$",
    "$5 and $6",
    r"$\frac{1}{0}$",
    r"\(x\)",
    r"\input{/etc/passwd}",
    "$$",
    "\\$",
    "`id`",
    "$(id)",
    "; ls",
    "| ls",
    "&& ls",
]
_STARTS = ["", " ", "\t", "\r", "\n", "\ufeff", "\u200b", "\u00a0", "\x00"]
_FORMULAS = [before + sign + "1+cmd|' /C calc'!A0" for before, sign in product(_STARTS, "=+-@＝＋－＠")]
_CONTROLS = [
    f"a{chr(code)}b" for code in (0, 1, 7, 8, 0xB, 0xC, 0x1B, 0x1F, 0x7F, 0x80, 0x85, 0x9B, 0x9F, 0xFFFE, 0xFFFF)
]
_CONTROLS += [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b[2J",
    "\x9b31m",
    "a\x08\x08b",
    "a\rb",
    "a\nb",
    "a\r\nb",
    "a\u2028b",
]
_TURNS = [f"a{chr(code)}b" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x61C)]
_SCRIPTS = [
    "שֵׁרִיף",
    "شريف",
    "e\u0301\u0302",
    "Z" + "\u0301" * 40,
    "a\u200bb",
    "a\u200db",
    "a\u00adb",
    "👩‍👩‍👧",
    "Ａ",
    "ﬁ",
    "İ",
    "\U0001d400",
    "ñ" * 300,
]
_NAMES = [
    "X" * 300,
    "COUNTY OF " * 30,
    "../../etc/passwd",
    "..\\..\\x",
    "/etc/passwd",
    "C:\\x",
    "CON",
    "NUL.txt",
    "LPT1",
    "a:b",
    ".",
    "..",
    "~",
]
_NAMES += [
    "-rf",
    "--help",
    "a b",
    "'",
    '"',
    "`",
    "\\",
    "a,b;c",
    "null",
    "NaN",
    "NA",
    "None",
    "true",
    "1e5",
    "007",
    "1/2",
    "2015-01-03",
    "🏴",
]
SURROGATES = ["a\ud800b", "\udfff", "\udc80x"]  # which no frame, YAML or XML can hold
HOSTILE = [text.format(code) for text, code in product(_HTML, _RUNS)] + _MARKUP + _BRACES + _MATHS + _FORMULAS
HOSTILE += _CONTROLS + _TURNS + _SCRIPTS + _NAMES
