// Values of the result as words, and elements that hold them. The result may name anything and may lack anything:
// whatever comes from it is text, never markup, and a member of the wrong type is no member.

const isNumber = Number.isFinite;
const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const objectOf = (value) => (isObject(value) ? value : {});
const listOf = (value) => (Array.isArray(value) ? value : []);
const objectsOf = (value) => listOf(value).filter(isObject);
const numberOf = (value) => (isNumber(value) ? value : 0);
const textOf = (value) => (typeof value === 'string' ? value : '');

const kNone = '–';
const kThin = '\u202f'; // a narrow space that does not break

/** Three significant digits, no zeros behind the point that say nothing. */
function short(value) {
    if (Math.abs(value) >= 100) return grouped(Math.round(value));
    return String(Number(value.toPrecision(3)));
}

function grouped(value) {
    return String(value).replace(/\B(?=(\d{3})+$)/g, kThin);
}

function showCount(value) {
    return isNumber(value) ? grouped(Math.round(value)) : kNone;
}

function showMany(number, one) {
    return `${showCount(number)} ${one}${number === 1 ? '' : 's'}`;
}

/** Three significant digits, zeros included: in a column the points stand below each other. */
function showMs(ms) {
    return isNumber(ms)
        ? timeOf(ms, (value) => (Math.abs(value) < 99.95 ? value.toPrecision(3) : short(value)))
        : kNone;
}

/** Of a time that is round. */
function showRoundMs(ms) {
    return timeOf(ms, short);
}

function timeOf(ms, digits) {
    const size = Math.abs(ms);
    if (size === 0) return '0 ms';
    if (size < 0.9995) return `${digits(ms * 1000)} µs`;
    return size < 999.5 ? `${digits(ms)} ms` : `${digits(ms / 1000)} s`;
}

function showSeconds(seconds) {
    if (!isNumber(seconds)) return kNone;
    if (seconds >= 120) {
        const rest = Math.round(seconds) % 60;
        return `${grouped(Math.floor(Math.round(seconds) / 60))} min${rest > 0 ? ` ${rest} s` : ''}`;
    }
    return Math.abs(seconds) < 1 ? showRoundMs(seconds * 1000) : `${Number(seconds.toFixed(2))} s`;
}

function showRate(rate) {
    return isNumber(rate) ? `${short(rate)}/s` : kNone;
}

function showBytes(bytes) {
    if (!isNumber(bytes)) return kNone;
    const units = ['B', 'kB', 'MB', 'GB', 'TB'];
    let unit = 0;
    while (bytes >= 999.5 && unit < units.length - 1) {
        bytes /= 1000;
        ++unit;
    }
    return `${short(bytes)} ${units[unit]}`;
}

function showShare(part, whole) {
    if (!isNumber(part) || !(whole > 0)) return '';
    const percent = (part / whole) * 100;
    return percent > 0 && percent < 0.001 ? '<0.001 %' : `${Number(percent.toPrecision(3))} %`;
}

/** A percentile, with as many nines as it has. */
function showPercentile(percentile) {
    const rest = 100 - percentile;
    const digits = rest > 0 ? Math.min(8, Math.max(0, Math.ceil(-Math.log10(rest)) + 1)) : 0;
    return `${Number(percentile.toFixed(digits))} %`;
}

function showDate(text) {
    const date = new Date(text);
    if (text === '' || Number.isNaN(date.getTime())) return '';
    return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Attributes are ours; children are elements, or text that stays text. */
function element(tag, attributes = {}, ...children) {
    return filled(document.createElement(tag), attributes, children);
}

function drawn(tag, attributes = {}, ...children) {
    return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function filled(made, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
}
