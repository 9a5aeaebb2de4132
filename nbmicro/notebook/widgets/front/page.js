// What every page of %browse gets as its first script: it turns what the page wants from the network into messages.
//
// What lives here: the page's side of links, forms, fetch, XMLHttpRequest, EventSource, history, location, cookies,
// storage, and of things that are added later. What must not: safety, which is the frame's alone (seal.js): a page that
// takes all this apart reaches the network as little as before.
(config => {
  'use strict';
  const widget = window.parent.parent;
  const doc = document;
  let here = new URL(config.url);
  let cookies = config.cookies;
  let port = null;
  let waiting = [];
  let last = 0;
  const calls = new Map();

  // --- the line to the widget: one port, given once, by the widget alone ---
  const post = (message, transfer = []) => {
    if (port) port.postMessage(message, transfer);
    else waiting.push([message, transfer]);
  };
  const take = event => {
    if (event.source !== widget || event.data?.nbmicro !== config.token || !event.ports[0]) return;
    event.stopImmediatePropagation();
    window.removeEventListener('message', take, true);
    port = event.ports[0];
    port.onmessage = received;
    waiting.forEach(([message, transfer]) => port.postMessage(message, transfer));
    waiting = [];
  };
  window.addEventListener('message', take, true);
  widget.postMessage({ nbmicro: config.token, hello: true }, '*');

  const received = ({ data }) => {
    if ('cookies' in data && typeof data.cookies === 'string') cookies = data.cookies;
    const call = calls.get(data.id);
    if (data.do === 'head') call?.head(data);
    else if (data.do === 'piece') call?.piece(data.bytes);
    else if (data.do === 'end') { calls.delete(data.id); call?.end(data); }
    else if (data.do === 'asset') { calls.delete(data.id); call?.(data); }
    else if (data.do === 'agree') agree();
    else if (data.do === 'pop') pop(data);
    else if (data.do === 'scroll') window.scrollTo(data.x, data.y);
  };

  const absolute = reference => new URL(reference, doc.baseURI);
  const local = url => /^(data|blob|about|javascript):/i.test(url);

  // --- fetch, and what stands on it ---
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
  const answered = (head, request) => {
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
    return answered(await ask(request, body, 'fetch'), request);
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

  // --- going elsewhere: links, forms, location, history ---
  const go = (url, more = {}, transfer = []) => post({ do: 'go', url: String(url), ...more }, transfer);
  const sameDocument = url => url.hash && url.href.split('#')[0] === here.href.split('#')[0];
  const toFragment = url => {
    if (decodeURIComponent(location.hash) === decodeURIComponent(url.hash)) location.hash = '';
    location.replace(`about:srcdoc${url.hash}`);
  };
  const follow = (reference, more) => {
    const url = absolute(reference);
    if (url.protocol === 'javascript:') return;
    if (sameDocument(url)) toFragment(url); else go(url, more);
  };
  const linkOf = event => event.composedPath().find(node => node.matches?.('a, area') && (node.hasAttribute('href') || node.hasAttribute('xlink:href')));
  const hrefOf = link => link.getAttribute('href') ?? link.getAttribute('xlink:href');
  let act = null;
  window.addEventListener('click', event => { act = event; }, true);
  const clicked = event => {
    const link = linkOf(event);
    if (!link || /^\s*javascript:/i.test(hrefOf(link))) return;
    const prevented = event.defaultPrevented;
    event.preventDefault();
    if (prevented || event.type === 'auxclick' && event.button !== 1) return;
    follow(hrefOf(link), { download: link.hasAttribute('download') ? link.getAttribute('download') || true : undefined });
  };
  window.addEventListener('click', clicked);
  window.addEventListener('auxclick', clicked);

  const send = async (form, submitter) => {
    const said = (name, own) => submitter?.getAttribute(own) ?? form.getAttribute(name);
    const method = (said('method', 'formmethod') || 'get').toLowerCase();
    const kind = (said('enctype', 'formenctype') || '').toLowerCase();
    const action = absolute(said('action', 'formaction') || here.href);
    let data;
    try { data = new FormData(form, submitter); } catch { data = new FormData(form); }
    const pairs = [...data].map(([name, value]) => [name, typeof value === 'string' ? value.replace(/\r?\n|\r/g, '\r\n') : value.name]);
    if (method !== 'post') {
      action.search = new URLSearchParams(pairs);
      return go(action);
    }
    let body, type;
    if (kind === 'multipart/form-data') {
      const made = new Response(data);
      type = made.headers.get('content-type');
      body = await made.arrayBuffer();
    } else {
      const plain = kind === 'text/plain';
      type = plain ? kind : 'application/x-www-form-urlencoded';
      const text = plain ? pairs.map(([name, value]) => `${name}=${value}\r\n`).join('') : String(new URLSearchParams(pairs));
      body = new TextEncoder().encode(text).buffer;
    }
    return go(action, { method: 'POST', type, body }, [body]);
  };
  window.addEventListener('submit', event => { act = event; }, true);
  window.addEventListener('submit', event => {
    const method = event.submitter?.getAttribute('formmethod') ?? event.target.getAttribute('method');
    if (event.defaultPrevented || method?.toLowerCase() === 'dialog') return;
    event.preventDefault();
    send(event.target, event.submitter);
  });
  HTMLFormElement.prototype.submit = function () { send(this, null); };
  window.open = reference => { if (reference) follow(reference); return null; };

  const states = { state: null };
  const visit = replace => (state, title, reference) => {
    if (reference !== undefined && reference !== null) {
      const url = absolute(reference);
      if (url.origin !== here.origin) throw new DOMException(`${url} is not of this app.`, 'SecurityError');
      here = url;
    }
    states.state = structuredClone(state);
    post({ do: 'address', url: here.href, state: states.state, replace });
  };
  const pop = ({ url, state }) => {
    here = new URL(url);
    states.state = state;
    window.dispatchEvent(new PopStateEvent('popstate', { state }));
  };
  const history = window.history;
  const travel = delta => post({ do: 'travel', delta });
  history.pushState = visit(false);
  history.replaceState = visit(true);
  history.back = () => travel(-1);
  history.forward = () => travel(1);
  history.go = delta => delta ? travel(delta) : post({ do: 'reload' });
  Object.defineProperty(history, 'state', { get: () => states.state });
  window.addEventListener('hashchange', () => {
    here.hash = location.hash;
    post({ do: 'address', url: here.href, state: null, replace: false });
  });
  // No script can be given another `location`; seal.js writes this name for it in the page's scripts.
  const where = {
    assign: reference => follow(reference),
    replace: reference => follow(reference, { replace: true }),
    reload: () => post({ do: 'reload' }),
    toString: () => here.href,
  };
  const parts = ['href', 'origin', 'protocol', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'];
  for (const part of parts) {
    Object.defineProperty(where, part, {
      get: () => here[part],
      set: value => { const url = new URL(here); if (part === 'href') follow(value); else { url[part] = value; follow(url); } },
    });
  }
  Object.defineProperty(window, 'nbmicroLocation', { get: () => where, set: value => follow(value), configurable: true });
  for (const name of ['URL', 'documentURI']) Object.defineProperty(doc, name, { get: () => here.href });
  Object.defineProperty(doc, 'referrer', { get: () => config.referrer });
  Object.defineProperty(doc, 'domain', { get: () => here.hostname });

  // --- cookies, storage, questions ---
  Object.defineProperty(doc, 'cookie', {
    get: () => cookies,
    set: text => {
      const [pair] = String(text).split(';');
      const [name] = pair.split('=');
      const gone = /;\s*(max-age\s*=\s*(0|-)|expires\s*=[^;]*\b(19[0-9]{2}|200[0-9]))/i.test(text);
      const kept = cookies.split('; ').filter(one => one && one.split('=')[0] !== name.trim());
      cookies = (gone ? kept : [...kept, pair.trim()]).join('; ');
      post({ do: 'cookie', text: String(text) });
    },
  });
  const storage = (name, given) => {
    const values = new Map(given);
    const kept = () => post({ do: 'store', name, values: [...values] });
    const methods = {
      getItem: key => values.get(String(key)) ?? null,
      setItem: (key, value) => { values.set(String(key), String(value)); kept(); },
      removeItem: key => { values.delete(String(key)); kept(); },
      clear: () => { values.clear(); kept(); },
      key: index => [...values.keys()][index] ?? null,
    };
    const made = new Proxy(methods, {
      get: (_, key) => key === 'length' ? values.size : methods[key] ?? values.get(key),
      set: (_, key, value) => { methods.setItem(key, value); return true; },
      deleteProperty: (_, key) => { methods.removeItem(key); return true; },
      has: (_, key) => key in methods || values.has(key),
      ownKeys: () => [...values.keys()],
      getOwnPropertyDescriptor: (_, key) => values.has(key)
        ? { value: values.get(key), enumerable: true, configurable: true, writable: true } : undefined,
    });
    Object.defineProperty(window, name, { get: () => made });
  };
  storage('localStorage', config.localStorage);
  storage('sessionStorage', config.sessionStorage);
  // A question cannot hold the page: it is put above it, and a "yes" does again what was asked about.
  let asked = null, agreed = null;
  window.alert = text => post({ do: 'say', text: String(text) });
  window.confirm = text => {
    if (agreed === String(text)) { agreed = null; return true; }
    asked = { text: String(text), act };
    post({ do: 'ask', text: asked.text });
    return false;
  };
  window.prompt = text => { post({ do: 'say', text: `${text} (a page in a cell cannot ask for text this way)` }); return null; };
  window.print = () => {};
  const agree = () => {
    if (!asked) return;
    agreed = asked.text;
    const event = asked.act;
    asked = null;
    if (event?.type === 'submit') event.target.requestSubmit(event.submitter);
    else event?.target.click();
  };
  // Not sealed by any policy that browsers have. A frame inside the page could still get at them: docs/browse.md.
  for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'WebTransport']) {
    try { delete window[name]; } catch { /* it is not there */ }
  }

  // --- what belongs to the page: pictures, sheets, scripts, added by the parser or later ---
  const own = { IMG: ['src'], SOURCE: ['src', 'srcset'], VIDEO: ['src', 'poster'], AUDIO: ['src'], TRACK: ['src'],
    INPUT: ['src'], SCRIPT: ['src'], LINK: ['href'], IMAGE: ['href', 'xlink:href'] };
  const known = new Map();
  const wanted = new WeakMap();
  const asset = (kind, url) => {
    const key = `${kind} ${url}`;
    if (!known.has(key)) {
      known.set(key, new Promise(resolve => {
        const id = ++last;
        calls.set(id, data => resolve(data.failed ? null : URL.createObjectURL(new Blob([data.bytes], { type: data.type }))));
        post({ do: 'asset', id, kind, url });
      }));
    }
    return known.get(key);
  };
  const kindOf = (node, name) => node.tagName === 'SCRIPT' ? (node.type === 'module' ? 'module' : 'script')
    : node.tagName === 'LINK' ? (/\bstylesheet\b/i.test(node.rel) ? 'style' : null)
    : 'file';
  let scripts = Promise.resolve();
  const fill = async (node, name, reference) => {
    const kind = kindOf(node, name);
    if (!kind || !reference || local(reference) || reference.startsWith('#')) return false;
    let url;
    try { url = absolute(name === 'srcset' ? reference.trim().split(/\s+/)[0] : reference).href; } catch { return false; }
    if (local(url)) return false;
    wanted.set(node, { ...wanted.get(node), [name]: url });
    const before = scripts;
    const ready = asset(kind, url);
    if (node.tagName === 'SCRIPT') scripts = ready.catch(() => {});
    const place = await ready;
    if (node.tagName === 'SCRIPT') await before;
    if (wanted.get(node)?.[name] !== url) return true;
    if (place === null) { node.dispatchEvent(new Event('error')); return true; }
    node.removeAttribute('integrity');
    node.removeAttribute('crossorigin');
    setAttribute.call(node, name, name === 'srcset' ? reference.trim().replace(/^\S+/, place) : place);
    return true;
  };
  const setAttribute = Element.prototype.setAttribute;
  const names = node => own[node.tagName?.toUpperCase()] ?? [];
  Element.prototype.setAttribute = function (name, value) {
    const lower = String(name).toLowerCase();
    if (names(this).includes(lower) && kindOf(this, lower) && !local(String(value)) && String(value)) fill(this, lower, String(value));
    else setAttribute.call(this, name, value);
  };
  for (const [type, name] of [['Image', 'src'], ['Script', 'src'], ['Link', 'href'], ['Source', 'src'], ['Media', 'src'],
    ['Video', 'poster'], ['Track', 'src'], ['Input', 'src']]) {
    const prototype = window[`HTML${type}Element`].prototype;
    const native = Object.getOwnPropertyDescriptor(prototype, name);
    Object.defineProperty(prototype, name, {
      ...native,
      get() { return wanted.get(this)?.[name] ?? native.get.call(this); },
      set(value) {
        const text = String(value);
        if (local(text) || !text || !kindOf(this, name)) { wanted.delete(this); native.set.call(this, text); } else fill(this, name, text);
      },
    });
  }
  const styled = async (node, read, write) => {
    const text = read();
    if (!/url\(|@import/i.test(text) || wanted.get(node)?.css === text) return;
    const id = ++last;
    const done = new Promise(resolve => calls.set(id, resolve));
    post({ do: 'asset', id, kind: 'css', text });
    const { bytes } = await done;
    const css = new TextDecoder().decode(bytes ?? new Uint8Array());
    wanted.set(node, { ...wanted.get(node), css });
    if (bytes && css !== text && read() === text) write(css);
  };
  const look = node => {
    for (const name of names(node)) {
      const later = `data-nbmicro-${name.replace(':', '-')}`;
      const reference = node.getAttribute(later) ?? node.getAttribute(name);
      if (!reference || local(reference)) continue;
      node.removeAttribute(later);
      if (node.tagName === 'SCRIPT' && node.isConnected && node.getAttribute(name)) {
        // The browser has given it up: the policy forbids its address. Another one in its place runs.
        const again = doc.createElement('script');
        for (const { name: key, value } of node.attributes) if (key !== 'src') setAttribute.call(again, key, value);
        node.replaceWith(again);
        fill(again, name, reference);
      } else fill(node, name, reference);
    }
    if (node.tagName === 'STYLE') styled(node, () => node.textContent, css => { node.textContent = css; });
    const style = node.getAttribute('style');
    if (style && /url\(/i.test(style)) styled(node, () => node.getAttribute('style') ?? '', css => setAttribute.call(node, 'style', css));
  };
  new MutationObserver(records => {
    for (const { target, addedNodes, type } of records) {
      if (type === 'attributes') look(target);
      for (const node of addedNodes) {
        if (node.nodeType === 3 && node.parentNode?.tagName === 'STYLE') look(node.parentNode);
        if (node.nodeType !== 1) continue;
        look(node);
        node.querySelectorAll('*').forEach(look);
      }
    }
    if (doc.title !== title) { title = doc.title; post({ do: 'title', title }); }
  }).observe(doc, { subtree: true, childList: true, attributes: true,
    attributeFilter: ['src', 'srcset', 'href', 'poster', 'style', 'xlink:href', 'rel'] });
  let title = null;
  // What the policy blocked will come by another way; the page need not hear of it.
  window.addEventListener('error', event => {
    const node = event.target;
    if (event.isTrusted && node instanceof Element && names(node).some(name => wanted.get(node)?.[name] || node.getAttribute(name) && !local(node.getAttribute(name)))) {
      event.stopImmediatePropagation();
    }
  }, true);

  doc.addEventListener('DOMContentLoaded', () => {
    post({ do: 'ready', title: doc.title });
    if (here.hash) toFragment(here);
  });
  new ResizeObserver(() => post({ do: 'size', height: doc.documentElement.offsetHeight })).observe(doc.documentElement);
  window.addEventListener('scroll', () => post({ do: 'scroll', x: window.scrollX, y: window.scrollY }), { passive: true });
  doc.currentScript?.remove();
})
