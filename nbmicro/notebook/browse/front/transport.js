// The front end's end of the comm: requests go to the kernel, responses come back in pieces, with numbers, back-pressure
// and bounds.

const IN_FLIGHT = 8;
const QUEUED = 500;
const PART = 1024 * 1024;

class Transport {
  constructor(model) {
    this.model = model;
    this.name = crypto.getRandomValues(new Uint32Array(2)).join('');
    this.last = 0;
    this.calls = new Map();
    this.queue = [];
    this.busy = 0;
    this.listen = (message, buffers) => this.take(message, buffers);
    model.on('msg:custom', this.listen);
  }

  // Ask; `listener` has head(message), piece(bytes), end(message). Returns {more, cancel}.
  open(request, body, listener) {
    const id = `${this.name}-${++this.last}`;
    const call = { id, request, body, listener, stream: request.kind === 'fetch', sent: false };
    if (this.queue.length >= QUEUED) {
      queueMicrotask(() => listener.end({ failed: 'This page has asked for too much at once.' }));
      return { more() {}, cancel() {} };
    }
    this.calls.set(id, call);
    if (request.navigation || call.stream) this.send(call);
    else { this.queue.push(call); this.next(); }
    return { more: () => this.model.send({ kind: 'more', id }), cancel: () => this.cancel(id) };
  }

  // The whole response to a request: {head, bytes, end}; `limit` in bytes.
  async whole(request, body, limit, cancelled) {
    return new Promise(resolve => {
      const parts = [];
      let head = null, size = 0, cut = false;
      const call = this.open(request, body, {
        head: message => { head = message; },
        piece: bytes => {
          size += bytes.byteLength;
          if (size > limit) { cut = true; call.cancel(); finish({}); } else { parts.push(bytes); call.more(); }
        },
        end: message => finish(message),
      });
      const finish = async end => resolve({ head, end: { ...end, cut: cut || end.cut }, bytes: new Uint8Array(await new Blob(parts).arrayBuffer()) });
      cancelled?.addEventListener('abort', () => { call.cancel(); finish({ failed: 'stopped', stopped: true }); }, { once: true });
    });
  }

  send(call) {
    call.sent = true;
    if (call.request.shared) return void this.model.send({ kind: 'shared', id: call.id, name: call.request.shared });
    // Jupyter closes a connection on which a message of more than 10 MB comes.
    const size = call.body?.byteLength ?? 0;
    for (let start = 0; start < size; start += PART) {
      this.model.send({ kind: 'part', id: call.id }, undefined, [call.body.slice(start, start + PART)]);
    }
    const { method, target, headers, redirect, navigation, page, path } = call.request;
    this.model.send({ kind: 'request', id: call.id, method, target, headers, redirect, navigation, page, path });
  }

  next() {
    while (this.busy < IN_FLIGHT && this.queue.length) {
      this.busy++;
      this.send(this.queue.shift());
    }
  }

  ended(call) {
    this.calls.delete(call.id);
    if (call.sent && !call.request.navigation && !call.stream) { this.busy--; this.next(); }
  }

  cancel(id) {
    const call = this.calls.get(id);
    if (!call) return;
    if (call.sent) this.model.send({ kind: 'cancel', id });
    else this.queue = this.queue.filter(one => one !== call);
    this.ended(call);
  }

  take(message, buffers) {
    const call = this.calls.get(message.id);
    if (!call) return;
    if (message.kind === 'head') call.listener.head(message);
    else if (message.kind === 'piece') call.listener.piece(bytesOf(buffers[0]));
    else if (message.kind === 'end') { this.ended(call); call.listener.end(message); }
  }

  close() {
    for (const id of [...this.calls.keys()]) this.cancel(id);
    this.model.off('msg:custom', this.listen);
  }
}

function bytesOf(buffer) {
  const view = ArrayBuffer.isView(buffer) ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Uint8Array(buffer);
  return view.slice();
}
