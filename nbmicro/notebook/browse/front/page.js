// One page in its frame: what it asks for by its port is checked against bounds, and done. Nothing of it is trusted.

const METHOD = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/;
const BODY_LIMIT = 32 * 1024 * 1024;
const OPEN_LIMIT = 100;
// Messages of a page: so many at once, and so many a second.
const BURST = 3000, RATE = 500;
const STORE_LIMIT = 1024 * 1024;
const STATE_LIMIT = 64 * 1024;
// Bytes of bodies that are on their way at once, and characters of a sheet that a script adds.
const BODIES_LIMIT = 64 * 1024 * 1024, SHEET_LIMIT = 1024 * 1024;
// Bytes of all that belongs to one page: sheets, scripts, pictures.
// What a console keeps of one page.
const REPORTS = 100;
const PARTS_LIMIT = 64 * 1024 * 1024;

class Page {
  // `browser` has get(url, page), go(request), reload(), travel(n), noteAddress(…), say(…), ask(…), title(…), store(…).
  constructor(browser, transport, address) {
    this.browser = browser;
    this.transport = transport;
    this.address = address;
    this.port = null;
    this.calls = new Map();
    this.allowance = BURST;
    this.counted = performance.now();
    this.scroll = [0, 0];
    this.parts = new Parts(url => this.part(url), text => this.report('blocked', text), name => this.shared(name));
    this.known = new Map();
    this.weight = 0;
    this.sending = 0;
    this.reports = [];
    this.name = `${transport.name}-p${++Page.last}`;
    this.token = [...crypto.getRandomValues(new Uint32Array(4))].join('-');
    this.alive = true;
  }

  live(port) {
    this.port = port;
    port.onmessage = ({ data }) => { if (this.alive && data && typeof data === 'object' && this.mayAsk()) this.take(data); };
  }

  mayAsk() {
    const now = performance.now();
    this.allowance = Math.min(BURST, this.allowance + (now - this.counted) / 1000 * RATE);
    this.counted = now;
    if (--this.allowance > 0) return true;
    this.leave();
    this.browser.stop('The page sent messages without end; it was stopped. Reload shows it again.');
    return false;
  }

  tell(message, transfer = []) {
    this.port?.postMessage(message, transfer);
  }

  // Something that belongs to the page, asked for once: {ok, bytes, type}.
  part(url) {
    const target = url.pathname + url.search;
    if (!this.known.has(target)) {
      this.known.set(target, this.transport.whole(this.request({ target, headers: [['Accept', '*/*']] }), null, BODY_LIMIT, this.left?.signal)
        .then(({ head, end, bytes }) => {
          this.weight += bytes.byteLength;
          this.noteFailure('GET', url, head, end);
          const ok = Boolean(head) && head.status < 400 && !end.failed && !end.cut && this.weight <= PARTS_LIMIT;
          const type = headerOf(head, 'content-type').split(';')[0].trim() || 'application/octet-stream';
          return { ok, bytes: ok ? bytes : new Uint8Array(), type };
        }));
    }
    return this.known.get(target);
  }

  // A file that the page names on another site and a package of the kernel's has.
  async shared(name) {
    const { head, end, bytes } = await this.transport.whole({ shared: name }, null, BODY_LIMIT, this.left?.signal);
    return { ok: Boolean(head) && !end.failed, bytes, type: headerOf(head, 'content-type') };
  }

  // A request of the page that failed, with the handler's line or the hint.
  noteFailure(method, url, head, end) {
    if (end.stopped || head && head.status < 400 && !end.error && !end.failed) return;
    const status = head ? `${head.status} ${head.reason}` : 'no answer';
    this.report('request', `${method} ${url.pathname}${url.search} → ${status}`, end.error ?? end.hint ?? end.failed ?? '');
  }

  // Something that went wrong in the page: `kind` is request, blocked or script. What comes again is counted.
  report(kind, text, detail = '') {
    const same = this.reports.find(one => one.kind === kind && one.text === text);
    if (same) same.count++;
    else if (this.reports.length < REPORTS) this.reports.push({ kind, text, detail, count: 1 });
    else return;
    this.browser.showReports(this);
  }

  request({ method = 'GET', target, headers = [], redirect, kind }) {
    return { method, target, kind, redirect, page: this.name, path: this.address.pathname,
      headers: [...headers, ['Referer', this.address.href.split('#')[0]]] };
  }

  take(data) {
    const { browser } = this;
    switch (data.do) {
      case 'request': return this.ask(data);
      case 'more': return this.calls.get(data.id)?.more();
      case 'cancel': this.calls.get(data.id)?.cancel(); return void this.calls.delete(data.id);
      case 'asset': return this.asset(data);
      case 'go': return this.go(data);
      case 'reload': return browser.reload({ byPage: true });
      case 'travel': return browser.travel(Number(data.delta) || 0);
      case 'address': return this.moved(data);
      case 'title': case 'ready': return browser.showTitle(String(data.title ?? '').slice(0, 200), data.do === 'ready' ? this : null);
      case 'size': return browser.size(this, Number(data.height) || 0);
      case 'scroll': return void (this.scroll = [Number(data.x) || 0, Number(data.y) || 0]);
      case 'report': return ['blocked', 'script'].includes(data.kind) && this.report(data.kind, String(data.text).slice(0, 1000), String(data.detail ?? '').slice(0, 2000));
      case 'say': return browser.say(String(data.text).slice(0, 1000));
      case 'ask': return browser.ask(String(data.text).slice(0, 1000), () => this.tell({ do: 'agree' }));
      case 'cookie': return this.transport.model.send({ kind: 'cookie', text: String(data.text).slice(0, 4096), path: this.address.pathname });
      case 'store': return this.store(data);
    }
  }

  ask({ id, method, url, headers, redirect, body }) {
    const refuse = failed => {
      this.report('blocked', failed);
      this.tell({ do: 'end', id, failed });
    };
    const address = addressOf(String(url), this.address);
    if (!address || !isOurs(address)) return refuse(`${url} is not of this app, and %browse is sealed from the network.`);
    if (!METHOD.test(method) || !Array.isArray(headers) || headers.length > 100) return refuse('This request cannot be sent.');
    if (body && (!(body instanceof ArrayBuffer) || body.byteLength > BODY_LIMIT)) return refuse('The body is too large.');
    const size = body?.byteLength ?? 0;
    if (this.sending + size > BODIES_LIMIT) return refuse('Bodies of more than 64 MB are on their way at once.');
    if (this.calls.size >= OPEN_LIMIT) return refuse(`${OPEN_LIMIT} requests of this page are open already.`);
    const request = this.request({ method, target: address.pathname + address.search, headers: headers.map(pair => [String(pair[0]), String(pair[1])]),
      redirect: redirect === 'follow' ? undefined : 'manual', kind: 'fetch' });
    this.sending += size;
    const seenHead = {};
    this.calls.set(id, this.transport.open(request, body, {
      head: head => void (seenHead.head = head) ?? this.tell({ do: 'head', id, status: head.status, reason: head.reason, headers: head.headers,
        url: new URL(head.target, address).href, redirected: head.redirected, location: headerOf(head, 'location'), cookies: head.cookies }),
      piece: bytes => this.tell({ do: 'piece', id, bytes: bytes.buffer }, [bytes.buffer]),
      end: end => {
        this.calls.delete(id);
        this.sending -= size;
        this.tell({ do: 'end', id, failed: end.failed, cookies: end.cookies });
        this.noteFailure(method, address, seenHead.head, end);
      },
    }));
  }

  async asset({ id, kind, url, text }) {
    if (!['file', 'style', 'script', 'module', 'css', 'import'].includes(kind) || String(text ?? '').length > SHEET_LIMIT) return;
    const made = await this.parts.later(kind, String(url), String(text ?? ''), this.address).catch(() => null);
    if (!made) return this.tell({ do: 'asset', id, failed: true });
    const copy = made.bytes.slice().buffer;
    this.tell({ do: 'asset', id, bytes: copy, type: made.type }, [copy]);
  }

  go({ url, method, type, body, replace, download }) {
    const address = addressOf(String(url), this.address);
    if (!address) return;
    const post = method === 'POST' && body instanceof ArrayBuffer && body.byteLength <= BODY_LIMIT;
    this.browser.go({ address, method: post ? 'POST' : 'GET', body: post ? body : null, type: String(type ?? ''),
      replace: replace === true, download, referrer: this.address.href.split('#')[0], byPage: true });
  }

  moved({ url, state, replace }) {
    const address = addressOf(String(url), this.address);
    if (!address || address.origin !== this.address.origin) return;
    this.address = address;
    let kept = null;
    try { kept = JSON.stringify(state).length <= STATE_LIMIT ? state : null; } catch { /* it cannot be kept */ }
    this.browser.noteAddress(address, kept, replace === true, this);
  }

  store({ name, values }) {
    if (!['localStorage', 'sessionStorage'].includes(name) || !Array.isArray(values)) return;
    const pairs = values.map(([key, value]) => [String(key), String(value)]);
    if (pairs.reduce((size, pair) => size + pair[0].length + pair[1].length, 0) <= STORE_LIMIT) this.browser.stores[name] = pairs;
  }

  // The page goes: its streams end, and nothing of it is heard any more.
  leave() {
    this.alive = false;
    for (const call of this.calls.values()) call.cancel();
    this.calls.clear();
    this.left?.abort();
    this.port?.close();
    this.sandbox?.remove();
  }
}
Page.last = 0;

function headerOf(head, name) {
  return head?.headers?.find(([key]) => key.toLowerCase() === name)?.[1] ?? '';
}
