// What one sees of the browser: address line, buttons, title, status, notes, and the stage for the page's frame. What is
// pressed is the browser's to do.

const TALLEST = 540;

class Toolbar {
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
    this.console = make('details', 'nbmicro-browse-console', { hidden: '' }, make('summary', ''), make('ol', '', { 'aria-label': 'What went wrong in the page' }));
    this.root = make('section', 'nbmicro-browse', { 'aria-label': 'A browser for the app of this notebook', 'data-lm-suppress-shortcuts': 'true' },
      make('div', 'nbmicro-browse-bar', {}, this.back, this.forward, this.again, this.form, this.status),
      make('div', 'nbmicro-browse-line', {}, this.name, auto),
      make('div', 'nbmicro-browse-busy', { 'aria-hidden': 'true' }),
      this.notes, this.stage, this.console);
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

  // A note above the page: {text, detail, actions: [[label, act]], kind}.
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

  // What went wrong in the page, below it: requests that failed, what was blocked, errors of its scripts.
  showReports(page) {
    if (page !== this.current) return;
    const [summary, list] = this.console.children;
    const total = page.reports.reduce((sum, one) => sum + one.count, 0);
    this.console.hidden = !total;
    const worst = page.reports.some(one => one.kind !== 'blocked');
    summary.dataset.kind = worst ? 'bad' : 'poor';
    summary.textContent = total === 1 ? '1 problem in this page' : `${total} problems in this page`;
    list.replaceChildren(...page.reports.map(({ kind, text, detail, count }) => {
      const row = document.createElement('li');
      row.dataset.kind = kind;
      const add = (tag, name, words) => {
        const node = document.createElement(tag);
        node.className = name;
        node.textContent = words;
        row.append(node);
      };
      add('span', 'nbmicro-browse-kind', kind);
      add('span', 'nbmicro-browse-text', count > 1 ? `${text} (${count} times)` : text);
      if (detail) add('pre', '', detail);
      return row;
    }));
    if (page !== this.told && total) {
      this.told = page;
      this.console.open = worst;
    }
  }

  say(text) { this.note({ text }); }

  ask(text, agree) { this.note({ text, actions: [['Yes', agree]], kind: 'ask' }); }

  error(what, error) { this.note({ text: what, detail: error, kind: 'error' }); }

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
}

function sized(count) {
  if (count < 1024) return `${count} bytes`;
  return count < 1024 * 1024 ? `${(count / 1024).toFixed(1)} KB` : `${(count / 1024 / 1024).toFixed(1)} MB`;
}
