// Latency, rate and errors on one time axis, with the marks of what was done to the origins on all three.

const kPointsMax = 600;
const kLanesMax = 6;

/** The series as at most `kPointsMax` points. Of the samples that share one: the highest latencies, so that none hides. */
function pointsOf(result) {
    const samples = objectsOf(result.series)
        .filter((sample) => isNumber(sample.at_s))
        .sort((a, b) => a.at_s - b.at_s);
    const share = Math.ceil(samples.length / kPointsMax);
    const points = [];
    for (let i = 0; i < samples.length; i += share) points.push(pointOf(samples.slice(i, i + share)));
    return {points, share};
}

function pointOf(samples) {
    const sum = (of) => samples.reduce((total, sample) => total + of(sample), 0);
    const most = (name) => Math.max(0, ...samples.map((sample) => numberOf(sample[name])));
    const length = sum((sample) => numberOf(sample.length_s));
    const perSecond = (name) =>
        length > 0 ? sum((sample) => numberOf(sample[name]) * numberOf(sample.length_s)) / length : most(name);
    const to = samples.at(-1).at_s;
    const from = samples[0].at_s - numberOf(samples[0].length_s);
    return {
        from,
        to,
        middle: (from + to) / 2,
        rate: perSecond('rate'),
        offered: perSecond('offered'),
        errors: sum((sample) => numberOf(sample.errors)),
        inFlight: most('in_flight'),
        p50: most('p50_ms'),
        p90: most('p90_ms'),
        p99: most('p99_ms'),
        max: most('max_ms'),
    };
}

function marksOf(result) {
    return objectsOf(result.marks)
        .filter((mark) => isNumber(mark.at_s))
        .map((mark) => ({at: mark.at_s, text: textOf(mark.text)}))
        .sort((a, b) => a.at - b.at);
}

/** While a fault lasted, the plots are tinted. */
function bandsOf(result) {
    return objectsOf(result.faults)
        .filter((fault) => fault.until_s > fault.at_s)
        .map((fault) => [fault.at_s, fault.until_s]);
}

const kLatencyLines = [
    {key: 'max', text: 'max', style: 'fourth'},
    {key: 'p99', text: 'p99', style: 'third'},
    {key: 'p90', text: 'p90', style: 'second'},
    {key: 'p50', text: 'p50', style: 'first fine'},
];

/** All that the three plots share. */
function timesOf(result) {
    const {points, share} = pointsOf(result);
    const marks = marksOf(result);
    const from = Math.min(0, ...points.map((point) => point.from), ...marks.map((mark) => mark.at));
    const to = Math.max(
        numberOf(result.measured_s),
        ...points.map((point) => point.to),
        ...marks.map((mark) => mark.at),
    );
    return {
        points,
        share,
        marks,
        bands: bandsOf(result),
        measured: isNumber(result.measured_s) ? result.measured_s : Infinity,
        from,
        to: to > from ? to : from + 1,
        isOpen: isOpen(result),
        isLog: wantsLog(points.flatMap(({p50, p99, max}) => [p50, p99, max])),
        plots: [],
    };
}

function timeFigures(result) {
    const times = timesOf(result);
    const each =
        times.points.length > 0
            ? `A point is an interval of ${showSeconds(times.points[0].to - times.points[0].from)}`
            : '';
    const note =
        times.share > 1
            ? `${each}: the highest latencies of ${times.share} samples, their mean rate, the sum of their errors.`
            : each && `${each}.`;
    const rates = [{text: 'answered', style: 'first'}, ...(times.isOpen ? [{text: 'offered', style: 'second'}] : [])];
    const hasErrors = times.points.some((point) => point.errors > 0);
    const latency = figureOf('latency', 'Latency over time', kLatencyLines, '');
    const rate = figureOf('rate', 'Rate over time', times.isOpen ? rates : [], '');
    const errors = figureOf('errors', 'Errors over time', [], note);
    const draw = () => {
        times.plots = [];
        drawLatency(times, latency.canvas);
        drawRate(times, rate.canvas);
        drawErrors(times, errors.canvas, hasErrors);
    };
    if (times.points.length > 0) {
        latency.top.append(
            scaleSwitch('latency', times.isLog, (chosen) => {
                times.isLog = chosen;
                draw();
            }),
        );
    }
    return {figures: [latency.figure, rate.figure, errors.figure], draw};
}

/** Frame, tints and marks of one of the plots; its axis of values comes from `axisOf(area)`. */
function beginTimes(times, canvas, height, label, axisOf, xTitle = '') {
    const right = widthIn(canvas) - kRight;
    const xScale = linearScale(times.from, times.to, kLeft, right);
    const placed = placeMarks(times.marks, xScale, right, kLanesMax);
    const lanes = placed.reduce((most, {lane}) => Math.max(most, lane + 1), 0);
    const plot = beginPlot(canvas, times.points.length > 0 ? height : 80, label, {lanes, hasTitle: xTitle !== ''});
    const {svg, area} = plot;
    const y = axisOf(area);
    for (const [from, to] of times.bands) {
        const begin = xScale(Math.max(from, times.from));
        const end = xScale(Math.min(to, times.to));
        if (end > begin)
            svg.append(
                drawn('rect', {
                    x: begin,
                    y: area.top,
                    width: end - begin,
                    height: area.bottom - area.top,
                    class: 'band',
                }),
            );
    }
    const isEmpty = times.points.length === 0;
    const ticks = isEmpty ? [] : timeTicks(times.from, times.to, Math.floor((area.right - area.left) / 70));
    drawAxes(plot, {ticks, scale: xScale}, isEmpty ? {...y, ticks: []} : y, xTitle);
    drawMarks(plot, placed);
    if (isEmpty) drawNothing(plot, 'No interval was measured.');
    Object.assign(plot, {canvas, xScale, y});
    times.plots.push(plot);
    return plot;
}

function drawLatency(times, canvas) {
    const shown = times.points.flatMap(({p50, p90, p99, max}) => [p50, p90, p99, max]).filter((value) => value > 0);
    const label =
        shown.length > 0
            ? `Latency over time: p50, p90, p99 and max of ${times.points.length} points, at most ${showMs(Math.max(...shown))}`
            : 'Latency over time: nothing was measured';
    const plot = beginTimes(times, canvas, 260, label, (area) =>
        latencyAxis(
            times.isLog,
            shown.length > 0 ? Math.min(...shown) : 0,
            Math.max(0, ...shown),
            area.bottom,
            area.top,
        ),
    );
    for (const {key, style} of kLatencyLines) {
        const line = times.points.map((point) =>
            point[key] > 0 ? [plot.xScale(point.middle), plot.y.scale(point[key])] : null,
        );
        drawLine(plot.svg, key, style, line);
    }
    followTimes(times, plot, (point) =>
        kLatencyLines.filter(({key}) => point[key] > 0).map(({key, style}) => [style, point[key]]),
    );
}

function drawRate(times, canvas) {
    const lines = [...(times.isOpen ? [['offered', 'second']] : []), ['rate', 'first']];
    // behind the measured time nothing is due any more: what still comes in is no rate
    const points = times.points.filter((point) => point.from < times.measured);
    const high = Math.max(0, ...points.flatMap((point) => lines.map(([key]) => point[key])));
    const kinds = times.isOpen ? 'answered and offered' : 'answered';
    const label = `Rate over time: ${kinds} requests a second, at most ${showRate(high)}`;
    const plot = beginTimes(times, canvas, 170, label, (area) => numberAxis(high, area.bottom, area.top, '/s'));
    for (const [key, style] of lines) {
        drawLine(
            plot.svg,
            key === 'rate' ? 'answered' : key,
            style,
            points.map((point) => [plot.xScale(point.middle), plot.y.scale(point[key])]),
        );
    }
    followTimes(times, plot, (point) => lines.map(([key, style]) => [style, point[key]]));
}

function drawErrors(times, canvas, hasErrors) {
    const high = Math.max(0, ...times.points.map((point) => point.errors));
    const sum = times.points.reduce((total, point) => total + point.errors, 0);
    const label = hasErrors
        ? `Errors over time: ${showCount(sum)} in all, at most ${showCount(high)} in an interval`
        : 'Errors over time: none';
    const plot = beginTimes(
        times,
        canvas,
        hasErrors ? 130 : 70,
        label,
        (area) => {
            const axis = numberAxis(high, area.bottom, area.top, '', 1);
            return hasErrors ? axis : {...axis, ticks: [0]};
        },
        'time since the measurement began',
    );
    for (const point of times.points) {
        if (point.errors === 0) continue;
        const begin = plot.xScale(point.from);
        const width = plot.xScale(point.to) - begin;
        const gap = width > 4 ? 1 : 0;
        const top = Math.min(plot.y.scale(point.errors), plot.area.bottom - 2); // one among thousands is seen
        const place = {
            x: (begin + gap / 2).toFixed(2),
            y: top.toFixed(2),
            width: Math.max(1.5, width - gap).toFixed(2),
            height: (plot.area.bottom - top).toFixed(2),
        };
        plot.svg.append(drawn('rect', {...place, class: 'bar'}));
    }
    if (!hasErrors && times.points.length > 0) drawNothing(plot, 'No errors.');
    followTimes(times, plot, () => []);
}

/** The cross of all plots follows the pointer over any of them; the values stand in the one that is pointed at. */
function followTimes(times, plot, dotsOf) {
    const cross = drawn('g', {});
    plot.svg.append(cross);
    plot.showCross = (point) => {
        cross.replaceChildren();
        if (point === null) return;
        const x = plot.xScale(point.middle);
        cross.append(
            drawn('path', {d: `M${Math.round(x) + 0.5} ${plot.area.top}V${plot.area.bottom}`, class: 'cross'}),
        );
        for (const [style, value] of dotsOf(point)) {
            cross.append(drawn('circle', {cx: x, cy: plot.y.scale(value), r: 3.5, class: `dot ${style}`}));
        }
    };
    followPointer(
        plot,
        times.points.map((point) => plot.xScale(point.middle)),
        (index) => {
            const point = index === null ? null : times.points[index];
            for (const each of times.plots) each.showCross(point);
            if (point === null) return hideReadout(plot.canvas);
            showReadout(
                plot,
                plot.canvas,
                plot.xScale(point.middle),
                `${showSeconds(point.from)} to ${showSeconds(point.to)}`,
                rowsOf(times, point),
            );
        },
    );
}

function rowsOf(times, point) {
    const latencies = kLatencyLines.map(({key, text}) => [text, point[key] > 0 ? showMs(point[key]) : kNone]);
    return [
        ...latencies,
        ['answered', showRate(point.rate)],
        ...(times.isOpen ? [['offered', showRate(point.offered)]] : []),
        ['errors', showCount(point.errors)],
        ['in flight', showCount(point.inFlight)],
    ];
}
