// fetch, and XMLHttpRequest, EventSource and beacons standing on it. Which requests may be sent, the widget says.

const nativeFetch = window.fetch.bind(window);
const ask = (request, body, kind) => new Promise((resolve, reject) => {
  const id = ++last;
  let controller, owed = 0, open = true, started = false;
  const more = () => post({ do: 'more', id });
  const stop = () => { if (open) { open = false; calls.delete(id); post({ do: 'cancel', id }); } };
  const stream = new ReadableStream({
    start(given) { controller = given; },
    pull() { for (; owed > 0; owed--) more(); },
    cancel: stop,
  }, new ByteLengthQueuingStrategy({ highWaterMark: 1 << 20 }));
  const abort = () => {
    const reason = request.signal.reason ?? new DOMException('The request was aborted.', 'AbortError');
    stop();
    try { controller.error(reason); } catch { /* it had ended */ }
    reject(reason);
  };
  if (request.signal.aborted) return abort();
  request.signal.addEventListener('abort', abort, { once: true });
  calls.set(id, {
    head(data) { started = true; resolve({ ...data, stream }); },
    piece(bytes) {
      if (!open) return;
      controller.enqueue(new Uint8Array(bytes));
      if (controller.desiredSize > 0) more(); else owed++;
    },
    end(data) {
      open = false;
      request.signal.removeEventListener('abort', abort);
      const error = data.failed ? new TypeError(data.failed) : null;
      try { if (error) controller.error(error); else controller.close(); } catch { /* it was cancelled */ }
      if (!started) reject(error ?? new TypeError('No answer came.'));
    },
  });
  post({ do: 'request', id, kind, method: request.method, url: request.url, headers: [...request.headers],
    redirect: request.redirect, body }, body ? [body] : []);
});
const responseOf = (head, request) => {
  if (request.redirect === 'error' && (head.redirected || head.status >= 300 && head.status < 400 && head.location)) {
    throw new TypeError(`${request.url} leads elsewhere, and redirects are errors here.`);
  }
  const empty = [101, 204, 205, 304].includes(head.status);
  if (empty) head.stream.cancel();
  const response = new Response(empty ? null : head.stream, {
    status: head.status, statusText: head.reason, headers: head.headers,
  });
  Object.defineProperties(response, {
    url: { value: head.url }, redirected: { value: head.redirected }, type: { value: 'basic' },
  });
  return response;
};
const bodyOf = async request => ['GET', 'HEAD'].includes(request.method) ? null : request.arrayBuffer();
window.fetch = async (input, init) => {
  const request = new Request(typeof input === 'string' || input instanceof URL ? absolute(input) : input, init);
  if (local(request.url)) return nativeFetch(request);
  const body = await bodyOf(request.clone());
  return responseOf(await ask(request, body, 'fetch'), request);
};
navigator.sendBeacon = (url, data) => {
  window.fetch(url, { method: 'POST', body: data, keepalive: false }).catch(() => {});
  return true;
};

class XHR extends EventTarget {
  #method = 'GET'; #url = ''; #headers = []; #state = 0; #head = null; #bytes = new Uint8Array(); #abort = null;
  #mime = null; #value = undefined; #text = '';
  responseType = ''; timeout = 0; withCredentials = false; upload = Object.assign(new EventTarget(), { onprogress: null });
  onreadystatechange = null; onload = null; onerror = null; onabort = null; ontimeout = null; onloadstart = null;
  onloadend = null; onprogress = null;
  static UNSENT = 0; static OPENED = 1; static HEADERS_RECEIVED = 2; static LOADING = 3; static DONE = 4;
  UNSENT = 0; OPENED = 1; HEADERS_RECEIVED = 2; LOADING = 3; DONE = 4;
  get readyState() { return this.#state; }
  get status() { return this.#head?.status ?? 0; }
  get statusText() { return this.#head?.statusText ?? ''; }
  get responseURL() { return this.#head?.url ?? ''; }
  get responseText() { return this.#text; }
  get responseXML() {
    return this.#state === 4 ? new DOMParser().parseFromString(this.#text, 'application/xml') : null;
  }
  get response() {
    if (this.responseType === '' || this.responseType === 'text') return this.#text;
    if (this.#state !== 4 || !this.#head) return null;
    return this.#value ??= this.#made();
  }
  #made() {
    const type = this.#mime ?? this.#head.headers.get('content-type') ?? '';
    if (this.responseType === 'arraybuffer') return this.#bytes.buffer;
    if (this.responseType === 'blob') return new Blob([this.#bytes], { type });
    if (this.responseType === 'document') return new DOMParser().parseFromString(this.#text, 'text/html');
    try { return JSON.parse(this.#text); } catch { return null; }
  }
  open(method, url, asynchronous = true) {
    if (!asynchronous) throw new DOMException('In %browse a request cannot hold the page; use fetch().', 'InvalidAccessError');
    this.abort();
    this.#method = String(method).toUpperCase(); this.#url = absolute(url).href; this.#headers = []; this.#head = null;
    this.#text = ''; this.#bytes = new Uint8Array(); this.#value = undefined;
    this.#to(1);
  }
  setRequestHeader(name, value) { this.#headers.push([name, String(value)]); }
  overrideMimeType(mime) { this.#mime = mime; }
  getResponseHeader(name) { return this.#head?.headers.get(name) ?? null; }
  getAllResponseHeaders() { return this.#head ? [...this.#head.headers].map(([n, v]) => `${n}: ${v}\r\n`).join('') : ''; }
  abort() { this.#abort?.abort(); this.#abort = null; }
  async send(body = null) {
    const control = this.#abort = new AbortController();
    const timer = this.timeout ? setTimeout(() => control.abort('timeout'), this.timeout) : 0;
    const headers = new Headers();
    for (const [name, value] of this.#headers) headers.append(name, value);
    this.#say(this, 'loadstart');
    try {
      const given = ['GET', 'HEAD'].includes(this.#method) ? null : body;
      const response = await window.fetch(this.#url, { method: this.#method, headers, body: given, signal: control.signal });
      this.#head = response;
      this.#to(2);
      const reader = response.body?.getReader();
      const decoder = new TextDecoder((/charset=([\w-]+)/i.exec(response.headers.get('content-type') ?? '') ?? [])[1] ?? 'utf-8');
      const total = Number(response.headers.get('content-length')) || 0;
      const parts = [];
      let loaded = 0;
      for (;;) {
        const { done, value } = reader ? await reader.read() : { done: true };
        if (done) break;
        parts.push(value); loaded += value.length; this.#text += decoder.decode(value, { stream: true });
        this.#to(3);
        this.#say(this, 'progress', loaded, total);
      }
      this.#text += decoder.decode();
      this.#bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
      this.#say(this.upload, 'load');
      this.#to(4);
      this.#say(this, 'load', loaded, total);
    } catch {
      if (this.#abort !== control && !control.signal.aborted) return;
      const kind = control.signal.aborted ? (control.signal.reason === 'timeout' ? 'timeout' : 'abort') : 'error';
      this.#head = null; this.#text = '';
      this.#to(4);
      this.#say(this, kind);
    } finally {
      clearTimeout(timer);
    }
    this.#say(this, 'loadend');
  }
  #to(state) { this.#state = state; this.#say(this, 'readystatechange'); }
  #say(target, kind, loaded = 0, total = 0) {
    const event = kind === 'readystatechange' ? new Event(kind)
      : new ProgressEvent(kind, { loaded, total, lengthComputable: total > 0 });
    target.dispatchEvent(event);
    target[`on${kind}`]?.call(target, event);
  }
}
window.XMLHttpRequest = XHR;

class Source extends EventTarget {
  #url; #abort = null; #wait = 3000; #lastId = ''; #timer = 0;
  static CONNECTING = 0; static OPEN = 1; static CLOSED = 2;
  CONNECTING = 0; OPEN = 1; CLOSED = 2;
  readyState = 0; withCredentials = false; onopen = null; onmessage = null; onerror = null;
  constructor(url) { super(); this.#url = absolute(url).href; this.#run(); }
  get url() { return this.#url; }
  close() { this.readyState = 2; clearTimeout(this.#timer); this.#abort?.abort(); }
  async #run() {
    this.#abort = new AbortController();
    let fatal = false;
    try {
      const headers = { Accept: 'text/event-stream', ...(this.#lastId ? { 'Last-Event-ID': this.#lastId } : {}) };
      const response = await window.fetch(this.#url, { headers, cache: 'no-store', signal: this.#abort.signal });
      fatal = response.status !== 200 || !/^text\/event-stream/i.test(response.headers.get('content-type') ?? '');
      if (fatal) response.body?.cancel();
      else await this.#read(response);
    } catch { /* the stream broke off: it is asked for again */ }
    if (this.readyState === 2) return;
    this.readyState = fatal ? 2 : 0;
    this.#say(new Event('error'));
    if (!fatal && this.readyState !== 2) this.#timer = setTimeout(() => this.#run(), this.#wait);
  }
  async #read(response) {
    this.readyState = 1;
    this.#say(new Event('open'));
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '', data = [], kind = '', id = this.#lastId;
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.readyState === 2) return;
      text += value;
      const lines = text.split(/\r\n|\n|\r(?!$)/);
      text = lines.pop();
      for (const line of lines) {
        const [, field, rest] = /^([^:]*):? ?(.*)$/s.exec(line);
        if (line === '') {
          this.#lastId = id;
          if (data.length) this.#say(new MessageEvent(kind || 'message', { data: data.join('\n'), lastEventId: id, origin: here.origin }));
          data = []; kind = '';
        } else if (field === 'data') data.push(rest);
        else if (field === 'event') kind = rest;
        else if (field === 'id' && !rest.includes('\0')) id = rest;
        else if (field === 'retry' && /^\d+$/.test(rest)) this.#wait = Number(rest);
      }
    }
  }
  #say(event) { this.dispatchEvent(event); this[`on${event.type}`]?.call(this, event); }
}
window.EventSource = Source;
