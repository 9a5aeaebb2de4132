// The sandbox in which a page of the app lives, and out of which it cannot reach. It is the only guard: the injected script
// runs among the page's own scripts and guards nothing.
//
// Two sandboxed frames, one inside the other, with a policy. The page is in the inner one. It may run scripts; its policy
// lets it load only what it was given (data: and blob:), and the outer frame's `frame-src` stops it where it would send its
// own frame elsewhere (`location = …`, a refresh, a form), which no policy of its own can.

const GIVEN = "'unsafe-inline' data: blob:";
const POLICY = [
  "default-src 'none'",
  `script-src ${GIVEN} 'unsafe-eval'`,
  `style-src ${GIVEN}`,
  'img-src data: blob:',
  'font-src data: blob:',
  'media-src data: blob:',
  'connect-src data: blob:',
  "worker-src 'none'",
  "frame-src 'none'",
  "form-action 'none'",
  "object-src 'none'",
  // Each text that becomes HTML goes through the policy of injected/guard.js, which lets no frame be made.
  "require-trusted-types-for 'script'",
  'trusted-types default',
  // For browsers to come: today none knows it, and injected/storage.js takes WebRTC away as well as it can (docs/browse.md).
  "webrtc 'block'",
].join('; ');
const GUARD = `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`
  + '<meta http-equiv="x-dns-prefetch-control" content="off"><meta name="referrer" content="no-referrer">';
// Forms are allowed so that they can be caught; where they would go, the policies say no.
const SANDBOX = 'allow-scripts allow-forms';

const escaped = text => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

// A frame for a page. It calls `arrived(port)` when the page's first script is there, with a port that only this page
// has, `again()` when the page loads itself anew, and `gone()` when it tried to leave and was stopped.
function sandboxedFrame(page, token, { arrived, again, gone }) {
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', SANDBOX);
  frame.setAttribute('title', 'the page');
  frame.referrerPolicy = 'no-referrer';
  frame.srcdoc = `<!doctype html>${GUARD}<style>html,body,iframe{margin:0;border:0;width:100%;height:100%;display:block}`
    + 'html{overflow:hidden}</style><script>addEventListener("securitypolicyviolation",event=>{'
    + `if(event.effectiveDirective==="frame-src")parent.postMessage({nbmicro:${JSON.stringify(token)},gone:event.blockedURI||"?"},"*")})`
    + `</scr${'ipt'}><iframe sandbox="${SANDBOX}" title="the page" referrerpolicy="no-referrer"`
    + ` srcdoc="${escaped(page)}"></iframe>`;
  let greeted = false;
  const listen = event => {
    if (event.data?.nbmicro !== token || !frame.contentWindow) return;
    if (event.source === frame.contentWindow && event.data.gone) gone(String(event.data.gone).slice(0, 300));
    if (event.source !== frame.contentWindow[0] || !event.data.hello) return;
    if (greeted) return again();
    greeted = true;
    const { port1, port2 } = new MessageChannel();
    event.source.postMessage({ nbmicro: token }, '*', [port2]);
    arrived(port1);
  };
  window.addEventListener('message', listen);
  return {
    frame,
    remove() {
      window.removeEventListener('message', listen);
      frame.remove();
    },
  };
}
