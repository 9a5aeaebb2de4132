// Pictures, sheets and scripts that the parser or a script adds, fetched and put in place; rewriter.js rewrites them. And
// the first word of the page that is ready.

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
// A page that is shown again is where it was, as soon as it is long enough: until then, or until its reader moves it.
let back = null;
const scrollBack = wanted => {
  back = wanted ?? back;
  if (!back) return;
  window.scrollTo({ left: back.x, top: back.y, behavior: 'instant' });
  if (Math.abs(window.scrollY - back.y) < 2) back = null;
};
for (const kind of ['wheel', 'keydown', 'pointerdown', 'touchstart']) window.addEventListener(kind, () => { back = null; }, { passive: true });
doc.addEventListener('DOMContentLoaded', () => scrollBack());
new ResizeObserver(() => {
  scrollBack();
  post({ do: 'size', height: doc.documentElement.offsetHeight });
}).observe(doc.documentElement);
window.addEventListener('scroll', () => post({ do: 'scroll', x: window.scrollX, y: window.scrollY }), { passive: true });
doc.currentScript?.remove();
