// Cookies, storage, and questions to the reader; the widget keeps them.

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
