// The ways to another page, caught: links, forms, history, location. The widget loads it.

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
  const attribute = (name, own) => submitter?.getAttribute(own) ?? form.getAttribute(name);
  const method = (attribute('method', 'formmethod') || 'get').toLowerCase();
  const kind = (attribute('enctype', 'formenctype') || '').toLowerCase();
  const action = absolute(attribute('action', 'formaction') || here.href);
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
// No script can be given another `location`; rewriter.js writes this name for it in the page's scripts.
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
