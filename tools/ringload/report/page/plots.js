// What all plots share: the frame with its grid, lines with gaps, marks, the switch of the scale, the readout.

const kLeft = 62;
const kRight = 14;
const kAxisHeight = 26;
const kTitleHeight = 16;
const kLaneHeight = 15;

/** A figure with a heading, a legend and room for an SVG; `draw(isLog)` is called when the scale is switched. */
function figureOf(id, title, legend, note) {
    const top = element('div', {class: 'top'}, element('h2', {id: `${id}-title`}, title));
    if (legend.length > 0) {
        const entries = legend.map(({text, style}) =>
            element('li', {}, drawn('svg', {viewBox: '0 0 28 10', 'aria-hidden': 'true'}, swatchOf(style)), text),
        );
        top.append(element('ul', {class: 'legend'}, ...entries));
    }
    const canvas = element('div', {class: 'canvas'});
    const figure = element('figure', {id, 'aria-labelledby': `${id}-title`}, top, canvas);
    if (note) figure.append(element('p', {class: 'note'}, note));
    return {figure, top, canvas};
}

function swatchOf(style) {
    if (style === 'bar') return drawn('rect', {x: 8, y: 0, width: 12, height: 10, class: 'bar'});
    return drawn('path', {d: 'M0 5H28', class: `line ${style}`});
}

function scaleSwitch(id, isLog, changed) {
    const choices = ['linear', 'log'].map((name) => {
        const input = element('input', {type: 'radio', name: `${id}-scale`, value: name});
        input.checked = (name === 'log') === isLog;
        input.addEventListener('change', () => changed(name === 'log'));
        return element('label', {}, input, name);
    });
    return element(
        'fieldset',
        {class: 'switch'},
        element('legend', {class: 'hidden'}, 'Scale of the latency'),
        ...choices,
    );
}

/** Values far apart are told from each other on a logarithmic scale only. */
function wantsLog(values) {
    const sorted = values.filter((value) => value > 0).sort((a, b) => a - b);
    return sorted.length > 0 && sorted.at(-1) > 30 * sorted[Math.floor(sorted.length / 2)];
}

/** While the page is printed: about what a sheet of paper holds, so that texts keep their size; else null. */
let paperWidth = null;

function widthIn(canvas) {
    if (paperWidth !== null) return paperWidth;
    return Math.max(280, Math.round(canvas.clientWidth || 1000));
}

/** Empties the canvas and gives an SVG as wide as it, with what places things in it. */
function beginPlot(canvas, height, label, {lanes = 0, hasTitle = true} = {}) {
    const width = widthIn(canvas);
    const bottom = height + lanes * kLaneHeight;
    const area = {left: kLeft, right: width - kRight, top: 8 + lanes * kLaneHeight, bottom};
    const whole = bottom + kAxisHeight + (hasTitle ? kTitleHeight : 0);
    const svg = drawn('svg', {viewBox: `0 0 ${width} ${whole}`, role: 'img', 'aria-label': label, tabindex: '0'});
    canvas.replaceChildren(svg);
    return {svg, width, height: whole, area};
}

function drawAxes({svg, area, width}, x, y, xTitle) {
    const rows = drawn('g', {class: 'y-axis'});
    for (const tick of y.ticks) {
        const at = Math.round(y.scale(tick)) + 0.5;
        rows.append(drawn('path', {d: `M${area.left} ${at}H${area.right}`, class: 'grid'}));
        rows.append(drawn('text', {x: area.left - 8, y: at + 4, 'text-anchor': 'end'}, y.text(tick)));
    }
    const columns = drawn('g', {class: 'x-axis'});
    let free = 0; // from where on there is room for a text
    for (const {at, text} of x.ticks) {
        const place = Math.round(x.scale(at)) + 0.5;
        const half = widthOf(text) / 2;
        columns.append(drawn('path', {d: `M${place} ${area.bottom}v5`, class: 'axis'}));
        if (x.isColumn) columns.append(drawn('path', {d: `M${place} ${area.top}V${area.bottom}`, class: 'grid'}));
        if (place - half < free) continue;
        free = place + half + 8;
        columns.append(
            drawn('text', {x: Math.min(place, width - half), y: area.bottom + 18, 'text-anchor': 'middle'}, text),
        );
    }
    columns.append(drawn('path', {d: `M${area.left} ${area.bottom + 0.5}H${area.right}`, class: 'axis'}));
    if (xTitle)
        columns.append(
            drawn('text', {x: area.right, y: area.bottom + 36, 'text-anchor': 'end', class: 'x-title'}, xTitle),
        );
    svg.append(rows, columns);
}

/** Points are [x, y] in the plot, or null where there is nothing: the line has a gap there. A point between gaps is a dot. */
function drawLine(svg, name, style, points) {
    let path = '';
    const lone = [];
    points.forEach((point, i) => {
        if (point === null) return;
        const begins = (points[i - 1] ?? null) === null;
        if (begins && (points[i + 1] ?? null) === null) lone.push(point);
        path += `${begins ? 'M' : 'L'}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
    });
    svg.append(drawn('path', {d: path, class: `line ${style}`, 'data-line': name}));
    for (const [x, y] of lone)
        svg.append(drawn('circle', {cx: x, cy: y, r: 4, class: `dot ${style}`, 'data-line': name}));
}

function drawNothing({svg, area}, words) {
    const place = {x: (area.left + area.right) / 2, y: (area.top + area.bottom) / 2 + 4};
    svg.append(drawn('text', {...place, 'text-anchor': 'middle', class: 'nothing'}, words));
}

const ruler = document.createElement('canvas').getContext('2d');

function widthOf(text) {
    ruler.font = '12px system-ui, sans-serif';
    return ruler.measureText(text).width;
}

function clipped(text, width) {
    if (widthOf(text) <= width) return text;
    let end = Math.min(text.length, 200);
    while (end > 1 && widthOf(`${text.slice(0, end)}…`) > width) --end;
    return `${text.slice(0, end)}…`;
}

/** Where the texts of marks stand: above those of later marks whose lines they would cross. Marks are {at, text}, by time. */
function placeMarks(marks, scale, right, lanesMax) {
    const placed = [];
    for (const {at, text} of marks.toReversed()) {
        const x = scale(at);
        const words = clipped(text, Math.min(200, right - kLeft));
        const width = widthOf(words);
        const begin = Math.min(x + 4, right - width);
        const crossed = placed.filter((later) => Math.min(later.x, later.begin) < begin + width + 6);
        const lane = crossed.reduce((most, later) => Math.max(most, later.lane + 1), 0);
        if (lane < lanesMax) placed.push({x, begin, text, words, lane});
        else placed.push({x, begin, text, words: null, lane: -1});
    }
    return placed.reverse();
}

/** Texts come last, so that no line runs over them. */
function drawMarks({svg, area}, placed) {
    for (const {x, text, lane} of placed) {
        const path = {
            d: `M${Math.round(x) + 0.5} ${area.top - (lane + 1) * kLaneHeight}V${area.bottom}`,
            class: 'mark',
        };
        svg.append(drawn('path', path, drawn('title', {}, text)));
    }
    for (const {begin, words, lane} of placed.filter((each) => each.words !== null)) {
        svg.append(drawn('text', {x: begin, y: area.top - (lane + 1) * kLaneHeight + 11, class: 'mark-text'}, words));
    }
}

/** A box at the pointer: a heading and names with values. */
function showReadout(plot, canvas, x, heading, rows) {
    hideReadout(canvas);
    const entries = rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]);
    const box = element(
        'div',
        {class: 'readout', role: 'status'},
        element('p', {}, heading),
        element('dl', {}, ...entries),
    );
    canvas.append(box);
    const shown = (x / plot.width) * canvas.clientWidth;
    const left = shown + 14 + box.offsetWidth <= canvas.clientWidth ? shown + 14 : shown - 14 - box.offsetWidth;
    box.style.left = `${Math.max(0, left)}px`;
    box.style.top = `${(plot.area.top / plot.width) * canvas.clientWidth}px`;
}

function hideReadout(canvas) {
    canvas.querySelector('.readout')?.remove();
}

/** Calls `moved(index)` for the nearest of `places` (ascending) to pointer or arrow keys, and `moved(null)` at the end. */
function followPointer(plot, places, moved) {
    let current = null;
    const go = (index) => {
        current = index === null || places.length === 0 ? null : Math.max(0, Math.min(places.length - 1, index));
        moved(current);
    };
    const toPointer = (event) => {
        const box = plot.svg.getBoundingClientRect();
        go(nearest(places, ((event.clientX - box.left) / box.width) * plot.width));
    };
    plot.svg.addEventListener('pointermove', toPointer);
    plot.svg.addEventListener('pointerdown', toPointer);
    plot.svg.addEventListener('pointerleave', () => go(null));
    plot.svg.addEventListener('blur', () => go(null));
    plot.svg.addEventListener('keydown', (event) => {
        const steps = {
            ArrowLeft: (current ?? places.length) - 1,
            ArrowRight: (current ?? -1) + 1,
            Home: 0,
            End: places.length - 1,
            Escape: null,
        };
        if (!(event.key in steps)) return;
        go(steps[event.key]);
        event.preventDefault();
    });
}

function nearest(places, x) {
    let low = 0;
    let high = places.length - 1;
    while (low < high) {
        const middle = (low + high) >> 1;
        if ((places[middle] + places[middle + 1]) / 2 < x) low = middle + 1;
        else high = middle;
    }
    return low;
}
