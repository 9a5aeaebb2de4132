// What a page may not even try. Chromium connects to the host of an address before it refuses to go there, and so data
// could leave in the name of a host. No frame is made inside the page, whoever makes it: the browser hands each text that
// becomes HTML to the policy below (Trusted Types), and no script gets at an element that holds another page. Links, forms
// and refreshes to other sites are stopped. All that is used here is taken before the page's scripts can change it.

const { apply } = Reflect;
// A spread would ask the page's own iterator.
const taken = method => (self, a, b, c) => apply(method, self, c !== undefined ? [a, b, c] : b !== undefined ? [a, b] : a !== undefined ? [a] : []);
const getter = (of, name) => taken(Object.getOwnPropertyDescriptor(of, name).get);
const [slice, indexOf, lower, trimmed] = [String.prototype.slice, String.prototype.indexOf, String.prototype.toLowerCase, String.prototype.trim].map(taken);
const [attributeOf, closest, removeNode, queryAll] = [Element.prototype.getAttribute, Element.prototype.closest, Element.prototype.remove, Element.prototype.querySelectorAll].map(taken);
const [nameOfElement, hostOf, schemeOf] = [getter(Element.prototype, 'localName'), getter(URL.prototype, 'hostname'), getter(URL.prototype, 'protocol')];
const [allNamed, prevent, pathOf] = [Document.prototype.getElementsByTagNameNS, Event.prototype.preventDefault, Event.prototype.composedPath].map(taken);
const NativeURL = URL, stopLoading = window.stop.bind(window), baseOf = getter(Node.prototype, 'baseURI');
const HOLDERS = ['iframe', 'frame', 'frameset', 'fencedframe', 'portal', 'object', 'embed'];
const holds = name => { for (let i = 0; i < HOLDERS.length; i++) if (HOLDERS[i] === name) return true; return false; };

let reports = 0;
const report = (kind, text, detail = '') => { if (++reports <= 200) post({ do: 'report', kind, text, detail }); };
const refuse = text => report('blocked', text);

// A text of HTML without a frame that a parser could make of it.
const withoutFrames = given => {
  const text = `${given}`;
  let made = '', last = 0, refused = false;
  for (let at = indexOf(text, '<'); at >= 0; at = indexOf(text, '<', at + 1)) {
    let word = lower(slice(text, at + 1, at + 80));
    if (word[0] === '/') word = slice(word, 1);
    let end = 0;
    while (end < word.length && (word[end] >= 'a' && word[end] <= 'z' || word[end] === ':' || word[end] === '-' || word[end] >= '0' && word[end] <= '9')) end++;
    const name = slice(word, 0, end);
    if (!holds(slice(name, indexOf(name, ':') + 1))) continue;
    const to = text[at + 1] === '/' ? at + 2 : at + 1;
    made += `${slice(text, last, to)}nbmicro-`;
    last = to;
    refused = true;
  }
  made += slice(text, last);
  if (refused) refuse('A frame inside the page is not shown here.');
  return made;
};
if (window.trustedTypes) {
  const same = text => text;
  window.trustedTypes.createPolicy('default', { createHTML: withoutFrames, createScript: same, createScriptURL: same });
  // A policy of the page's own gives plain text, which goes through the one above.
  window.TrustedTypePolicyFactory.prototype.createPolicy = (name, rules = {}) => {
    const rule = kind => (text, ...more) => {
      if (typeof rules[kind] !== 'function') throw new TypeError(`The policy ${name} has no ${kind}.`);
      return `${rules[kind](`${text}`, ...more)}`;
    };
    return { name, createHTML: rule('createHTML'), createScript: rule('createScript'), createScriptURL: rule('createScriptURL') };
  };
}
const written = taken(Document.prototype.write);
let unfinished = '';
const beginsHolder = word => { for (let i = 0; i < HOLDERS.length; i++) if (slice(HOLDERS[i], 0, word.length) === word) return true; return false; };
// The name of a frame that comes in pieces is written when it is whole.
const write = (document, texts, end) => {
  let text = unfinished;
  for (let i = 0; i < texts.length; i++) text += `${texts[i]}`;
  text += end;
  let opened = -1;
  for (let at = indexOf(text, '<'); at >= 0; at = indexOf(text, '<', at + 1)) opened = at;
  const isOpen = opened >= 0 && beginsHolder(lower(slice(text, text[opened + 1] === '/' ? opened + 2 : opened + 1)));
  unfinished = isOpen ? slice(text, opened) : '';
  written(document, withoutFrames(isOpen ? slice(text, 0, opened) : text));
};
Document.prototype.write = function (...texts) { write(this, texts, ''); };
Document.prototype.writeln = function (...texts) { write(this, texts, '\n'); };
const opened = taken(Document.prototype.open);
Document.prototype.open = function (...how) { return how.length > 2 ? window.open(how[0]) : opened(this); };
const command = taken(Document.prototype.execCommand);
Document.prototype.execCommand = function (name, ui, value) { return command(this, name, ui, value === undefined ? value : withoutFrames(value)); };

const makeElement = taken(Document.prototype.createElement);
for (const name of ['createElement', 'createElementNS']) {
  const native = taken(Document.prototype[name]);
  Document.prototype[name] = function (first, second, third) {
    const node = arguments.length > 2 ? native(this, first, second, third) : arguments.length > 1 ? native(this, first, second) : native(this, first);
    if (!holds(nameOfElement(node))) return node;
    refuse(`A frame inside the page (${nameOfElement(node)}) is not shown here.`);
    return makeElement(this, 'nbmicro-frame');
  };
}
const withoutHolders = made => {
  for (let i = 0; i < HOLDERS.length; i++) {
    const found = allNamed(made, '*', HOLDERS[i]);
    while (found[0]) removeNode(found[0]);
  }
  return made;
};
const parsed = taken(DOMParser.prototype.parseFromString);
DOMParser.prototype.parseFromString = function (text, type) { return withoutHolders(parsed(this, text, type)); };
const createDocument = taken(DOMImplementation.prototype.createDocument);
DOMImplementation.prototype.createDocument = function (namespace, name, type = null) { return withoutHolders(createDocument(this, namespace, name, type)); };
const define = taken(CustomElementRegistry.prototype.define);
CustomElementRegistry.prototype.define = function (name, made, options) {
  const base = options?.extends;
  if (base === undefined) return define(this, name, made);
  const text = `${base}`;
  if (holds(text)) throw new DOMException('A frame inside the page is not shown in %browse.', 'NotSupportedError');
  return define(this, name, made, { extends: text });
};
delete window.XSLTProcessor;
try { Object.defineProperty(window, 'navigation', { value: undefined, configurable: false }); } catch { /* there is none */ }

// Whether an address is another site's.
const isElsewhere = reference => {
  let url;
  try { url = new NativeURL(trimmed(`${reference}`), baseOf(doc)); } catch { return false; }
  const scheme = schemeOf(url), host = hostOf(url);
  if (scheme !== 'http:' && scheme !== 'https:') return false;
  const tail = slice(host, -10);
  return host !== 'localhost' && tail !== '.localhost' && slice(host, 0, 4) !== '127.' && host !== '0.0.0.0' && host !== '[::1]';
};
const addressOfLink = link => link && (attributeOf(link, 'href') ?? attributeOf(link, 'xlink:href'));
const stopped = (event, reference) => {
  if (reference === null || reference === undefined || !isElsewhere(reference)) return false;
  if (event) prevent(event);
  post({ do: 'go', url: new NativeURL(trimmed(`${reference}`), baseOf(doc)).href });
  return true;
};
const seen = event => {
  const path = pathOf(event);
  for (let i = 0; i < path.length; i++) {
    if (path[i] instanceof Element && (nameOfElement(path[i]) === 'a' || nameOfElement(path[i]) === 'area')) stopped(event, addressOfLink(path[i]));
  }
};
window.addEventListener('click', seen, true);
window.addEventListener('auxclick', seen, true);
window.addEventListener('submit', event => {
  const by = event.submitter;
  stopped(event, (by && attributeOf(by, 'formaction')) ?? attributeOf(event.target, 'action'));
}, true);
// A click on a link that is in no document reaches no listener of the window.
const dispatched = taken(EventTarget.prototype.dispatchEvent);
const kindOfEvent = getter(Event.prototype, 'type'), isCancelable = getter(Event.prototype, 'cancelable');
EventTarget.prototype.dispatchEvent = function (event) {
  const address = this instanceof Element && kindOfEvent(event) === 'click' ? addressOfLink(closest(this, 'a, area')) : null;
  if (address !== null && stopped(null, address)) return false;
  // What nobody can prevent leads there at once.
  if (address !== null && address !== undefined && !isCancelable(event)) { follow(address); return true; }
  return dispatched(this, event);
};
const click = taken(HTMLElement.prototype.click);
HTMLElement.prototype.click = function () { if (!stopped(null, addressOfLink(closest(this, 'a, area')))) click(this); };

// A refresh that a script adds begins in the next task; this is told before it.
const noRefresh = node => {
  if (nameOfElement(node) !== 'meta' || lower(trimmed(attributeOf(node, 'http-equiv') ?? '')) !== 'refresh') return;
  stopLoading();
  removeNode(node);
  refuse('A refresh that a script adds is not followed here.');
};
new MutationObserver(records => {
  for (let i = 0; i < records.length; i++) {
    const { target, addedNodes, type } = records[i];
    if (type === 'attributes') noRefresh(target);
    for (let k = 0; k < addedNodes.length; k++) {
      if (!(addedNodes[k] instanceof Element)) continue;
      noRefresh(addedNodes[k]);
      const inside = queryAll(addedNodes[k], 'meta');
      for (let n = 0; n < inside.length; n++) noRefresh(inside[n]);
    }
  }
}).observe(doc, { subtree: true, childList: true, attributes: true, attributeFilter: ['http-equiv', 'content'] });

// What goes wrong in the page is told below it.
window.addEventListener('error', event => {
  if (event.target !== window || !event.message) return;
  const where = /^https?:/.test(event.filename) ? ` (${event.filename}:${event.lineno})` : /^data:/.test(event.filename) ? ` (line ${event.lineno})` : '';
  report('script', `${event.message}${where}`.slice(0, 1000));
}, true);
window.addEventListener('unhandledrejection', ({ reason }) => report('script', `Not caught: ${reason}`.slice(0, 1000)));
doc.addEventListener('securitypolicyviolation', event => {
  const uri = event.blockedURI;
  if (/^https?:/.test(uri) && isElsewhere(uri)) refuse(`${uri} is on another site, and %browse loads nothing from there.`);
});
const consoleError = console.error.bind(console);
console.error = (...said) => { report('script', said.map(String).join(' ').slice(0, 1000)); consoleError(...said); };

// `import(…)` of the page's scripts: the widget makes the module that is meant.
window.nbmicroImport = async (base, reference) => {
  const id = ++last;
  const made = await new Promise(resolve => { calls.set(id, resolve); post({ do: 'asset', id, kind: 'import', url: String(reference), text: base }); });
  if (!made.bytes) throw new TypeError(`Failed to fetch the module ${reference}.`);
  return import(new TextDecoder().decode(made.bytes));
};
