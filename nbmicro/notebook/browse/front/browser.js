// The browser: where it is, where it was, and how the next page comes.

const PAGE_LIMIT = 8 * 1024 * 1024;
// Pages that scripts may ask for in a row within ten seconds before it is called a loop.
const LOOP = 25;
const ENTRIES = 100;

class Browser extends Toolbar {
  constructor(model, el) {
    super();
    this.model = model;
    this.transport = new Transport(model);
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
    const late = setTimeout(() => this.note({ text: 'No answer yet. After a restart of the kernel, run this cell again.', kind: 'wait' }), 4000);
    this.showButtons();
    const next = new Page(this, this.transport, entry.address);
    next.left = new AbortController();
    this.coming = next;
    this.first ??= next;
    const headers = [['Accept', 'text/html,application/xhtml+xml,image/*;q=0.9,*/*;q=0.8'],
      ...(entry.type ? [['Content-Type', entry.type]] : []), ...(entry.referrer ? [['Referer', entry.referrer]] : []),
      ...(entry.method === 'POST' ? [['Origin', APP]] : [])];
    const { head, end, bytes: all } = await this.transport.whole({ method: entry.method, target: entry.address.pathname + entry.address.search,
      headers, navigation: true, page: next.name, path: entry.address.pathname }, entry.body, BODY_LIMIT, loading.signal);
    clearTimeout(late);
    this.notes.querySelector('[data-kind=wait]')?.remove();
    if (this.loading !== loading) return;
    if (!head || [204, 205].includes(head.status)) {
      this.finish(next);
      if (head) this.showStatus(`${head.status} ${head.reason}`, 'good');
      else if (!end.stopped) this.failed(entry, end, place);
      return;
    }
    const address = new URL(head.target, APP);
    address.hash = head.fragment ? `#${head.fragment}` : entry.address.hash;
    const shown = head.redirected ? { ...entry, address, method: 'GET', body: null, type: '' } : { ...entry, address };
    next.address = address;
    const [type, ...about] = headerOf(head, 'content-type').split(';').map(part => part.trim());
    const charset = (/charset="?([\w-]+)/i.exec(about.join(';')) ?? [])[1] ?? 'utf-8';
    const disposition = headerOf(head, 'content-disposition');
    const asFile = download || /^\s*attachment/i.test(disposition);
    const isPage = /^(text\/html|application\/xhtml\+xml)$/i.test(type);
    const bytes = asFile ? all : all.subarray(0, PAGE_LIMIT);
    const text = asFile || isPage ? null : await plainPage(bytes, type || 'text/plain', charset);
    if (asFile || (!isPage && text === null)) {
      this.finish(next);
      const name = nameOf(disposition, download, address);
      // Half a file is none.
      if (end.cut || end.failed) this.note({ text: `${name} did not come whole. ${end.failed ?? 'It is too large for %browse.'}`, detail: end.error ?? '', kind: 'error' });
      else this.offer(all, name, type);
      return;
    }
    let html = text;
    if (isPage) try { html = new TextDecoder(charset).decode(bytes); } catch { html = TEXT.decode(bytes); }
    const start = `(${this.model.get('page_script')})(${JSON.stringify({ token: next.token, url: address.href,
      cookies: end.cookies ?? head.cookies ?? '', referrer: entry.referrer, ...this.stores }).replaceAll('<', '\\u003c')})`;
    const { page, title, refresh } = await rewritten(html, address, next.parts, start);
    if (this.loading !== loading) return;
    this.settle(shown, place);
    const kind = head.status >= 500 ? 'bad' : head.status >= 400 ? 'poor' : 'good';
    this.notes.replaceChildren();
    this.showStatus(`${head.status} ${head.reason}`.trim(), kind);
    this.showTitle(title);
    if (end.error) this.note({ text: 'The handler failed.', detail: end.error, kind: 'error' });
    else if (end.hint) this.note({ text: end.hint });
    if (head.leads_to) this.note({ text: `It leads away from this app, to ${head.leads_to}; not followed.` });
    for (const note of head.notes ?? []) this.note({ text: note });
    if (end.cut || bytes.length < all.length) this.note({ text: 'This page is too large; its end is missing.' });
    this.put(next, page, scroll);
    if (refresh?.url) {
      this.timer = setTimeout(() => this.go({ address: refresh.url, referrer: address.href, replace: true, byPage: true }), Math.max(refresh.seconds * 1000, 50));
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
    next.scroll = scroll ?? [0, 0];
    next.sandbox = sandboxedFrame(page, next.token, {
      arrived: port => { next.live(port); if (scroll) next.tell({ do: 'scroll', x: scroll[0], y: scroll[1] }); },
      again: () => this.reload({ byPage: true }),
      gone: where => {
        if (settled || !next.alive) return;
        settled = true;
        // The browser may have looked up the host before it refused: so its user is told where to.
        const to = /^https?:/.test(where) ? ` It wanted to go to ${where}; your browser may have looked up that name.` : '';
        this.note({ text: `The page tried to leave its frame and was stopped.${to}`, actions: [['Show it again', () => this.reload({})]], kind: 'error' });
        this.arrived(next);
      },
    });
    next.sandbox.frame.className = 'nbmicro-browse-frame is-coming';
    next.sandbox.frame.addEventListener('load', () => this.arrived(next));
    this.stage.append(next.sandbox.frame);
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
    next.sandbox.frame.classList.remove('is-coming');
    this.showReports(next);
    this.showButtons();
  }

  close() {
    this.loading?.abort();
    clearTimeout(this.timer);
    clearTimeout(this.soon);
    clearTimeout(this.soonest);
    this.coming?.leave();
    this.current?.leave();
    this.transport.close();
    this.model.off('msg:custom', this.changedListener);
    (this.offers ?? []).forEach(url => URL.revokeObjectURL(url));
    this.root.remove();
  }
}

function decoded(text) {
  try { return decodeURI(text); } catch { return text; }
}

function nameOf(disposition, wanted, address) {
  const star = /filename\*\s*=\s*(?:utf-8|iso-8859-1)?'[^']*'([^;]+)/i.exec(disposition)?.[1];
  const plain = /filename\s*=\s*(?:"([^"]*)"|([^;\s]+))/i.exec(disposition);
  const name = (star && decoded(star)) || plain?.[1] || plain?.[2] || (typeof wanted === 'string' && wanted) || address.pathname.split('/').pop() || 'download';
  return name.replace(/[/\\\0]/g, '_').slice(0, 200);
}

export default {
  render({ model, el }) {
    const browser = new Browser(model, el);
    return () => browser.close();
  },
};
