// The keys of the explorer and its buttons: what widgets of ipywidgets do not do by themselves.
const LIST = '.nbmicro-explore-list select';
const FIELD = 'input, select, textarea';

function render({ model, el }) {
  const panel = () => el.closest('.nbmicro-explore');

  // A message has all that stands in the form. The kernel may take the messages of two widgets in another order than they
  // were sent in, so what a field has told when it was left may come too late.
  const tell = (what, text = '') => {
    const root = panel(), fields = {}, list = root.querySelector(LIST);
    for (const one of root.querySelectorAll('[class*=nbmicro-at-]')) {
      const field = one.querySelector(FIELD);
      if (field && field.type !== 'file') fields[/nbmicro-at-(\d+)/.exec(one.className)[1]] = field.value;
    }
    model.send({ do: what, text, fields, route: list.selectedIndex, label: list.value });
  };
  const first = (root, name) =>
    [...root.querySelectorAll(name)].flatMap(one => [...one.querySelectorAll(`${FIELD}, button`)]).find(one => one.offsetParent);

  const onKey = event => {
    const root = panel(), { target, key } = event;
    if (!root?.contains(target) || event.isComposing) return;
    const inList = target.matches(LIST), inSearch = Boolean(target.closest('.nbmicro-explore-search'));
    const isEnter = key === 'Enter' && !event.altKey && !(event.shiftKey && target.matches('textarea'));
    let act = null;
    if (inSearch && (isEnter || key === 'ArrowDown')) act = () => { if (isEnter) tell('search', target.value); root.querySelector(LIST).focus(); };
    else if (isEnter && (event.ctrlKey || event.metaKey || event.shiftKey)) act = () => tell('send');
    else if (isEnter && inList) act = () => { const field = first(root, '.nbmicro-explore-fields'); field ? field.focus() : tell('send'); };
    else if (isEnter && target.matches('input:not([type=file])')) act = () => tell('send');
    // Keys that a field uses must not reach the notebook's shortcuts.
    if (act || target.matches('select')) event.stopPropagation();
    if (!act) return;
    event.preventDefault();
    act();
  };
  const onClick = event => {
    const root = panel(), button = event.target.closest?.('button[class*=nbmicro-do-]');
    if (!button || !root?.contains(button)) return;
    event.stopPropagation();
    const what = /nbmicro-do-(\w+)/.exec(button.className)[1];
    what === 'copy' ? copy(root.querySelector('.nbmicro-explore-code textarea')) : tell(what);
  };
  const copy = async area => {
    try {
      await navigator.clipboard.writeText(area.value);
      tell('copied');
    } catch {
      area.focus();
      area.select();
      tell(document.execCommand('copy') ? 'copied' : 'selected');
    }
  };
  // Before anybody else hears of them: the notebook would run the cell at Ctrl+Enter.
  window.addEventListener('keydown', onKey, true);
  window.addEventListener('click', onClick, true);
  return () => {
    window.removeEventListener('keydown', onKey, true);
    window.removeEventListener('click', onClick, true);
  };
}
export default { render };
