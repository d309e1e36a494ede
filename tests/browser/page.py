"""What a reader sees of a page of ringload: its plots and tables as the browser drew them, and the result that it holds."""

import json
import math
import re
from decimal import ROUND_HALF_UP, Decimal

SNAPSHOT = """(() => {
    const all = (root, selector) => [...root.querySelectorAll(selector)];
    const box = (node) => { const b = node.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
    const number = (node, name) => Number(node.getAttribute(name));
    const texts = (root, selector) => all(root, selector).map((node) => ({text: node.textContent, x: number(node, 'x'),
        y: number(node, 'y'), box: box(node)}));
    const line = (node) => node.tagName === 'circle' ? [[number(node, 'cx'), number(node, 'cy')]] :
        [...node.getAttribute('d').matchAll(/[ML]([-0-9.]+) ([-0-9.]+)/g)].map((m) => [Number(m[1]), Number(m[2])]);
    const figures = {};
    for (const figure of all(document, 'figure')) {
        const svg = figure.querySelector('.canvas > svg');
        const lines = {};
        for (const node of all(svg, '[data-line]')) {
            const made = lines[node.dataset.line] ??= {points: [], dots: 0, dash: '', colour: '', gaps: -1};
            if (node.tagName === 'circle') ++made.dots;
            else {
                made.points = line(node);
                made.gaps += node.getAttribute('d').split('M').length - 1;
                made.dash = getComputedStyle(node).strokeDasharray;
                made.colour = getComputedStyle(node).stroke;
            }
        }
        figures[figure.id] = {lines, heading: figure.querySelector('h2').textContent, role: svg.getAttribute('role'),
            label: svg.getAttribute('aria-label'), legend: all(figure, '.legend li').map((node) => node.textContent),
            x: texts(svg, '.x-axis text:not(.x-title)'), y: texts(svg, '.y-axis text'), title: texts(svg, '.x-title'),
            marks: all(svg, '.mark').map((node) => ({x: Number(node.getAttribute('d').match(/M([-0-9.]+)/)[1]),
                text: node.textContent, box: box(node)})),
            markTexts: texts(svg, '.mark-text'), bands: all(svg, '.band').length,
            nothing: texts(svg, '.nothing').map((t) => t.text),
            bars: all(svg, '.bar').map((node) => ({x: number(node, 'x'), width: number(node, 'width'), y: number(node, 'y'),
                height: number(node, 'height')})),
            crosses: all(svg, '.cross').length, dots: all(svg, 'circle:not([data-line])').map((node) => number(node, 'cy')),
            readout: figure.querySelector('.readout')?.innerText ?? null, box: box(svg)};
    }
    const tables = {};
    for (const table of all(document, 'table')) {
        const cells = (row) => all(row, 'th, td').map((node) => node.textContent);
        tables[table.id] = {caption: table.caption?.firstChild.textContent ?? '', heads: cells(table.tHead),
            rows: all(table.tBodies[0], 'tr').map(cells), bad: all(table.tBodies[0], 'tr').map((row) => row.className === 'bad'),
            scopes: all(table, 'th').every((node) => node.hasAttribute('scope'))};
    }
    return {figures, tables, title: document.title, heading: document.querySelector('h1')?.textContent ?? '',
        facts: document.querySelector('.facts')?.textContent ?? '',
        warnings: all(document, '.warning').map((node) => node.textContent),
        headline: Object.fromEntries(all(document, '.headline div').map((node) => [node.children[0].textContent,
            [node.children[1].textContent, node.children[2].textContent]])),
        text: document.body.innerText,
        attributes: all(document, 'main *').flatMap((node) => [...node.attributes].map((a) => a.value)),
        elements: [...new Set(all(document, '*').map((node) => node.tagName.toLowerCase()))].sort(),
        scripts: document.scripts.length, width: document.documentElement.clientWidth,
        contentWidth: document.documentElement.scrollWidth,
        paper: getComputedStyle(document.body).backgroundColor, ink: getComputedStyle(document.body).color};
})()"""

UNITS = {"µs": 1e-3, "ms": 1.0, "s": 1e3, "/s": 1.0, "k/s": 1e3, "M/s": 1e6, "": 1.0, "k": 1e3, "M": 1e6}
SECONDS = {"": 1.0, "s": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0}
THIN = "\u202f"


def result_in(text):
    """The JSON that a page holds, as any reader of HTML finds it."""
    return json.loads(re.search(r'<script type="application/json" id="result">(.*?)</script>', text, re.S).group(1))


def with_result(text, json_text):
    begin = text.index('id="result">') + len('id="result">')
    return text[:begin] + json_text.replace("<", "\\u003c") + text[text.index("</script>", begin) :]


def measured(text, units):
    """"1 500/s", "2.5 ms", "20 min" as a number."""
    match = re.fullmatch(r"(-?[0-9.]+)\s*(\D*)", text.replace(THIN, ""))
    assert match, f"no number: {text!r}"
    return float(match.group(1)) * units[match.group(2).strip()]


def rounded(value, digits):
    """Halves go up, as JavaScript has it."""
    return str(Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def count(value):
    return "–" if value is None else f"{int(rounded(value, 0)):,}".replace(",", THIN)


def ms(value):
    """As tables show it: three significant digits."""
    if value is None or value == 0:
        return "–" if value is None else "0 ms"
    size, unit = next(((s, u) for s, u in ((1e-3, "µs"), (1.0, "ms")) if value / s < 999.5), (1000.0, "s"))
    shown = value / size
    digits = next((d for d, below in ((2, 9.995), (1, 99.95)) if shown < below), 0)
    return f"{rounded(shown, digits) if digits else count(shown)} {unit}"


def rate(value):
    return f"{count(value)}/s" if value >= 100 else f"{float(f'{value:.3g}'):g}/s"


def axis(ticks, place, units):
    """[(place, value)] of the ticks of an axis."""
    return [(tick[place], measured(tick["text"], units)) for tick in ticks]


def value_at(ticks, place, is_log=False):
    """What stands at a place of an axis, by its first and last tick."""
    (from_place, low), (to_place, high) = ticks[0], ticks[-1]
    share = (place - from_place) / (to_place - from_place)
    if is_log:
        return math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
    return low + share * (high - low)


def luminance(colour):
    channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Of WCAG 2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


class Pages:
    """Pages on disk and the browser that shows them."""

    def __init__(self, browser, folder):
        self.browser = browser
        self.folder = folder

    def path(self, name):
        return self.folder / f"{name}.html"

    def result(self, name):
        return result_in(self.path(name).read_text(encoding="utf-8"))

    def open(self, name, **how):
        """A page as it is seen. Whatever it shows, it has no errors, asks for nothing and shows no broken value."""
        url = self.path(name).as_uri()
        self.browser.open(url, **how)
        seen = self.see()
        assert not self.browser.complaints, self.browser.complaints
        assert self.browser.requests == [url], self.browser.requests
        for text in [seen["text"], *seen["attributes"]]:
            for word in ("NaN", "undefined", "Infinity", "[object"):
                assert word not in text, f"{word} in {text[:200]!r}"
        return seen

    def see(self):
        return self.browser.run(SNAPSHOT)

    def with_result(self, name, json_text):
        """A page like the whole one around another result."""
        made = with_result(self.path("whole").read_text(encoding="utf-8"), json_text)
        self.path(name).write_text(made, encoding="utf-8")

    def choose(self, figure, scale):
        self.browser.run(f"document.querySelector('#{figure} input[value={scale}]').click()")
        return self.see()["figures"][figure]


def near(one, other, share=0.01, least=0.0):
    return abs(one - other) <= max(share * abs(other), least)


def check_line(points, expected, ticks, is_log, what):
    assert len(points) == len(expected), f"{what}: {len(points)} points of {len(expected)}"
    # a tenth of a pixel is how places are written, half a pixel how ticks are rounded
    pixel = abs((ticks[-1][1] - ticks[0][1]) / (ticks[-1][0] - ticks[0][0]))
    for (_, y), value in zip(points, expected):
        shown = value_at(ticks, y + 4, is_log)
        assert near(shown, value, 0.03 if is_log else 0, 0 if is_log else 1.1 * pixel), f"{what}: {shown} for {value}"
