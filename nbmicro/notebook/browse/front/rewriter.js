// Rewrites a response into a page that its frame can show, in a document that neither loads nor runs anything: what the
// page refers to is put in place, or noted for the injected script to fetch. It guards nothing; sandbox.js does.

const APP = 'http://localhost';
const TEXT = new TextDecoder();
const LATER = ['src', 'srcset', 'poster', 'href', 'xlink:href'];

// Whether an address is one of the app's: any loopback address means it, as for %http.
function isOurs(url) {
  return /^https?:$/.test(url.protocol) && /^(localhost|.+\.localhost|127(\.\d+){3}|0\.0\.0\.0|\[::1\])$/.test(url.hostname);
}

function addressOf(reference, base) {
  try { return new URL(reference, base); } catch { return null; }
}

const isData = url => /^(data|blob|about):/i.test(url);

async function dataOf(bytes, type) {
  const reader = new FileReader();
  return new Promise(resolve => {
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(new Blob([bytes], { type }));
  });
}

// Characters of what is put in place in one page, however often it is named; and of a script that is read.
const ROOM = 64 * 1024 * 1024, SCRIPT_LIMIT = 4 * 1024 * 1024;
// Files of Swagger UI and ReDoc, which a package of the kernel's may have.
const SHARED = /^(swagger-ui(-bundle|-standalone-preset)?\.(js|css)|redoc\.standalone\.js)$/;
// Addresses of one style sheet, and elements of a page.
const ADDRESSES = 5000, ELEMENTS = 200000;

// What a page refers to. `get(url)` asks the app: `{ok, bytes, type}`; `refused(text)` is told what is not loaded. Nothing is asked for twice by one page.
class Parts {
  constructor(get, refused, shared) {
    this.get = get;
    this.shared = shared;
    this.refused = refused;
    this.modules = new Map();
    this.importMap = { imports: {}, scopes: {} };
    this.room = ROOM;
    this.before = Promise.resolve();
  }

  // What is at an address of the app; of another site nothing, which is told.
  async ours(url) {
    if (isOurs(url)) return this.get(url);
    const name = url.pathname.split('/').pop();
    const part = SHARED.test(name) ? await this.shared(name) : { ok: false };
    if (part.ok) return part;
    const advice = SHARED.test(name) ? ' After  %pip install fastapi-offline  it is taken from there.' : '';
    this.refused(`${url.href} is on another site, and %browse loads nothing from there.${advice}`);
    return { ok: false };
  }

  // Whether there is room for a text that is put in place once more.
  mayPut(text) {
    this.room -= text.length;
    return this.room >= 0;
  }

  async css(text, base, depth = 0) {
    const found = addressesIn(text).slice(0, ADDRESSES).map(one => ({ ...one, url: addressOf(one.reference, base) }))
      .filter(({ url, reference }) => url && !isData(url.href) && !reference.startsWith('#') && isOurs(url));
    const made = new Map();
    const key = ({ url, sheet }) => `${sheet} ${url.href}`;
    for (const one of found) if (!made.has(key(one))) made.set(key(one), this.sheetPart(one, depth));
    const places = [];
    for (const one of found) {
      const place = await made.get(key(one));
      if (place && this.mayPut(place)) places.push({ ...one, put: `url("${place}")` });
    }
    return spliced(text, places);
  }

  async sheetPart({ url, sheet }, depth) {
    const part = await this.get(url);
    if (!part.ok) return null;
    if (!sheet) return dataOf(part.bytes, part.type);
    return depth < 4 ? dataOf(await this.css(TEXT.decode(part.bytes), url, depth + 1), 'text/css') : null;
  }

  // One module of the page after the other: two that import one another would wait for ever.
  async entry(text, base) {
    const made = this.before.then(() => this.module(text, base, [base.href]));
    this.before = made.catch(() => {});
    return made;
  }

  // A module with what it imports, each as a data: address; the same text is the same address, so the same module.
  async module(text, base, trail) {
    if (text.length > SCRIPT_LIMIT) return text;
    const tokens = new Tokens(text, true);
    const { fixed, calls, urls } = importsIn(tokens);
    const places = [...pageWords(tokens, calls, base), ...urls.map(one => ({ ...one, put: JSON.stringify(base.href) }))];
    for (const one of fixed) {
      const url = this.resolved(one.reference, base);
      if (!url || !isOurs(url) || trail.includes(url.href) || trail.length > 12) continue;
      const place = await this.moduleAt(url, trail);
      if (place && this.mayPut(place)) places.push({ ...one, put: `"${place}"` });
    }
    return spliced(text, places.sort((first, second) => first.start - second.start));
  }

  moduleAt(url, trail) {
    if (!this.modules.has(url.href)) this.modules.set(url.href, this.madeModule(url, [...trail, url.href]));
    return this.modules.get(url.href);
  }

  async madeModule(url, trail) {
    const part = await this.get(url);
    if (!part.ok) return null;
    if (/json$|^text\/css$/.test(part.type)) return dataOf(part.bytes, part.type);
    return dataOf(await this.module(TEXT.decode(part.bytes), url, trail), 'text/javascript');
  }

  // What a module's word for another means: an address, or a name of the page's import map.
  resolved(reference, base) {
    const isAddress = /^(\.{0,2}\/|[a-z][a-z0-9+.-]*:)/i.test(reference);
    const name = isAddress ? addressOf(reference, base)?.href : reference;
    const scopes = Object.entries(this.importMap.scopes).filter(([scope]) => base.href.startsWith(scope)).sort(([one], [other]) => other.length - one.length);
    for (const names of [...scopes.map(([, given]) => given), this.importMap.imports]) {
      if (Object.hasOwn(names, name)) return names[name];
      const folder = Object.keys(names).filter(key => key.endsWith('/') && name?.startsWith(key)).sort((one, other) => other.length - one.length)[0];
      if (folder) return names[folder] && addressOf(name.slice(folder.length), names[folder]);
    }
    return isAddress ? addressOf(reference, base) : null;
  }

  // The page's `<script type=importmap>`: names, and addresses of its own, for addresses.
  readImportMap(text, base) {
    const read = names => Object.fromEntries(Object.entries(names ?? {}).slice(0, 1000).map(([name, address]) => [
      /^(\.{0,2}\/|https?:)/.test(name) ? addressOf(name, base)?.href ?? name : name, addressOf(String(address), base)]));
    try {
      const given = JSON.parse(text);
      const scopes = Object.entries(given.scopes ?? {}).slice(0, 100).map(([scope, names]) => [addressOf(scope, base)?.href ?? scope, read(names)]);
      this.importMap = { imports: read(given.imports), scopes: Object.fromEntries(scopes) };
    } catch { /* it is no import map */ }
  }

  // What the injected script asks for when something is added to the page: `{bytes, type}`, or null.
  async later(kind, url, text, base) {
    if (kind === 'css') return { bytes: encoded(await this.css(text, base)), type: 'text/css' };
    if (kind === 'import') {
      const wanted = this.resolved(url, (text && addressOf(text, base)) || base);
      const place = wanted && isOurs(wanted) ? await (this.before = this.before.then(() => this.moduleAt(wanted, []), () => null)) : null;
      return place ? { bytes: encoded(place), type: 'text/plain' } : null;
    }
    const address = addressOf(url, base);
    const part = address ? await this.ours(address) : { ok: false };
    if (!part.ok) return null;
    if (kind === 'file') return part;
    const code = TEXT.decode(part.bytes);
    const made = kind === 'style' ? await this.css(code, address) : kind === 'module' ? await this.entry(code, address) : scripted(code, address);
    return { bytes: encoded(made), type: kind === 'style' ? 'text/css' : 'text/javascript' };
  }
}

const encoded = text => new TextEncoder().encode(text);

// No page can be given another `location`, and none of its scripts may load another: they are made to say the names that
// the injected script gives for them.
function pageWords(tokens, calls, base) {
  return [...locationsIn(tokens).map(one => ({ ...one, put: 'window.nbmicroLocation' })),
    ...calls.map(one => ({ ...one, put: `window.nbmicroImport(${JSON.stringify(base.href)},` }))];
}

function scripted(text, base) {
  if (!/location|import/.test(text) || text.length > SCRIPT_LIMIT) return text;
  const tokens = new Tokens(text, false);
  return spliced(text, pageWords(tokens, importsIn(tokens).calls, base).sort((first, second) => first.start - second.start));
}

const UNWANTED = [
  'link[rel~="prefetch" i]', 'link[rel~="preload" i]', 'link[rel~="modulepreload" i]', 'link[rel~="dns-prefetch" i]',
  'link[rel~="preconnect" i]', 'link[rel~="prerender" i]', 'link[rel~="manifest" i]', 'link[rel~="icon" i]',
  'meta[http-equiv="content-security-policy" i]', 'script[type="speculationrules" i]', 'base',
].join(',');
// What holds another page. None of them may be there: Chromium connects to the host of one that it then refuses.
const FRAMES = 'iframe, frame, frameset, fencedframe, portal, object, embed';
const FRAME_TAG = /<(\/?)(?=(?:[\w.-]+:)?(?:i?frame|frameset|fencedframe|portal|object|embed)(?![\w-]))/gi;

// The page for an HTML response: `{page, title, refresh}`. `start` is the injected script with its configuration.
async function rewritten(html, base, parts, start) {
  const doc = new DOMParser().parseFromString(html, 'text/html');
  if (doc.getElementsByTagName('*').length > ELEMENTS) {
    return { page: `<!doctype html>${GUARD}<p>The page has more than ${ELEMENTS.toLocaleString('en')} elements, too many to show it here.`, title: doc.title, refresh: null };
  }
  const declared = doc.querySelector('base[href]');
  const root = (declared && addressOf(declared.getAttribute('href'), base)) || base;
  let refresh = null;
  for (const node of doc.querySelectorAll('meta[http-equiv="refresh" i]')) {
    const [, seconds, reference] = /^\s*([\d.]+)\s*(?:[;,]\s*(?:url\s*=\s*)?["']?(.*?)["']?\s*)?$/is.exec(node.content.slice(0, 4000)) ?? [];
    if (seconds !== undefined) refresh = { seconds: Number(seconds), url: reference ? addressOf(reference, root) : base };
    node.remove();
  }
  doc.querySelectorAll(UNWANTED).forEach(node => node.remove());
  for (const node of doc.querySelectorAll(FRAMES)) {
    const address = node.getAttribute('src') ?? node.getAttribute('data') ?? 'of its own text';
    const note = doc.createElement('p');
    note.textContent = `[a frame inside the page is not shown here: ${address}]`;
    node.replaceWith(note);
    parts.refused(`A frame inside the page is not shown here: ${address}`);
  }
  // With scripts a browser reads their content as text, and a parser without scripts does not.
  doc.querySelectorAll('noscript').forEach(node => node.remove());
  const map = doc.querySelector('script[type="importmap" i]');
  if (map) parts.readImportMap(map.textContent, root);
  doc.querySelectorAll('script[type="importmap" i]').forEach(node => node.remove());
  const work = [];
  for (const node of doc.querySelectorAll('link[rel~="stylesheet" i][href]')) work.push(sheet(node, root, parts));
  for (const node of doc.querySelectorAll('style')) {
    work.push(parts.css(node.textContent, root).then(css => { node.textContent = css.replaceAll('</', '<\\/'); }));
  }
  for (const node of doc.querySelectorAll('[style*="url(" i]')) {
    work.push(parts.css(node.getAttribute('style'), root).then(css => node.setAttribute('style', css)));
  }
  for (const node of doc.querySelectorAll('script')) work.push(script(node, root, parts));
  for (const node of doc.querySelectorAll('*')) {
    for (const { name, value } of [...node.attributes]) {
      if (name.startsWith('on')) node.setAttribute(name, scripted(value, root));
      else if (name === 'href' && /^\s*javascript:/i.test(value)) node.setAttribute(name, scripted(value, root));
    }
    if (!/^(img|source|video|audio|track|input|image)$/i.test(node.tagName)) continue;
    for (const name of LATER) {
      const reference = node.getAttribute(name);
      if (!reference || isData(reference) || reference.startsWith('#')) continue;
      node.setAttribute(`data-nbmicro-${name.replace(':', '-')}`, reference);
      node.removeAttribute(name);
    }
  }
  await Promise.all(work);
  const place = doc.createElement('base');
  place.setAttribute('href', root.href);
  doc.head.prepend(place);
  // A second parser may read the text in another way than the first one: so what must not be there is parted as a word,
  // outside of scripts, which are put back afterwards.
  const apart = [...doc.getElementsByTagNameNS('http://www.w3.org/1999/xhtml', 'script')].filter(node => !/<\/script|<!--/i.test(node.textContent));
  const scripts = apart.map(node => node.textContent);
  const mark = `nbmicro-${crypto.randomUUID()}-`;
  apart.forEach((node, index) => { node.textContent = `${mark}${index};`; });
  const text = withoutFrames(doc.documentElement.outerHTML);
  const pieces = text.split(mark).map((piece, index) => {
    if (!index) return piece;
    const end = piece.indexOf(';');
    return scripts[Number(piece.slice(0, end))] + piece.slice(end + 1);
  });
  // The policy and our script come before everything, as text: no parser's view of the page may come between.
  return { page: `<!doctype html>${GUARD}<script>${start.replaceAll('</', '<\\/')}</script>${pieces.join('')}`, title: doc.title, refresh };
}

// The text without a frame or a refresh that a parser could make of it.
function withoutFrames(text) {
  return text.replace(FRAME_TAG, '<$1nbmicro-').replace(/http-equiv/gi, 'data-http-equiv');
}

async function sheet(node, root, parts) {
  const url = addressOf(node.getAttribute('href'), root);
  if (!url || isData(url.href)) return;
  const part = await parts.ours(url);
  node.setAttribute('href', part.ok ? await dataOf(await parts.css(TEXT.decode(part.bytes), url), 'text/css') : 'data:text/css,');
  node.removeAttribute('integrity');
  node.removeAttribute('crossorigin');
}

async function script(node, root, parts) {
  const isModule = node.type === 'module';
  if (!isModule && node.type && !/javascript|ecmascript/i.test(node.type)) return;
  const reference = node.getAttribute('src');
  const closed = text => text.replaceAll(/<(?=\/script|!--|script)/gi, '\\x3c');
  if (reference === null) {
    node.textContent = closed(isModule ? await parts.entry(node.textContent, root) : scripted(node.textContent, root));
    return;
  }
  const url = addressOf(reference, root);
  if (!url || isData(url.href)) return;
  const part = await parts.ours(url);
  const code = part.ok ? TEXT.decode(part.bytes) : '';
  node.setAttribute('src', await dataOf(isModule ? await parts.entry(code, url) : scripted(code, url), 'text/javascript'));
  node.removeAttribute('integrity');
  node.removeAttribute('crossorigin');
}

// Something that is no HTML, as a page: text and JSON to read, a picture to see; null for what can only be saved.
async function plainPage(bytes, type, charset) {
  const escape = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const kind = type.toLowerCase();
  if (kind.startsWith('image/')) {
    return `<body style="margin:0"><img alt="the picture" style="max-width:100%" src="${await dataOf(bytes, kind.replace(/[^\w/+.-]/g, ''))}">`;
  }
  let text;
  const isJson = /^application\/(.*\+)?json$/.test(kind);
  if (!isJson && !kind.startsWith('text/') && !/xml$|javascript$/.test(kind)) return null;
  try { text = new TextDecoder(charset).decode(bytes); } catch { text = TEXT.decode(bytes); }
  if (isJson) {
    try { text = JSON.stringify(JSON.parse(text), null, 2); } catch { /* it is shown as it came */ }
  }
  return `<pre style="white-space:pre-wrap;word-break:break-word;font:13px/1.5 monospace">${escape(text)}</pre>`;
}
