// Scales, and ticks at round values. A scale takes a value to its place in the plot.

function linearScale(from, to, begin, end) {
    const span = to - from || 1;
    return (value) => begin + ((value - from) / span) * (end - begin);
}

function logScale(from, to, begin, end) {
    const inner = linearScale(Math.log10(from), Math.log10(to), begin, end);
    return (value) => inner(Math.log10(Math.max(value, from)));
}

/** HdrHistogram's: as far from 90 to 99 as from 99 to 99.9. The maximum has no place of its own; it ends the axis. */
function percentileScale(decades, begin, end) {
    const inner = linearScale(0, decades, begin, end);
    return (percentile) => inner(Math.min(decades, -Math.log10(Math.max(1 - percentile / 100, 1e-12))));
}

/** 1, 2 or 5 times a power of ten, so that `span` takes at most `count` of them. */
function roundStep(span, count) {
    const power = 10 ** Math.floor(Math.log10(span / count));
    return [1, 2, 5, 10].map((factor) => factor * power).find((step) => span / step <= count * 1.0001);
}

/** From 0 to the first round value that is not below `max`. */
function linearTicks(max, count, stepMin = 0) {
    const step = Math.max(roundStep(max > 0 ? max : 1, count), stepMin);
    const ticks = [];
    const last = Math.max(1, Math.ceil(max / step - 1e-9));
    for (let i = 0; i <= last; ++i) ticks.push(Number((i * step).toPrecision(12)));
    return ticks;
}

/** Round values around min..max: each of 1, 2, 5 when there is room, else powers of ten. */
function logTicks(min, max, count) {
    const factors = Math.log10(max / min) * 3 <= count ? [1, 2, 5] : [1];
    const ticks = [];
    for (let power = Math.floor(Math.log10(min)) - 1; power <= Math.ceil(Math.log10(max)) + 1; ++power) {
        for (const factor of factors) ticks.push(Number(`${factor}e${power}`));
    }
    const first = ticks.findLastIndex((tick) => tick <= min * 1.000001);
    const last = ticks.findIndex((tick) => tick >= max * 0.999999);
    return ticks.slice(first, Math.max(last, first + 1) + 1);
}

/** Of a time axis from `from` to `to` seconds, on multiples of what clocks count in. */
function timeTicks(from, to, count) {
    const span = to - from;
    const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
    const step =
        span < count ? roundStep(span, count) : (steps.find((size) => span / size <= count) ?? roundStep(span, count));
    const ticks = [];
    for (let i = Math.ceil(from / step - 1e-9); i * step <= to * 1.000001; ++i)
        ticks.push(Number((i * step).toPrecision(12)));
    const [size, unit] =
        step % 3600 === 0 ? [3600, 'h'] : step % 60 === 0 ? [60, 'min'] : step < 0.1 ? [0.001, 'ms'] : [1, 's'];
    return ticks.map((tick) => ({
        at: tick,
        text: tick === 0 ? '0' : `${Number((tick / size).toPrecision(9))} ${unit}`,
    }));
}

/** 0, 90, 99, 99.9 ... */
function percentileTicks(decades) {
    const ticks = [{at: 0, text: '0 %'}];
    for (let nines = 1; nines <= decades + 1e-9; ++nines) {
        const at = 100 - 10 ** (2 - nines);
        ticks.push({at, text: `${at.toFixed(Math.max(0, nines - 2))} %`});
    }
    return ticks;
}

/** The vertical axis of latencies from `low` to `high`: {ticks, scale, text}. */
function latencyAxis(isLog, low, high, bottom, top) {
    const count = Math.max(3, Math.floor((bottom - top) / 38));
    if (isLog && low > 0) {
        const ticks = logTicks(low, high, count + 2);
        return {ticks, scale: logScale(ticks[0], ticks.at(-1), bottom, top), text: showRoundMs};
    }
    const ticks = linearTicks(high, count);
    return {ticks, scale: linearScale(0, ticks.at(-1), bottom, top), text: oneUnit(ticks.at(-1))};
}

/** One unit for all ticks of a linear axis. */
function oneUnit(max) {
    const [size, unit] = max < 1 ? [1e-3, 'µs'] : max < 1000 ? [1, 'ms'] : [1000, 's'];
    return (ms) => (ms === 0 ? '0' : `${short(Number((ms / size).toPrecision(12)))} ${unit}`);
}

/** The vertical axis of numbers from 0 on: rates, errors. */
function numberAxis(high, bottom, top, suffix, stepMin = 0) {
    const ticks = linearTicks(high, Math.max(2, Math.floor((bottom - top) / 34)), stepMin);
    const [size, unit] = ticks.at(-1) >= 1e7 ? [1e6, ' M'] : ticks.at(-1) >= 1e4 ? [1e3, ' k'] : [1, ''];
    const text = (value) => (value === 0 ? '0' : `${short(Number((value / size).toPrecision(12)))}${unit}${suffix}`);
    return {ticks, scale: linearScale(0, ticks.at(-1), bottom, top), text};
}
