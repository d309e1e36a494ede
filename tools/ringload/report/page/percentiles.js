// Latency by percentile, on HdrHistogram's scale: the tail gets the room that it deserves.

const kPercentileHeight = 300;

/** [percentile, ms] of a distribution, ascending. */
function curveOf(distribution) {
    return listOf(objectOf(distribution).curve).filter(
        (point) => Array.isArray(point) && isNumber(point[0]) && isNumber(point[1]),
    );
}

function percentileCurves(result) {
    const corrected = {name: 'corrected', style: 'first', curve: curveOf(result.latency), of: objectOf(result.latency)};
    if (!isOpen(result)) return [{...corrected, name: 'latency'}].filter(({curve}) => curve.length > 0);
    const uncorrected = {
        name: 'uncorrected',
        style: 'second',
        curve: curveOf(result.uncorrected),
        of: objectOf(result.uncorrected),
    };
    return [corrected, uncorrected].filter(({curve}) => curve.length > 0);
}

/** The first value that at least this share of the requests does not pass. */
function valueAt(curve, percentile) {
    return (curve.find((point) => point[0] >= percentile - 1e-9) ?? curve.at(-1))[1];
}

function percentileFigure(result) {
    const curves = percentileCurves(result);
    const legends = {
        corrected: 'corrected: from when a request was due',
        uncorrected: 'uncorrected: from when it was sent',
        latency: 'latency',
    };
    const note = isOpen(result)
        ? ''
        : 'A closed loop has no schedule to be late against: latency counts from when a request was sent.';
    const legend = curves.length > 1 ? curves.map(({name, style}) => ({text: legends[name], style})) : [];
    const made = figureOf('percentiles', 'Latency by percentile', legend, note);
    let isLog = wantsLog(curves.flatMap(({curve}) => curve.map((point) => point[1])));
    const draw = () => drawPercentiles(made.canvas, curves, isLog);
    if (curves.length > 0) {
        made.top.append(
            scaleSwitch('percentiles', isLog, (chosen) => {
                isLog = chosen;
                draw();
            }),
        );
    }
    return {figure: made.figure, draw};
}

function describePercentiles(curves) {
    const parts = curves.map(({name, of}) => {
        const figures = ['p50', 'p90', 'p99', 'p99.9', 'max'].map((key) => `${key} ${showMs(of[`${key}_ms`])}`);
        return `${name}: ${figures.join(', ')}`;
    });
    return parts.length > 0
        ? `Latency by percentile. ${parts.join('; ')}`
        : 'Latency by percentile: nothing was measured';
}

function drawPercentiles(canvas, curves, isLog) {
    const plot = beginPlot(canvas, curves.length > 0 ? kPercentileHeight : 80, describePercentiles(curves));
    const {area} = plot;
    const count = Math.max(10, ...curves.map(({of}) => numberOf(of.count)));
    const decades = Math.log10(count);
    const xScale = percentileScale(decades, area.left, area.right);
    const x = {ticks: percentileTicks(decades), scale: xScale, isColumn: true};
    const values = curves.flatMap(({curve}) => curve.map((point) => point[1])).filter((value) => value > 0);
    const y = latencyAxis(isLog, Math.min(...values), Math.max(0, ...values), area.bottom, area.top);
    if (curves.length === 0) x.ticks = y.ticks = [];
    drawAxes(plot, x, y, 'percentile');
    if (curves.length === 0) return drawNothing(plot, 'No latency was measured.');
    for (const {name, style, curve} of curves) {
        drawLine(
            plot.svg,
            name,
            style,
            curve.map((point) => [xScale(point[0]), y.scale(point[1])]),
        );
    }
    followPercentiles(plot, canvas, curves, xScale, y.scale);
}

function followPercentiles(plot, canvas, curves, xScale, yScale) {
    const longest = curves.map(({curve}) => curve).reduce((a, b) => (b.length > a.length ? b : a));
    const percentiles = [...new Set(longest.map((point) => point[0]))];
    const cross = drawn('g', {});
    plot.svg.append(cross);
    followPointer(plot, percentiles.map(xScale), (index) => {
        cross.replaceChildren();
        if (index === null) return hideReadout(canvas);
        const percentile = percentiles[index];
        const x = xScale(percentile);
        cross.append(
            drawn('path', {d: `M${Math.round(x) + 0.5} ${plot.area.top}V${plot.area.bottom}`, class: 'cross'}),
        );
        for (const {style, curve} of curves) {
            cross.append(drawn('circle', {cx: x, cy: yScale(valueAt(curve, percentile)), r: 4, class: `dot ${style}`}));
        }
        const heading = percentile >= 100 ? 'maximum' : showPercentile(percentile);
        showReadout(
            plot,
            canvas,
            x,
            heading,
            curves.map(({name, curve}) => [name, showMs(valueAt(curve, percentile))]),
        );
    });
}
