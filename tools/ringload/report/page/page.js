// The page from top to bottom: what was run, the headline, the plots, the tables.

const isOpen = (result) => result.mode === 'constant' || result.mode === 'poisson';

function factsOf(result) {
    const modes = {
        closed: 'closed loop',
        constant: 'open loop, constant arrivals',
        poisson: 'open loop, Poisson arrivals',
    };
    const facts = [Object.hasOwn(modes, result.mode) ? modes[result.mode] : textOf(result.mode)];
    if (isNumber(result.wanted_rate)) facts.push(`${showRate(result.wanted_rate)} wanted`);
    if (isNumber(result.connections)) facts.push(showMany(result.connections, 'connection'));
    if (isOpen(result) && result.connections_max > result.connections)
        facts.push(`up to ${showCount(result.connections_max)}`);
    if (result.pipeline > 1) facts.push(`${showCount(result.pipeline)} requests pipelined`);
    if (isNumber(result.threads)) facts.push(showMany(result.threads, 'thread'));
    if (isNumber(result.measured_s)) facts.push(`${showSeconds(result.measured_s)} measured`);
    if (result.warm_up_s > 0) facts.push(`after ${showSeconds(result.warm_up_s)} of warm-up`);
    facts.push(showDate(textOf(result.begun)));
    return facts.filter((fact) => fact !== '');
}

function headOf(result) {
    const version = textOf(result.version);
    const parts = [
        element('p', {class: 'eyebrow'}, version ? `ringload ${version}` : 'ringload'),
        element('h1', {}, textOf(result.url) || 'Result without a URL'),
        element('ul', {class: 'facts'}, ...factsOf(result).map((fact) => element('li', {}, fact))),
    ];
    const warn = (text) => parts.push(element('p', {class: 'warning', role: 'note'}, text));
    if (result.interrupted === true) warn('The run was interrupted: these are the figures up to then.');
    const busiest = objectOf(result.cpu).busiest_thread;
    if (busiest > 0.95) {
        const share = showShare(busiest, 1);
        warn(`ringload itself was busy ${share} of the time: it may be what was measured. Give it more threads.`);
    }
    const outcomes = objectsOf(result.assertions);
    const failed = outcomes.filter((outcome) => outcome.holds !== true).length;
    const verb = failed === 1 ? 'fails' : 'fail';
    if (failed > 0) warn(`${showCount(failed)} of ${showMany(outcomes.length, 'assertion')} ${verb}.`);
    return element('header', {}, ...parts);
}

function headlineOf(result) {
    const latency = objectOf(result.latency);
    const requests = objectOf(result.requests);
    const uncorrected = objectOf(result.uncorrected);
    const tile = (name, value, under = '', style = '') =>
        element(
            'div',
            style ? {class: style} : {},
            element('dt', {}, name),
            element('dd', {}, value),
            element('dd', {class: 'under'}, under),
        );
    const latencyTile = (key) => {
        const under = isOpen(result) && isNumber(uncorrected[key]) ? `uncorrected ${showMs(uncorrected[key])}` : '';
        return tile(key.replace('_ms', ''), showMs(latency[key]), under);
    };
    const share = showShare(requests.errors, requests.due);
    return element(
        'dl',
        {class: 'headline'},
        tile(
            'answered',
            showRate(result.rate),
            isNumber(requests.answered) ? showMany(requests.answered, 'request') : '',
        ),
        tile(
            'errors',
            showCount(requests.errors),
            share ? `${share} of ${showCount(requests.due)}` : '',
            requests.errors > 0 ? 'bad' : '',
        ),
        ...['p50_ms', 'p99_ms', 'p99.9_ms', 'max_ms'].map(latencyTile),
    );
}

function render(result) {
    document.title = `ringload ${textOf(result.url)}`.trim();
    const percentiles = percentileFigure(result);
    const times = timeFigures(result);
    const assertions = assertionTable(result);
    const wide = [phaseTable, faultTable, stepTable].map((make) => make(result));
    const narrow = [findMaxTable, markTable, requestTable, failureTable, trafficTable, cpuTable].map((make) =>
        make(result),
    );
    const tail = [statusTable, kindTable].map((make) => make(result));
    const tables = [...wide, ...tail, ...narrow].filter((made) => made !== null);
    const page = document.getElementById('page');
    page.replaceChildren(headOf(result), headlineOf(result));
    if (assertions !== null) page.append(element('div', {class: 'checks'}, assertions));
    page.append(percentiles.figure, ...times.figures, element('div', {class: 'tables'}, ...tables));
    page.append(
        element(
            'footer',
            {},
            'The whole result is in this page as JSON, in the element with the id “result”.',
        ),
    );
    const draw = () => {
        percentiles.draw();
        times.draw();
    };
    draw();
    for (const [event, width] of [['beforeprint', 700], ['afterprint', null]]) {
        window.addEventListener(event, () => {
            paperWidth = width;
            draw();
        });
    }
    let width = page.clientWidth;
    new ResizeObserver(() => {
        if (page.clientWidth === width) return;
        width = page.clientWidth;
        draw();
    }).observe(page);
}

function begin() {
    let result = null;
    try {
        result = JSON.parse(document.getElementById('result').textContent);
    } catch (error) {
        document
            .getElementById('page')
            .replaceChildren(
                element('p', {class: 'warning'}, `The result in this page cannot be read: ${error.message}`),
            );
        return;
    }
    render(objectOf(result));
}

begin();
