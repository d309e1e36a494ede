// The figures as tables. A table whose part of the result is empty or missing is left out.

/** A cell is a text, or {text, style}. The first cell of a row heads it. Returns null without rows. */
function tableOf(id, caption, heads, rows, {wide = false, under = ''} = {}) {
    if (rows.length === 0) return null;
    const title = element('caption', {}, caption);
    if (under) title.append(element('small', {}, under));
    const styled = (cell) => (isObject(cell) ? cell : {text: cell, style: ''});
    const attributes = (cell) => (cell.style ? {class: cell.style} : {});
    const head = element(
        'tr',
        {},
        ...heads.map(styled).map((cell) => element('th', {scope: 'col', ...attributes(cell)}, cell.text)),
    );
    const body = rows.map(({cells, style}) => {
        const [first, ...others] = cells.map(styled);
        const row = element(
            'tr',
            style ? {class: style} : {},
            element('th', {scope: 'row', ...attributes(first)}, first.text),
        );
        row.append(...others.map((cell) => element('td', attributes(cell), cell.text)));
        return row;
    });
    const table = element('table', {id}, title, element('thead', {}, head), element('tbody', {}, ...body));
    return element(
        'div',
        {class: wide ? 'table wide' : 'table', role: 'region', 'aria-label': caption, tabindex: '0'},
        table,
    );
}

const words = (text) => ({text, style: 'words'});
const long = (text) => ({text, style: 'words long'});
const kDistribution = [
    ['p50_ms', 'p50'],
    ['p75_ms', 'p75'],
    ['p90_ms', 'p90'],
    ['p95_ms', 'p95'],
    ['p99_ms', 'p99'],
    ['p99.9_ms', 'p99.9'],
    ['p99.99_ms', 'p99.99'],
    ['max_ms', 'max'],
];
const kDistributionHeads = ['count', 'mean', ...kDistribution.map(([, name]) => name)];

function distributionCells(distribution) {
    const of = objectOf(distribution);
    return [showCount(of.count), showMs(of.mean_ms), ...kDistribution.map(([key]) => showMs(of[key]))];
}

function phaseTable(result) {
    const open = isOpen(result);
    const phases = [
        ['latency', open ? 'corrected: from when due' : 'latency'],
        ['uncorrected', open ? 'uncorrected: from when sent' : 'answers only'],
        ['connect', 'opening a connection'],
        ['first_byte', 'until the first byte'],
        ['lag', 'sent later than due'],
        ['slow_clients', 'slow clients'],
    ];
    const rows = phases
        .filter(([key]) => isObject(result[key]))
        .map(([key, name]) => ({cells: [name, ...distributionCells(result[key])]}));
    const error =
        result.relative_error > 0
            ? `Percentiles are at most ${Number((result.relative_error * 100).toPrecision(2))} % above the exact ones.`
            : '';
    return tableOf('phases', 'Latency by phase', ['', ...kDistributionHeads], rows, {wide: true, under: error});
}

function statusTable(result) {
    const statuses = Object.entries(objectOf(result.status)).filter(([, latency]) => isObject(latency));
    const rows = statuses.map(([status, latency]) => ({cells: [status, ...distributionCells(latency)]}));
    return tableOf('statuses', 'Latency by status', ['', ...kDistributionHeads], rows, {wide: true});
}

function kindTable(result) {
    const kinds = objectsOf(result.kinds);
    if (kinds.length < 2) return null;
    const rows = kinds.map((kind) => ({
        cells: [
            long(textOf(kind.name)),
            {text: showCount(kind.failed), style: kind.failed > 0 ? 'bad' : ''},
            ...distributionCells(kind.latency),
        ],
    }));
    return tableOf('kinds', 'Kinds of requests', ['', 'failed', ...kDistributionHeads], rows, {wide: true});
}

function requestTable(result) {
    const of = objectOf(result.requests);
    const names = [
        ['due', 'due'],
        ['answered', 'answered'],
        ['errors', 'errors'],
        ['aborted', 'left by the client on purpose'],
        ['unfinished', 'unfinished at the end'],
        ['slow_cut', 'slow clients cut'],
    ];
    const rows = names
        .filter(([key]) => isNumber(of[key]) && (of[key] > 0 || ['due', 'answered', 'errors'].includes(key)))
        .map(([key, name]) => ({cells: [name, showCount(of[key]), showShare(of[key], of.due)]}));
    return tableOf('requests', 'Requests', ['', 'number', 'of those due'], rows);
}

function failureTable(result) {
    const due = objectOf(result.requests).due;
    const rows = Object.entries(objectOf(result.failures))
        .filter(([, number]) => number > 0)
        .map(([name, number]) => ({cells: [name.replaceAll('_', ' '), showCount(number), showShare(number, due)]}));
    return tableOf('failures', 'Failures', ['', 'number', 'of those due'], rows);
}

function trafficTable(result) {
    const bytes = objectOf(result.bytes);
    const seconds = numberOf(result.measured_s);
    const perSecond = (number) => (isNumber(number) && seconds > 0 ? `${showBytes(number / seconds)}/s` : kNone);
    const rows = [
        ['received', bytes.received],
        ['sent', bytes.sent],
    ]
        .filter(([, number]) => isNumber(number))
        .map(([name, number]) => ({cells: [name, showBytes(number), perSecond(number)]}));
    if (isNumber(result.connects)) rows.push({cells: ['connections opened', showCount(result.connects), '']});
    if (isNumber(result.backlog_max) && isOpen(result))
        rows.push({cells: ['due at once, no connection free', showCount(result.backlog_max), '']});
    return tableOf('traffic', 'Traffic', ['', 'total', 'rate'], rows);
}

function cpuTable(result) {
    const cpu = objectOf(result.cpu);
    const rows = [];
    const each = (us) => (isNumber(us) ? showMs(us / 1000) : kNone);
    if (isNumber(cpu.ringload_s))
        rows.push({cells: ['ringload', showSeconds(cpu.ringload_s), each(cpu.ringload_us_per_request)]});
    for (const use of objectsOf(cpu.watched)) {
        rows.push({
            cells: [
                `process ${showCount(use.pid).replaceAll(kThin, '')}`,
                showSeconds(use.seconds),
                each(use.us_per_request),
            ],
        });
    }
    const {cpu: number, busy_s: busy} = objectOf(cpu.core);
    if (isNumber(number) && isNumber(busy)) {
        const answered = objectOf(result.requests).answered;
        const share = answered > 0 ? (busy * 1e6) / answered : null;
        rows.push({cells: [`all on CPU ${showCount(number)}`, showSeconds(busy), each(share)]});
    }
    const under = isNumber(cpu.busiest_thread)
        ? `The busiest thread of ringload was on a CPU for ${showShare(cpu.busiest_thread, 1)} of the time.`
        : '';
    return tableOf('cpu', 'CPU', ['', 'time', 'a request'], rows, {under});
}

function stepTable(result) {
    const steps = objectsOf(result.steps);
    if (steps.length === 0) return null;
    const isSearch = steps.some((step) => typeof step.met === 'boolean');
    const found = objectOf(result.find_max);
    const rows = steps.map((step) => {
        const cells = [
            showRate(step.rate),
            showSeconds(step.duration_s),
            showRate(step.answered_rate),
            {text: showCount(step.errors), style: step.errors > 0 ? 'bad' : ''},
            ...['p50_ms', 'p99_ms', 'p99.9_ms', 'max_ms'].map((key) => showMs(step[key])),
        ];
        if (isSearch)
            cells.push(
                step.met === true
                    ? {text: 'met', style: 'good'}
                    : step.met === false
                      ? {text: 'not met', style: 'bad'}
                      : kNone,
            );
        return {cells};
    });
    const heads = [
        'wanted rate',
        'held for',
        'answered',
        'errors',
        'p50',
        'p99',
        'p99.9',
        'max',
        ...(isSearch ? [textOf(found.bound) || 'bound'] : []),
    ];
    return tableOf('steps', isSearch ? 'Rates tried' : 'Steps', heads, rows, {wide: true});
}

function findMaxTable(result) {
    if (!isObject(result.find_max)) return null;
    const {bound, rate, next_failed: failed} = result.find_max;
    const rows = [
        {cells: ['bound', {text: textOf(bound), style: 'long'}]},
        {cells: ['highest rate that met it', rate > 0 ? showRate(rate) : 'none did']},
        {cells: ['lowest rate that did not', failed > 0 ? showRate(failed) : 'none failed']},
    ];
    return tableOf('find-max', 'Highest rate within the bound', ['', ''], rows);
}

function assertionTable(result) {
    const rows = objectsOf(result.assertions).map((outcome) => {
        const holds = outcome.holds === true;
        const verdict = holds ? {text: '✓ holds', style: 'words good'} : {text: '✗ fails', style: 'words'};
        return {cells: [long(textOf(outcome.text)), verdict, long(textOf(outcome.found))], style: holds ? '' : 'bad'};
    });
    return tableOf('assertions', 'Assertions', ['', words(''), words('found')], rows, {wide: true});
}

/** What the marks in the plots say, for those who cannot see them. */
function markTable(result) {
    const rows = marksOf(result).map(({at, text}) => ({cells: [showSeconds(at), long(text)]}));
    return tableOf('marks', 'Events', ['', words('')], rows);
}

/** Faults stand side by side: what one wants is to compare them. */
function faultTable(result) {
    const faults = objectsOf(result.faults);
    const ms = (key) => (fault) => showMs(fault[key]);
    const number = (key) => (fault) => showCount(fault[key]);
    const bad = (key) => (fault) => ({text: showCount(fault[key]), style: fault[key] > 0 ? 'bad' : ''});
    const lines = [
        ['from', (fault) => showSeconds(fault.at_s)],
        ['until', (fault) => showSeconds(fault.until_s)],
        ['requests meanwhile', number('requests')],
        ['errors', bad('errors')],
        ['what errors', (fault) => ({text: listOf(fault.error_kinds).map(textOf).join(', ') || kNone, style: 'long'})],
        ['answered late', number('slow')],
        ['normal latency (median before)', ms('normal_ms')],
        ['worst latency added', ms('worst_added_ms')],
        ['the same before it (noise)', ms('noise_ms')],
        ['end seen on the wire after', ms('shown_ms')],
        ['held overdue before it for', ms('overdue_ms')],
        ['detected after', ms('detected_ms')],
        ['event by ringway after', ms('told_ms')],
        ['traffic halved after', ms('halved_ms')],
        ['tries between detection and return', number('sent_after')],
        ['requests before Retry-After was over', number('sent_cooling')],
        ['last error or late answer after', ms('recovered_ms')],
        ['taken back, after its return', ms('taken_back_ms')],
        ['errors on return', bad('errors_on_return')],
        ['worst latency added on return', ms('worst_added_on_return_ms')],
    ];
    const isSaid = (cell) => (isObject(cell) ? cell.text : cell) !== kNone;
    const rows = lines
        .map(([name, show]) => ({cells: [name, ...faults.map(show)]}))
        .filter(({cells}) => cells.slice(1).some(isSaid));
    const heads = faults.map((fault) => ({
        text: `${textOf(fault.kind)} ${textOf(fault.origin)}`.trim(),
        style: 'long',
    }));
    return tableOf('faults', 'Faults', ['', ...heads], rows, {wide: true});
}
