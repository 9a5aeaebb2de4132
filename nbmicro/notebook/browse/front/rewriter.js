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

// What a page refers to. `get(url)` asks the app: `{ok, bytes, type}`. Nothing is asked for twice by one page.
class Parts {
  constructor(get) {
    this.get = get;
    this.modules = new Map();
  }

  async css(text, base, depth = 0) {
    const places = new Map();
    const find = async (reference, sheet) => {
      const url = addressOf(reference, base);
      if (!url || isData(url.href) || reference.startsWith('#') || !isOurs(url)) return;
      const part = await this.get(url);
      if (!part.ok) return;
      const bytes = sheet && depth < 4 ? await this.css(TEXT.decode(part.bytes), url, depth + 1) : part.bytes;
      places.set(reference, await dataOf(bytes, sheet ? 'text/css' : part.type));
    };
    const urls = [...text.matchAll(/url\(\s*(?:"([^"]*)"|'([^']*)'|([^"')\s]+))\s*\)/gi)];
    const sheets = [...text.matchAll(/@import\s+(?:url\(\s*)?(?:"([^"]*)"|'([^']*)'|([^"')\s;]+))/gi)];
    const imported = new Set(sheets.map(found => found[1] ?? found[2] ?? found[3]));
    await Promise.all([...imported].map(one => find(one, true)));
    const others = new Set(urls.map(found => found[1] ?? found[2] ?? found[3]));
    await Promise.all([...others].filter(one => !imported.has(one)).map(one => find(one, false)));
    const put = (all, double, single, bare) => {
      const place = places.get(double ?? single ?? bare);
      return place ? `url("${place}")` : all;
    };
    return text
      .replace(/@import\s+(?:"([^"]*)"|'([^']*)')/gi, (all, double, single) => {
        const place = places.get(double ?? single);
        return place ? `@import url("${place}")` : all;
      })
      .replace(/url\(\s*(?:"([^"]*)"|'([^']*)'|([^"')\s]+))\s*\)/gi, put);
  }

  // A module with what it imports, each as a data: address; the same text is the same address, so the same module.
  async module(text, base, trail = []) {
    const found = [...text.matchAll(/(\bfrom\s*|\bimport\s*\(?\s*)(["'])((?:\.{0,2}\/|https?:)[^"'\n]*)\2/g)];
    const places = new Map();
    for (const [, , , reference] of found) {
      const url = addressOf(reference, base);
      if (!url || !isOurs(url) || trail.includes(url.href) || trail.length > 8) continue;
      if (!this.modules.has(url.href)) this.modules.set(url.href, this.moduleAt(url, [...trail, url.href]));
      const place = await this.modules.get(url.href);
      if (place) places.set(reference, place);
    }
    return scripted(text.replace(/(\bfrom\s*|\bimport\s*\(?\s*)(["'])((?:\.{0,2}\/|https?:)[^"'\n]*)\2/g,
      (all, before, quote, reference) => places.has(reference) ? `${before}${quote}${places.get(reference)}${quote}` : all));
  }

  async moduleAt(url, trail) {
    const part = await this.get(url);
    return part.ok ? dataOf(await this.module(TEXT.decode(part.bytes), url, trail), 'text/javascript') : null;
  }

  // What the injected script asks for when something is added to the page: `{bytes, type}`, or null.
  async later(kind, url, text, base) {
    if (kind === 'css') return { bytes: encoded(await this.css(text, base)), type: 'text/css' };
    const address = addressOf(url, base);
    if (!address || !isOurs(address)) return null;
    const part = await this.get(address);
    if (!part.ok) return null;
    if (kind === 'file') return part;
    const code = TEXT.decode(part.bytes);
    const made = kind === 'style' ? await this.css(code, address) : kind === 'module' ? await this.module(code, address, [address.href]) : scripted(code);
    return { bytes: encoded(made), type: kind === 'style' ? 'text/css' : 'text/javascript' };
  }
}

const encoded = text => new TextEncoder().encode(text);

// No page can be given another `location`, so its scripts are made to say the name that the injected script gives: only where the word
// is followed by a member of it or set, and is no key, no variable of the script's own and no other object's property.
function scripted(text) {
  if (!text.includes('location')) return text;
  return text.replace(OWNED_LOCATION, 'window.nbmicroLocation').replace(BARE_LOCATION, 'window.nbmicroLocation');
}
const MEMBERS = 'href|assign|replace|reload|search|pathname|hash|origin|host|hostname|port|protocol|toString';
const OWNED_LOCATION = /(?<![\w$.])(?:window|document|self|top|parent|globalThis)\s*\.\s*location\b(?!\s*:)/g;
const BARE_LOCATION = new RegExp(
  `(?<![\\w$.])(?<!\\b(?:const|let|var)\\s+)location(?=\\s*\\.\\s*(?:${MEMBERS})\\b)`
  + `|(?<![\\w$.])(?<!(?:\\b(?:const|let|var)\\s|[({,[])\\s*)location(?=\\s*=(?![=>]))`, 'g');

const UNWANTED = [
  'link[rel~="prefetch" i]', 'link[rel~="preload" i]', 'link[rel~="modulepreload" i]', 'link[rel~="dns-prefetch" i]',
  'link[rel~="preconnect" i]', 'link[rel~="prerender" i]', 'link[rel~="manifest" i]', 'link[rel~="icon" i]',
  'meta[http-equiv="content-security-policy" i]', 'script[type="speculationrules" i]', 'base',
].join(',');
const FRAMES = 'iframe[src], frame[src], object[data], embed[src]';

// The page for an HTML response: `{page, title, refresh}`. `start` is the injected script with its configuration.
async function rewritten(html, base, parts, start) {
  const doc = new DOMParser().parseFromString(html, 'text/html');
  const declared = doc.querySelector('base[href]');
  const root = (declared && addressOf(declared.getAttribute('href'), base)) || base;
  let refresh = null;
  for (const node of doc.querySelectorAll('meta[http-equiv="refresh" i]')) {
    const [, seconds, reference] = /^\s*([\d.]+)\s*(?:[;,]\s*(?:url\s*=\s*)?["']?(.*?)["']?\s*)?$/is.exec(node.content) ?? [];
    if (seconds !== undefined) refresh = { seconds: Number(seconds), url: reference ? addressOf(reference, root) : base };
    node.remove();
  }
  doc.querySelectorAll(UNWANTED).forEach(node => node.remove());
  for (const node of doc.querySelectorAll(FRAMES)) {
    const note = doc.createElement('p');
    note.textContent = `[a frame inside the page is not shown here: ${node.getAttribute('src') ?? node.getAttribute('data')}]`;
    node.replaceWith(note);
  }
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
      if (name.startsWith('on')) node.setAttribute(name, scripted(value));
      else if (name === 'href' && /^\s*javascript:/i.test(value)) node.setAttribute(name, scripted(value));
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
  const first = doc.createElement('script');
  first.textContent = start;
  doc.head.prepend(place, first);
  // The policy comes before everything, as text: no parser's view of the page may come between.
  return { page: `<!doctype html>${GUARD}${doc.documentElement.outerHTML}`, title: doc.title, refresh };
}

async function sheet(node, root, parts) {
  const url = addressOf(node.getAttribute('href'), root);
  if (!url || isData(url.href)) return;
  const part = isOurs(url) ? await parts.get(url) : { ok: false };
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
    node.textContent = closed(isModule ? await parts.module(node.textContent, root) : scripted(node.textContent));
    return;
  }
  const url = addressOf(reference, root);
  if (!url || isData(url.href)) return;
  const part = isOurs(url) ? await parts.get(url) : { ok: false };
  const code = part.ok ? TEXT.decode(part.bytes) : `console.error(${JSON.stringify(`${url.href} was not loaded.`)});`;
  node.setAttribute('src', await dataOf(isModule ? await parts.module(code, url, [url.href]) : scripted(code), 'text/javascript'));
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
