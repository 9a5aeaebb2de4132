// What every page of %browse gets as its first script: it turns what the page wants from the network into messages. The
// files of this folder are joined into the body of one function of `config`; what one of them names, the next may use.
// Here is the line to the widget, a port that it gives once. None of them is a guard, the frame is (sandbox.js); a page that
// takes all this apart reaches the network as little as before.

const widget = window.parent.parent;
const doc = document;
let here = new URL(config.url);
let cookies = config.cookies;
let port = null;
let waiting = [];
let last = 0;
const calls = new Map();

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
  else if (data.do === 'scroll') scrollBack(data);
};

const absolute = reference => new URL(reference, doc.baseURI);
const local = url => /^(data|blob|about|javascript):/i.test(url);
