// A script read in one pass, as es-module-lexer reads one: its tokens, without a tree. Strings, templates, comments and
// regular expressions are known as such, so that only what is code is rewritten.

const NAME = 1, STRING = 2, TEMPLATE = 3, NUMBER = 4, REGEX = 5, PUNCTUATION = 6;
const BEFORE_REGEX = new Set(['return', 'typeof', 'instanceof', 'in', 'of', 'new', 'delete', 'void', 'throw', 'case', 'do',
  'else', 'yield', 'await']);
const HEADS = new Set(['if', 'for', 'while', 'switch', 'with']);
const isNameCode = code => code >= 97 && code <= 122 || code >= 65 && code <= 90 || code >= 48 && code <= 57
  || code === 36 || code === 95 || code === 35 || code === 92 || code > 127;
const LONGER = ['...', '=>', '?.', '===', '!==', '==', '!=', '<=', '>=', '++', '--', '&&=', '||=', '??=', '&&', '||', '??', '+=', '-=',
  '*=', '/=', '%=', '&=', '|=', '^='];

class Tokens {
  // Everything of token i: kind[i], text(i), start[i], end[i]; pair[i] of a bracket is its other one, up[i] the bracket that it is in.
  constructor(source, isModule) {
    Object.assign(this, { source, isModule, kind: [], start: [], end: [], pair: new Map(), up: [], steps: 0 });
    this.words = [];
    this.open = [];
    this.read();
  }

  get length() { return this.kind.length; }

  text(i) { return this.words[i] ?? ''; }

  is(i, ...words) { return i >= 0 && this.kind[i] !== STRING && words.includes(this.words[i]); }

  add(kind, start, end, word = '') {
    this.kind.push(kind);
    this.start.push(start);
    this.end.push(end);
    this.words.push(word);
    this.up.push(this.open.at(-1) ?? -1);
  }

  read() {
    const { source } = this;
    const size = source.length;
    let at = 0;
    while (at < size) {
      const code = source.charCodeAt(at), one = source[at], from = at;
      if (code <= 32 || code === 160 || code === 0xfeff || code === 0x2028 || code === 0x2029) at++;
      else if (isNameCode(code)) {
        const isNumber = code >= 48 && code <= 57;
        while (at < size && (isNameCode(source.charCodeAt(at)) || isNumber && source[at] === '.')) at++;
        this.add(isNumber ? NUMBER : NAME, from, at, isNumber ? '' : source.slice(from, at));
      } else if (one === '"' || one === "'") {
        at = afterString(source, at);
        this.add(STRING, from, at);
      } else if (one === '`') at = this.template(at);
      else if (one === '/' && source[at + 1] === '/' || one === '<' && !this.isModule && source.startsWith('<!--', at)) at = this.lineEnd(at);
      else if (one === '/' && source[at + 1] === '*') {
        const close = source.indexOf('*/', at + 2);
        at = close < 0 ? size : close + 2;
      } else if (one === '/' && this.mayBeginRegex()) at = this.regex(at);
      else at = this.punctuation(at, one);
      this.steps += at - from;
    }
  }

  lineEnd(at) {
    const end = this.source.indexOf('\n', at);
    return end < 0 ? this.source.length : end;
  }

  // A template from its beginning or from the bracket that ends `${…}` in it, up to the next one or its end.
  template(from) {
    const { source } = this;
    let at = from + 1;
    for (; at < source.length; at++) {
      if (source[at] === '\\') at++;
      else if (source[at] === '`') { at++; break; }
      else if (source[at] === '$' && source[at + 1] === '{') {
        this.add(TEMPLATE, from, at);
        this.add(PUNCTUATION, at, at + 2, '${');
        this.open.push(this.length - 1);
        return at + 2;
      }
    }
    this.add(TEMPLATE, from, Math.min(at, source.length));
    return at;
  }

  mayBeginRegex() {
    const last = this.length - 1;
    if (last < 0) return true;
    const kind = this.kind[last], word = this.words[last];
    if (kind === NAME) return BEFORE_REGEX.has(word) && !this.is(last - 1, '.', '?.');
    if (kind !== PUNCTUATION) return false;
    if (word === ')') return HEADS.has(this.text((this.pair.get(last) ?? 0) - 1));
    if (word === '}') return this.isBlock(this.pair.get(last) ?? -1);
    return word !== ']' && word !== '++' && word !== '--';
  }

  // Whether the curly bracket begins statements and no object.
  isBlock(i) {
    const last = i - 1;
    if (last < 0) return true;
    return this.is(last, ')', ';', '{', '}', '=>', 'else', 'do', 'try', 'finally') || this.kind[last] === NAME && this.is(last - 1, 'class', 'extends');
  }

  // A regular expression; one that is left open ends with its line.
  regex(from) {
    const { source } = this;
    let at = from + 1, inClass = false;
    for (; at < source.length && source[at] !== '\n'; at++) {
      const one = source[at];
      if (one === '\\') at++;
      else if (one === '[') inClass = true;
      else if (one === ']') inClass = false;
      else if (one === '/' && !inClass) { at++; break; }
    }
    while (at < source.length && isNameCode(source.charCodeAt(at))) at++;
    at = Math.min(at, source.length);
    this.add(REGEX, from, at);
    return at;
  }

  punctuation(at, one) {
    const next = this.source[at + 1];
    const word = next && '=>.?&|+-'.includes(next) && LONGER.find(longer => this.source.startsWith(longer, at)) || one;
    if (word === ')' || word === ']' || word === '}') {
      const opened = this.open.pop() ?? -1;
      const inTemplate = word === '}' && this.is(opened, '${');
      this.add(PUNCTUATION, at, at + 1, word);
      if (opened >= 0) { this.pair.set(opened, this.length - 1); this.pair.set(this.length - 1, opened); }
      if (inTemplate) return this.template(at);
      return at + 1;
    }
    this.add(PUNCTUATION, at, at + word.length, word);
    if (word === '(' || word === '[' || word === '{') this.open.push(this.length - 1);
    return at + word.length;
  }
}

// Names of a page that mean its window, and in which parts of the script they are the script's own.
const WINDOWS = new Set(['window', 'document', 'self', 'top', 'parent', 'globalThis']);
const MEMBERS = new Set(['href', 'assign', 'replace', 'reload', 'search', 'pathname', 'hash', 'origin', 'host', 'hostname',
  'port', 'protocol', 'toString']);
const DECLARING = new Set(['const', 'let', 'var']);
const CLIMB = 12;

class Names {
  constructor(tokens) {
    this.tokens = tokens;
    this.own = new Map();
    this.declaring = new Set();
    // Looks around names; when they are used up, a name is taken for the script's own up to the end.
    this.looks = 1000 + 20 * tokens.length;
    for (let i = 0; i < tokens.length; i++) {
      if (tokens.is(i, 'const', 'let', 'var') && !tokens.is(i - 1, '.', '?.')) this.declaring.add(tokens.up[i]);
      else if (tokens.is(i, ';')) this.declaring.delete(tokens.up[i]);
      const name = tokens.text(i);
      if (tokens.kind[i] !== NAME || name !== 'location' && !WINDOWS.has(name) || tokens.is(i - 1, '.', '?.')) continue;
      const scope = this.scope(i) ?? (name !== 'location' && tokens.up[i] < 0 && tokens.is(i - 1, 'const', 'let', 'var', 'function')
        ? [0, tokens.length] : null);
      if (scope && this.own.has(name)) this.own.get(name).push(scope);
      else if (scope) this.own.set(name, [scope]);
    }
    for (const [name, scopes] of this.own) this.own.set(name, merged(scopes));
  }

  // Whether the name at i is the script's own there.
  isOwn(i) {
    const scopes = this.own.get(this.tokens.text(i)) ?? [];
    let low = 0, high = scopes.length - 1;
    while (low <= high) {
      const middle = low + high >> 1;
      if (scopes[middle][1] < i) low = middle + 1;
      else if (scopes[middle][0] > i) high = middle - 1;
      else return true;
    }
    return false;
  }

  // [first, last] token of where the name that is declared at i holds; null where it is not declared there.
  scope(i) {
    const { tokens } = this;
    const last = i - 1;
    if (tokens.is(i + 1, '=>')) return this.arrow(i, i + 1);
    if (tokens.is(last, 'const', 'let', 'class')) return this.block(tokens.up[i]);
    if (tokens.is(last, 'var')) return this.body(tokens.up[i]);
    if (tokens.is(last, 'function') || tokens.is(last, '*') && tokens.is(last - 1, 'function')) return this.block(tokens.up[i]);
    if (tokens.is(last, 'import', 'as') && tokens.isModule && !tokens.is(i + 1, '(', '.')) return this.block(tokens.up[i]);
    if (tokens.is(last, ',') && this.declaring.has(tokens.up[i]) && !tokens.is(tokens.up[i], '(') && tokens.is(i + 1, '=', ',', ';')) return this.body(tokens.up[i]);
    if (!tokens.is(last, '{', '[', ',', '(', ':', '...') || !tokens.is(i + 1, ',', '}', ']', ')', '=')) return null;
    let open = tokens.up[i];
    for (let step = 0; step < CLIMB && open >= 0; step++, open = tokens.up[open]) {
      const before = open - 1;
      if (tokens.is(open, '(')) return this.parameters(open);
      if (DECLARING.has(tokens.text(before)) || tokens.is(before, ',') && this.declaring.has(tokens.up[open]) && !tokens.is(tokens.up[open], '(')) {
        return tokens.is(before, 'var') ? this.body(tokens.up[open]) : this.block(tokens.up[open]);
      }
      if (tokens.is(before, 'import')) return this.block(-1);
      if (!tokens.is(before, '{', '[', ',', '(', ':', '...')) return null;
    }
    return null;
  }

  parameters(open) {
    const { tokens } = this;
    const close = tokens.pair.get(open);
    if (close === undefined) return null;
    if (tokens.is(close + 1, '=>')) return this.arrow(open, close + 1);
    if (!tokens.is(close + 1, '{') || HEADS.has(tokens.text(open - 1)) || !(tokens.kind[open - 1] === NAME || tokens.is(open - 1, ']', '*'))) return null;
    return [open, tokens.pair.get(close + 1) ?? tokens.length];
  }

  // An arrow function's own: up to the end of its body.
  arrow(from, arrow) {
    const { tokens } = this;
    if (tokens.is(arrow + 1, '{')) return [from, tokens.pair.get(arrow + 1) ?? tokens.length];
    let i = arrow + 1;
    for (; i < tokens.length && !tokens.is(i, ',', ';', ')', ']', '}'); i++) {
      if (--this.looks < 0) return [from, tokens.length];
      i = tokens.is(i, '(', '[', '{', '${') ? tokens.pair.get(i) ?? tokens.length : i;
    }
    return [from, i];
  }

  block(open) {
    const { tokens } = this;
    const close = tokens.is(open, '(') ? tokens.pair.get(open) ?? tokens.length : -1;
    if (tokens.is(close + 1, '{')) return [open, tokens.pair.get(close + 1) ?? tokens.length];  // of a `for`
    while (open >= 0 && !tokens.is(open, '{')) {
      if (--this.looks < 0) return [0, tokens.length];
      open = tokens.up[open];
    }
    if (open >= 0) return [open, tokens.pair.get(open) ?? tokens.length];
    // At the top of a classic script the name is the window's all the same.
    return tokens.isModule ? [0, tokens.length] : null;
  }

  // The function that a `var` is in.
  body(open) {
    const { tokens } = this;
    for (; open >= 0; open = tokens.up[open]) {
      if (--this.looks < 0) return [0, tokens.length];
      if (!tokens.is(open, '{')) continue;
      if (tokens.is(open - 1, '=>')) break;
      const head = tokens.is(open - 1, ')') ? tokens.pair.get(open - 1) ?? 0 : -1;
      if (head >= 0 && !HEADS.has(tokens.text(head - 1)) && !tokens.is(head - 1, 'catch')) break;
    }
    return this.block(open);
  }
}

function merged(scopes) {
  const found = [];
  for (const [from, to] of scopes.sort((one, other) => one[0] - other[0])) {
    if (found.length && from <= found.at(-1)[1]) found.at(-1)[1] = Math.max(found.at(-1)[1], to);
    else found.push([from, to]);
  }
  return found;
}

// Where the script means the page's `location`: [{start, end}]. Where it is read as a whole, it is left alone.
function locationsIn(tokens) {
  const names = new Names(tokens);
  const found = [];
  for (let i = 0; i < tokens.length; i++) {
    if (tokens.kind[i] === NAME && WINDOWS.has(tokens.text(i)) && !tokens.is(i - 1, '.', '?.') && !names.isOwn(i)) {
      const dotted = tokens.is(i + 1, '.', '?.') && tokens.is(i + 2, 'location');
      const named = tokens.is(i + 1, '[') && tokens.kind[i + 2] === STRING && tokens.is(i + 3, ']')
        && tokens.source.slice(tokens.start[i + 2] + 1, tokens.end[i + 2] - 1) === 'location';
      if (dotted || named) found.push({ start: tokens.start[i], end: tokens.end[i + (dotted ? 2 : 3)] });
      continue;
    }
    if (!tokens.is(i, 'location') || tokens.is(i - 1, '.', '?.', 'const', 'let', 'var', 'function', 'class', 'get', 'set') || names.isOwn(i)) continue;
    const isMember = tokens.is(i + 1, '.', '?.') && MEMBERS.has(tokens.text(i + 2));
    // A field of a class and the default of a parameter are followed by `=` as well.
    const isSet = tokens.is(i + 1, '=') && !isField(tokens, i);
    if (isMember || isSet) found.push({ start: tokens.start[i], end: tokens.end[i] });
  }
  return found;
}

function isField(tokens, i) {
  const open = tokens.up[i];
  if (!tokens.is(open, '{') || tokens.is(i - 1, ',') && !tokens.isBlock(open)) return tokens.is(open, '{');
  for (let step = 1; step <= 4; step++) if (tokens.is(open - step, 'class')) return true;
  return false;
}

// What a script imports: {fixed: [{start, end, reference}], calls: [{start, end}] of `import(`, urls: of `import.meta.url`}.
function importsIn(tokens) {
  const fixed = [], calls = [], urls = [];
  const note = i => fixed.push({ start: tokens.start[i], end: tokens.end[i], reference: tokens.source.slice(tokens.start[i] + 1, tokens.end[i] - 1) });
  for (let i = 0; i < tokens.length; i++) {
    if (tokens.kind[i] !== NAME || tokens.is(i - 1, '.', '?.')) continue;
    if (tokens.is(i, 'import')) {
      if (tokens.is(i + 1, '(')) {
        const close = tokens.pair.get(i + 1);
        const isMethod = close !== undefined && tokens.is(close + 1, '{') && tokens.is(i - 1, '{', ',', '}', ';', 'async', 'get', 'set', 'static');
        if (!isMethod) calls.push({ start: tokens.start[i], end: tokens.end[i + 1] });
      } else if (tokens.is(i + 1, '.') && tokens.is(i + 2, 'meta') && tokens.is(i + 3, '.') && tokens.is(i + 4, 'url')) {
        urls.push({ start: tokens.start[i], end: tokens.end[i + 4] });
      } else if (tokens.isModule && tokens.up[i] < 0) {
        let to = i + 1;
        while (to < tokens.length && (tokens.kind[to] === NAME && !tokens.is(to, 'import', 'export') || tokens.is(to, ',', '*', '{', '}'))) to++;
        if (tokens.kind[to] === STRING && (to === i + 1 || tokens.is(to - 1, 'from'))) { note(to); i = to; }
      }
    } else if (tokens.is(i, 'export') && tokens.isModule && tokens.up[i] < 0 && tokens.is(i + 1, '*', '{')) {
      let to = tokens.is(i + 1, '{') ? (tokens.pair.get(i + 1) ?? tokens.length) + 1 : i + 2;
      if (tokens.is(i + 1, '*') && tokens.is(to, 'as')) to += 2;
      if (tokens.is(to, 'from') && tokens.kind[to + 1] === STRING) { note(to + 1); i = to + 1; }
    }
  }
  return { fixed, calls, urls };
}
