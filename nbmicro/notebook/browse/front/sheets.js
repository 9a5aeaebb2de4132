// A style sheet read in one pass: the addresses in it. Each step begins where the last one ended, so the time grows with
// the sheet alone.

const BLANK = /\s*/y;
const SHEET_WORD = /["']|\/\*|url\(|@import(?![\w-])/gi;
const BARE_ADDRESS = /[^\s"'()]*/y;

const afterBlanks = (text, at) => { BLANK.lastIndex = at; BLANK.exec(text); return BLANK.lastIndex; };

// Where the string that begins at `at` ends; one that is left open ends with its line.
function afterString(text, at) {
  const quote = text[at];
  for (at++; at < text.length; at++) {
    const one = text[at];
    if (one === quote) return at + 1;
    if (one === '\n') return at;
    if (one === '\\') at++;
  }
  return text.length;
}

const unescaped = text => text.includes('\\')
  ? text.replace(/\\(?:([0-9a-f]{1,6})\s?|([^]))/gi, (_, code, one) => code ? String.fromCodePoint(Math.min(parseInt(code, 16), 0x10ffff)) : one)
  : text;

// The address of `url(…)` whose bracket is at `at - 1`: {end, reference}, where reference is null if there is none.
function urlAt(text, at) {
  let end = afterBlanks(text, at), reference;
  if (text[end] === '"' || text[end] === "'") {
    const from = end;
    end = afterString(text, from);
    reference = text.slice(from + 1, end - 1);
  } else {
    BARE_ADDRESS.lastIndex = end;
    [reference] = BARE_ADDRESS.exec(text);
    end += reference.length;
  }
  end = afterBlanks(text, end);
  return text[end] === ')' ? { end: end + 1, reference: unescaped(reference) } : { end, reference: null };
}

// What a style sheet refers to: [{start, end, reference, sheet}], where `sheet` says that it is another sheet.
function addressesIn(text) {
  const found = [];
  SHEET_WORD.lastIndex = 0;
  for (let match; (match = SHEET_WORD.exec(text));) {
    const [word] = match;
    let start = match.index, end = start + word.length;
    if (word === '/*') {
      const close = text.indexOf('*/', end);
      end = close < 0 ? text.length : close + 2;
    } else if (word === '"' || word === "'") {
      end = afterString(text, start);
    } else {
      const sheet = word[0] === '@';
      if (sheet) start = end = afterBlanks(text, end);
      if (sheet && (text[end] === '"' || text[end] === "'")) {
        end = afterString(text, start);
        found.push({ start, end, reference: unescaped(text.slice(start + 1, end - 1)), sheet });
      } else if (!sheet || /^url\($/i.test(text.slice(start, start + 4))) {
        const { end: to, reference } = urlAt(text, start + 4);
        end = to;
        if (reference) found.push({ start, end, reference, sheet });
      }
    }
    SHEET_WORD.lastIndex = end;
  }
  return found;
}

// A text with other words at these places: [{start, end, put}], from the first to the last.
function spliced(text, places) {
  const pieces = [];
  let last = 0;
  for (const { start, end, put } of places) {
    pieces.push(text.slice(last, start), put);
    last = end;
  }
  return pieces.join('') + text.slice(last);
}
