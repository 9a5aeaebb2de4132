// The browser that one sees: address line, buttons, title, status, the page's frame and remarks about it.
//
// What lives here: the history of pages, loading, and drawing. What must not: what a page may do (seal.js, inhabitant.js).

const PAGE_LIMIT = 8 * 1024 * 1024;
// Pages that scripts may ask for in a row within ten seconds before it is called a loop.
const LOOP = 25;
const ENTRIES = 100;
const TALLEST = 540;

class Browser {
  constructor(model, el) {
    this.model = model;
    this.wire = new Wire(model);
    this.entries = [];
    this.at = -1;
    this.current = null;
    this.coming = null;
    this.loading = null;
    this.stores = { localStorage: [], sessionStorage: [] };
    this.byPages = [];
    this.changedListener = message => {
      if (message.kind === 'changed' && this.current?.name === message.page) this.changed();
    };
    model.on('msg:custom', this.changedListener);
    this.draw(el);
    this.go({ address: new URL(model.get('path'), APP) });
  }

  // --- what stands in the cell ---

  draw(el) {
    const make = (tag, name, attributes = {}, ...children) => {
      const node = document.createElement(tag);
      node.className = name;
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
      node.append(...children);
      return node;
    };
    const button = (label, path, act) => {
      const node = make('button', 'nbmicro-browse-button', { type: 'button', title: label, 'aria-label': label });
      node.innerHTML = `<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="${path}"/></svg>`;
      node.addEventListener('click', act);
      return node;
    };
    this.back = button('Back', 'M10 3 5 8l5 5', () => this.travel(-1));
    this.forward = button('Forward', 'm6 3 5 5-5 5', () => this.travel(1));
    this.again = button('Reload', 'M13 8a5 5 0 1 1-1.5-3.6M13 2v3h-3', () => (this.loading ? this.stop('Stopped.') : this.reload({})));
    this.field = make('input', 'nbmicro-browse-address', { type: 'text', 'aria-label': 'Address', spellcheck: 'false', autocomplete: 'off', inputmode: 'url' });
    this.form = make('form', 'nbmicro-browse-form', {}, this.field);
    this.form.addEventListener('submit', event => event.preventDefault());
    // JupyterLab keeps Enter from submitting a form in an output.
    this.field.addEventListener('keydown', event => {
      if (event.key === 'Enter') { event.preventDefault(); this.typed(); }
      if (event.key === 'Escape') this.field.value = this.shown ?? '';
    });
    this.field.addEventListener('focus', () => this.field.select());
    this.status = make('span', 'nbmicro-browse-status', { role: 'status' });
    this.name = make('span', 'nbmicro-browse-title');
    this.auto = make('input', '', { type: 'checkbox', role: 'switch' });
    this.auto.checked = this.model.get('auto');
    this.auto.addEventListener('change', () => { this.model.set('auto', this.auto.checked); this.model.save_changes(); });
    const auto = make('label', 'nbmicro-browse-auto', { title: 'Reload by itself when a cell changes what this page used' }, this.auto, make('span', '', {}, 'auto-reload'));
    this.notes = make('div', 'nbmicro-browse-notes', { 'aria-live': 'polite' });
    this.stage = make('div', 'nbmicro-browse-stage', { tabindex: '-1' });
    this.root = make('section', 'nbmicro-browse', { 'aria-label': 'A browser for the app of this notebook', 'data-lm-suppress-shortcuts': 'true' },
      make('div', 'nbmicro-browse-bar', {}, this.back, this.forward, this.again, this.form, this.status),
      make('div', 'nbmicro-browse-line', {}, this.name, auto),
      make('div', 'nbmicro-browse-busy', { 'aria-hidden': 'true' }),
      this.notes, this.stage);
    el.append(this.root);
  }

  showButtons() {
    this.back.disabled = this.at <= 0;
    this.forward.disabled = this.at >= this.entries.length - 1;
    const label = this.loading ? 'Stop' : 'Reload';
    this.again.title = label;
    this.again.setAttribute('aria-label', label);
    this.again.querySelector('path').setAttribute('d', this.loading ? 'm4 4 8 8M12 4l-8 8' : 'M13 8a5 5 0 1 1-1.5-3.6M13 2v3h-3');
    this.root.classList.toggle('is-busy', this.loading !== null);
    this.stage.setAttribute('aria-busy', String(this.loading !== null));
  }

  showAddress(address) {
    const text = decoded(address.pathname + address.search + address.hash);
    if (document.activeElement !== this.field || this.field.value === this.shown) this.field.value = text;
    this.shown = text;
  }

  showStatus(text, kind) {
    this.status.textContent = text;
    this.status.dataset.kind = kind;
  }

  showTitle(given, ready) {
    const title = given || this.shown;
    this.name.textContent = title;
    this.name.title = title;
    if (ready) this.arrived(ready);
  }

  // The frame grows with its first page; after that it is as high as its user has it.
  size(page, height) {
    if (page !== this.first || !height || this.entries.length > 1) return;
    const now = this.stage.offsetHeight;
    if (this.given !== undefined && Math.abs(now - this.given) > 1) return;
    this.stage.style.height = `${Math.max(now, Math.min(height + 24, TALLEST))}px`;
    this.given = this.stage.offsetHeight;
  }

  // A remark above the page: {text, detail, actions: [[label, act]], kind}.
  note({ text, detail = '', actions = [], kind = 'info' }) {
    const node = document.createElement('div');
    node.className = 'nbmicro-browse-note';
    node.dataset.kind = kind;
    const words = document.createElement('span');
    words.textContent = text;
    node.append(words);
    for (const [label, act] of [...actions, ['Close', () => {}]]) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = label;
      button.addEventListener('click', () => { node.remove(); act(); });
      node.append(button);
    }
    if (detail) {
      const more = document.createElement('pre');
      more.textContent = detail;
      node.append(more);
    }
    while (this.notes.children.length >= 3) this.notes.firstChild.remove();
    this.notes.append(node);
    return node;
  }

  say(text) { this.note({ text }); }

  ask(text, agree) { this.note({ text, actions: [['Yes', agree]], kind: 'ask' }); }

  fault(what, error) { this.note({ text: what, detail: error, kind: 'error' }); }

  // --- going places ---

  typed() {
    const text = this.field.value.trim();
    const address = addressOf(/^https?:\/\//i.test(text) ? text : `${APP}${/^[/?#]/.test(text) ? '' : '/'}${text}`, APP);
    if (address) this.go({ address });
    this.field.blur();
  }

  go({ address, method = 'GET', body = null, type = '', replace = false, referrer = '', download, byPage = false }) {
    if (!isOurs(address)) {
      return void this.note({ text: `${address.href} leads away from this app; %browse shows this app alone.` });
    }
    if (byPage && this.loops()) return undefined;
    const entry = { address: new URL(address.pathname + address.search + address.hash, APP), method, body, type, referrer, state: null, scroll: [0, 0] };
    return this.load(entry, { place: replace ? 'replace' : 'push', download });
  }

  loops() {
    const now = performance.now();
    this.byPages = [...this.byPages.filter(time => now - time < 10000), now];
    if (this.byPages.length <= LOOP) return false;
    this.stop('The page went on to load pages by itself; it was stopped.');
    return true;
  }

  reload({ byPage = false, kept = false }) {
    const entry = this.entries[this.at];
    if (!entry || (byPage && this.loops())) return;
    const again = () => this.load(entry, { place: 'stay', scroll: kept || byPage ? this.current?.scroll : null });
    if (entry.method === 'GET') again();
    else this.note({ text: 'This page is the answer to a form.', actions: [['Send it again', again]], kind: 'ask' });
  }

  travel(delta) {
    const to = this.at + delta;
    const entry = this.entries[to];
    if (!delta || !entry) return;
    this.keepScroll();
    if (entry.owner && entry.owner === this.current) {
      this.at = to;
      this.current.address = entry.address;
      this.current.tell({ do: 'pop', url: entry.address.href, state: entry.state });
      this.showAddress(entry.address);
      this.showButtons();
      return;
    }
    const go = () => this.load(entry, { place: to, scroll: entry.scroll });
    if (entry.method === 'GET') go();
    else this.note({ text: 'That page was the answer to a form.', actions: [['Send it again', go]], kind: 'ask' });
  }

  changed() {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => {
      if (this.auto.checked && this.entries[this.at]?.method === 'GET') this.reload({ kept: true });
      else this.note({ text: 'A cell has changed what this page used.', actions: [['Reload', () => this.reload({})]] });
    }, 120);
  }

  noteAddress(address, state, replace, owner) {
    if (owner !== this.current) return;
    const entry = { ...this.entries[this.at], address, state, owner, method: 'GET', body: null };
    this.entries[this.at].owner ??= owner;
    if (replace) this.entries[this.at] = entry;
    else if (this.entries[this.at].address.href !== address.href || state !== null) this.push(entry);
    this.showAddress(address);
    this.showButtons();
  }

  push(entry) {
    this.entries = [...this.entries.slice(0, this.at + 1), entry].slice(-ENTRIES);
    this.at = this.entries.length - 1;
  }

  keepScroll() {
    if (this.entries[this.at] && this.current) this.entries[this.at].scroll = this.current.scroll;
  }

  stop(text) {
    this.loading?.abort();
    this.loading = null;
    this.coming?.leave();
    this.coming = null;
    clearTimeout(this.timer);
    this.current?.left?.abort();
    this.say(text);
    this.showButtons();
  }

  // --- loading ---

  async load(entry, { place, download, scroll = null }) {
    this.loading?.abort();
    this.coming?.leave();
    clearTimeout(this.timer);
    const loading = this.loading = new AbortController();
    const late = setTimeout(() => this.note({ text: 'No answer yet. After a restart of the kernel, run this cell again.', kind: 'wait' }), 6000);
    this.showButtons();
    const next = new Inhabitant(this, this.wire, entry.address);
    next.left = new AbortController();
    this.coming = next;
    this.first ??= next;
    const headers = [['Accept', 'text/html,application/xhtml+xml,image/*;q=0.9,*/*;q=0.8'],
      ...(entry.type ? [['Content-Type', entry.type]] : []), ...(entry.referrer ? [['Referer', entry.referrer]] : []),
      ...(entry.method === 'POST' ? [['Origin', APP]] : [])];
    const { head, end, bytes } = await this.wire.whole({ method: entry.method, target: entry.address.pathname + entry.address.search,
      headers, navigation: true, page: next.name, path: entry.address.pathname }, entry.body, PAGE_LIMIT, loading.signal);
    clearTimeout(late);
    this.notes.querySelector('[data-kind=wait]')?.remove();
    if (this.loading !== loading) return;
    if (!head || [204, 205].includes(head.status)) {
      this.finish(next);
      if (head) this.showStatus(`${head.status} ${head.reason}`, 'good');
      else if (!end.stopped) this.failed(entry, end, place);
      return;
    }
    const answer = new URL(head.target, APP);
    answer.hash = head.fragment ? `#${head.fragment}` : entry.address.hash;
    const shown = head.redirected ? { ...entry, address: answer, method: 'GET', body: null, type: '' } : { ...entry, address: answer };
    next.address = answer;
    const [type, ...about] = headerOf(head, 'content-type').split(';').map(part => part.trim());
    const charset = (/charset="?([\w-]+)/i.exec(about.join(';')) ?? [])[1] ?? 'utf-8';
    const disposition = headerOf(head, 'content-disposition');
    const asFile = download || /^\s*attachment/i.test(disposition);
    const isPage = /^(text\/html|application\/xhtml\+xml)$/i.test(type);
    const text = asFile || isPage ? null : await plainPage(bytes, type || 'text/plain', charset);
    if (asFile || (!isPage && text === null)) {
      this.finish(next);
      this.offer(bytes, nameOf(disposition, download, answer), type);
      return;
    }
    let html = text;
    if (isPage) try { html = new TextDecoder(charset).decode(bytes); } catch { html = TEXT.decode(bytes); }
    const start = `(${this.model.get('page_script').trim().replace(/;$/, '')})(${JSON.stringify({ token: next.token, url: answer.href,
      cookies: end.cookies ?? head.cookies ?? '', referrer: entry.referrer, ...this.stores }).replaceAll('<', '\\u003c')})`;
    const { page, title, refresh } = await composed(html, answer, next.parts, start);
    if (this.loading !== loading) return;
    this.settle(shown, place);
    const told = head.status >= 500 ? 'bad' : head.status >= 400 ? 'poor' : 'good';
    this.notes.replaceChildren();
    this.showStatus(`${head.status} ${head.reason}`.trim(), told);
    this.showTitle(title);
    if (end.error) this.note({ text: 'The handler failed.', detail: end.error, kind: 'error' });
    else if (end.hint) this.note({ text: end.hint });
    if (head.leads_to) this.note({ text: `It leads away from this app, to ${head.leads_to}; not followed.` });
    for (const note of head.notes ?? []) this.note({ text: note });
    if (end.cut) this.note({ text: 'This page is too large; its end is missing.' });
    this.put(next, page, scroll);
    if (refresh?.url) {
      this.timer = setTimeout(() => this.go({ address: refresh.url, referrer: answer.href, replace: true, byPage: true }), Math.max(refresh.seconds * 1000, 50));
    }
  }

  failed(entry, end, place) {
    this.settle(entry, place);
    this.showStatus('no answer', 'bad');
    this.note({ text: end.failed ?? 'No answer came.', detail: end.error ?? '', kind: 'error' });
  }

  finish(next) {
    next.leave();
    if (this.coming === next) this.coming = null;
    this.loading = null;
    this.showButtons();
  }

  // The page is the one at this place of the history from now on.
  settle(entry, place) {
    if (place !== 'stay') this.keepScroll();
    if (typeof place === 'number') this.at = place;
    else if (place === 'push') {
      const same = this.entries[this.at]?.address.href === entry.address.href && entry.method === 'GET';
      if (!same) this.push(entry);
    }
    this.entries[this.at] = { ...entry, owner: null };
    this.showAddress(entry.address);
    if (entry.method === 'GET') {
      this.model.set('path', entry.address.pathname + entry.address.search);
      this.model.save_changes();
    }
  }

  put(next, page, scroll) {
    let settled = false;
    next.box = sealedFrame(page, next.token, {
      arrived: port => { next.live(port); if (scroll) next.restore = scroll; },
      again: () => this.reload({ byPage: true }),
      gone: () => {
        if (settled || !next.alive) return;
        settled = true;
        this.note({ text: 'The page tried to leave its frame and was stopped.', actions: [['Show it again', () => this.reload({})]], kind: 'error' });
        this.arrived(next);
      },
    });
    next.box.frame.className = 'nbmicro-browse-frame is-coming';
    next.box.frame.addEventListener('load', () => this.arrived(next));
    this.stage.append(next.box.frame);
    clearTimeout(this.soonest);
    this.soonest = setTimeout(() => this.arrived(next), 1500);
  }

  // The new page can be looked at: the old one goes.
  arrived(next) {
    if (this.coming !== next) return;
    this.coming = null;
    this.loading = null;
    this.current?.leave();
    this.current = next;
    next.box.frame.classList.remove('is-coming');
    if (next.restore) next.tell({ do: 'scroll', x: next.restore[0], y: next.restore[1] });
    this.showButtons();
  }

  // Something to save. It is never opened here: an address of the notebook's origin must hold no page of the app.
  offer(bytes, name, type) {
    const url = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
    const node = this.note({ text: `${name} · ${type || 'a file'} · ${sized(bytes.byteLength)}`, kind: 'file' });
    const link = document.createElement('a');
    link.href = url;
    link.download = name;
    link.textContent = 'Save';
    node.insertBefore(link, node.querySelector('button'));
    this.offers = [...(this.offers ?? []), url].slice(-3);
  }

  close() {
    this.loading?.abort();
    clearTimeout(this.timer);
    clearTimeout(this.soon);
    clearTimeout(this.soonest);
    this.coming?.leave();
    this.current?.leave();
    this.wire.close();
    this.model.off('msg:custom', this.changedListener);
    (this.offers ?? []).forEach(url => URL.revokeObjectURL(url));
    this.root.remove();
  }
}

function decoded(text) {
  try { return decodeURI(text); } catch { return text; }
}

function sized(count) {
  if (count < 1024) return `${count} bytes`;
  return count < 1024 * 1024 ? `${(count / 1024).toFixed(1)} KB` : `${(count / 1024 / 1024).toFixed(1)} MB`;
}

function nameOf(disposition, wanted, address) {
  const star = /filename\*\s*=\s*(?:utf-8|iso-8859-1)?'[^']*'([^;]+)/i.exec(disposition)?.[1];
  const said = /filename\s*=\s*(?:"([^"]*)"|([^;\s]+))/i.exec(disposition);
  const name = (star && decoded(star)) || said?.[1] || said?.[2] || (typeof wanted === 'string' && wanted) || address.pathname.split('/').pop() || 'download';
  return name.replace(/[/\\\0]/g, '_').slice(0, 200);
}

export default {
  render({ model, el }) {
    const browser = new Browser(model, el);
    return () => browser.close();
  },
};
