"""Words meant to break out of where they are shown, and a reader that tells whether one of them did."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

MARK = "zz9"  # in every one of them
LONG_WORD = "hamburguesa" * 40
WORDS = {
    "script": f"<script>{MARK}()</script>",
    "attribute": f'"><img src=x onerror={MARK}()>',
    "single_quote": f"' onmouseover='{MARK}()",
    "closing": f"</textarea></title></style></script><svg onload={MARK}()>",
    "template": f"{{{{7*7}}}}{MARK} {{% csrf_token %}} ${{7*7}} #{{7*7}}",
    "percent": f"%(name)s %s %d {{0}} {{name}} {MARK}",
    "link": f"javascript:{MARK}()",
    "data_link": f"data:text/html,<script>{MARK}()</script>",
    "entity": f"&lt;b&gt;{MARK}&amp;nbsp;&#x27;",
    "json": f'</script><!--<script>{MARK}"}}]\\u0022\\\\',
    "htmx": f'<div hx-get="/logout/" hx-trigger="load">{MARK}</div>',
    "long_word": LONG_WORD + MARK,
}
ALL = " ".join(WORDS.values())
# What people really write, and what has broken programs that did not expect it.
TEXTS = {
    "accents": "¿Cuánto sale? Ñandú, pingüino, 1/2 kg, 50 % off",
    "emoji": "👍🏽 ❤️‍🔥 🏳️‍🌈 🇦🇷 1️⃣",
    "family": "👨‍👩‍👧‍👦👩🏾‍🚀🧑‍🤝‍🧑",
    "right_to_left": "\u202egnp.exe\u202c مرحبا بالعالم \u2067שלום\u2069",
    "combining": "Z\u0351\u036b\u0343\u036a\u0302a\u0300\u0301\u0302\u0303l\u030c\u0324\u0325g\u0321o" * 20,
    "decomposed": "cafe\u0301 y café",
    "zero_width": "a\u200bb\u200c\u200d\ufeffc\u2060",
    "controls": "uno\ttab\x01\x1b[31mrojo\x7f\x85",
    "breaks": "uno\r\ndos\n\n\n\ntres\rcuatro\u2028cinco",
    "astral": "𝕳𝖔𝖑𝖆 𒐫 ﷽",
    "spaces": "  al  principio  y  al  final  ",
    "markdown": "*negrita* _cursiva_ ~tachado~ ```código``` [x](javascript:alert(1)) ![x](http://127.0.0.1/x.png)",
    "numbers": "0800-555-0000 +54 9 11 5555-0000 1e309 NaN null undefined true",
    "sql": "'; drop table crm_lead; -- \\' \" %",
    "path": "../../etc/passwd C:\\Windows\\win.ini \\\\host\\share",
    **WORDS,
}


@dataclass
class Reader(HTMLParser):
    """Reads a page as a browser would and notes where MARK became more than text."""

    broken: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    inside: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        for name, value in attrs:
            value = value or ""
            acts = name.startswith(("on", "hx-on")) or name == "style"
            goes = name in ("href", "src", "action", "formaction", "hx-get", "hx-post", "srcdoc")
            leaves = value.strip().lower().startswith(("javascript:", "data:text", "vbscript:"))
            if (acts and MARK in value) or (goes and leaves) or MARK in name or name == "srcdoc":
                self.broken.append(f"<{tag} {name}={value[:80]!r}>")
            self.said.append(value)

    def handle_data(self, data: str) -> None:
        if self.inside == "style" and MARK in data:
            self.broken.append(f"<{self.inside}> {data[:80]!r}")
        if self.inside == "script" and f"{MARK}()" in data and "\\u003C" not in data:
            self.broken.append(f"<script> {data[:80]!r}")
        self.said.append(data)

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    if f"49{MARK}" in page:
        reader.broken.append("a template of the customer was worked out")
    return reader


def shows(page: str, words: str) -> bool:
    """Whether a person can read exactly these words somewhere on the page, runs of white space aside."""
    wanted = " ".join(words.split())
    reader = read(page)
    if any(wanted in " ".join(each.split()) for each in reader.said):
        return True
    return wanted in " ".join("".join(reader.said).split())
