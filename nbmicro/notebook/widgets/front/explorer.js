// The keys of the explorer, and its copy button: what widgets of ipywidgets do not do by themselves.
const LIST = '.nbmicro-explore-list select';
const FIELD = 'input, select, textarea, button';

function render({ model, el }) {
  const panel = () => el.closest('.nbmicro-explore');
  const tell = what => {
    // A field tells its value when it is left: before the request is sent, in this order.
    document.activeElement?.dispatchEvent(new Event('change', { bubbles: true }));
    model.send({ do: what });
  };
  const first = (root, name) => [...root.querySelectorAll(`${name} :is(${FIELD})`)].find(one => one.offsetParent);

  const onKey = event => {
    const root = panel(), { target, key } = event;
    if (!root?.contains(target) || event.isComposing) return;
    const inList = target.matches(LIST), inSearch = Boolean(target.closest('.nbmicro-explore-search'));
    let act = null;
    if (key === 'Enter' && (event.ctrlKey || event.metaKey || event.shiftKey)) act = target.matches('textarea') && event.shiftKey ? null : () => tell('send');
    else if (key === 'Enter' && inSearch) act = () => root.querySelector(LIST).focus();
    else if (key === 'ArrowDown' && inSearch) act = () => root.querySelector(LIST).focus();
    else if (key === 'Enter' && inList) act = () => { const field = first(root, '.nbmicro-explore-fields'); field ? field.focus() : tell('send'); };
    else if (key === 'Enter' && target.matches('input:not([type=file])')) act = () => tell('send');
    // Keys that a field uses must not reach the notebook's shortcuts.
    if (act || inList || target.matches('select')) event.stopPropagation();
    if (!act) return;
    event.preventDefault();
    act();
  };
  const onClick = async event => {
    const root = panel();
    if (!root?.contains(event.target) || !event.target.closest('.nbmicro-explore-copy')) return;
    const area = root.querySelector('.nbmicro-explore-code textarea');
    try {
      await navigator.clipboard.writeText(area.value);
      model.send({ do: 'copied' });
    } catch {
      area.focus();
      area.select();
      model.send({ do: document.execCommand('copy') ? 'copied' : 'selected' });
    }
  };
  // Before anybody else hears of a key: the notebook would run the cell at Ctrl+Enter.
  window.addEventListener('keydown', onKey, true);
  window.addEventListener('click', onClick);
  return () => {
    window.removeEventListener('keydown', onKey, true);
    window.removeEventListener('click', onClick);
  };
}
export default { render };
