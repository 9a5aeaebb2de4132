"""IPython's magics and commands, and what each of them is to a served notebook."""

from __future__ import annotations

from nbmicro.cells.ipython_syntax import MagicStatement
from nbmicro.cells.magics import MAGIC_KINDS
from nbmicro.errors import LoadError

DECLARE = frozenset(name for name, kind in MAGIC_KINDS.items() if kind.effect == "declares")
CHOOSE = frozenset(name for name, kind in MAGIC_KINDS.items() if kind.effect == "chooses")
LOOK = frozenset(name for name, kind in MAGIC_KINDS.items() if kind.effect == "looks")

LOOK_CELL = frozenset({"html", "HTML", "javascript", "js", "latex", "markdown", "svg", "SVG", "timeit", "prun"})
"""IPython's cell magics that only show."""

_SCREEN = "where the app is served there is no screen"
_INSTALL = "what the app needs is installed before it is served"
_LOOKS = "it only looks"
_EXTENSION = "other extensions belong to the notebook"
NOTED = {
    **dict.fromkeys(("matplotlib", "pylab", "config", "colors", "xmode", "precision", "pprint", "gui"), _SCREEN),
    **dict.fromkeys(("pip", "conda", "mamba", "micromamba", "uv"), _INSTALL),
    **dict.fromkeys(("timeit", "prun", "who", "whos", "who_ls", "history", "hist", "lsmagic", "magic"), _LOOKS),
    **dict.fromkeys(("quickref", "pinfo", "pinfo2", "pdoc", "pdef", "psource", "pfile", "psearch", "tb"), _LOOKS),
    **dict.fromkeys(("debug", "pdb", "pwd", "memit", "mprun", "lprun", "logstart", "logstop"), _LOOKS),
    **dict.fromkeys(("autoreload", "aimport", "load_ext", "reload_ext", "unload_ext"), _EXTENSION),
    **dict.fromkeys(("automagic", "autocall", "autoawait", "alias_magic", "subshell"), "it is the notebook's own"),
}
"""Magics that are skipped, and why."""

_INSTEAD = {
    "run": "Import what the file defines:  from file import name",
    "cd": "Paths are taken from the notebook's folder:  Path('data') / 'x.csv'",
    "env": "Set it in Python:  os.environ['NAME'] = 'value'",
    "set_env": "Set it in Python:  os.environ['NAME'] = 'value'",
    "bash": "Run a command from Python:  subprocess.run([…], check=True)",
    "sh": "Run a command from Python:  subprocess.run([…], check=True)",
    "script": "Run a command from Python:  subprocess.run([…], check=True)",
    "system": "Run a command from Python:  subprocess.run([…], check=True)",
    "sx": "Run a command from Python:  subprocess.run([…], check=True)",
    "writefile": "Write the file from Python, or keep it beside the notebook.",
    "store": "Keep the value in a file, or make it in a cell.",
}


def is_action(statement: MagicStatement) -> bool:
    """Whether a statement does something for the app: ``%app``, or ``%load_ext`` of nbmicro."""
    if statement.name in ("load_ext", "reload_ext"):
        return statement.kind == "%" and statement.rest.split()[:1] == ["nbmicro"]
    return statement.kind == "%" and statement.name in CHOOSE


def magic_error(text: str, where: str, line: int) -> LoadError:
    """The error for a magic or a command that a served notebook cannot run.

    Parameters
    ----------
    text:
        The statement as it is written.
    where, line:
        Its cell and its line in it.
    """
    name = text.lstrip("%!").split()[0] if text.strip("%! ") else ""
    is_command = "!" in text.partition("%")[0]
    what = "a command of the shell" if is_command else "a magic that only a notebook has"
    instead = _INSTEAD["sh"] if is_command else _INSTEAD.get(name, "Do it in plain Python.")
    return LoadError(
        f"`{text}` is {what}; where the app is served there is no notebook.",
        hint=f"{instead}\nIf the app does not need it, begin the cell with `# nbmicro: skip`, or tag it nbmicro-skip.",
        where=where,
        line=line,
    )


def timed(statement: MagicStatement) -> str | None:
    """The code of ``%time code`` in its place, with its assignment; None for any other statement."""
    if statement.name != "time" or statement.kind != "%":
        return None
    words = statement.rest.split(maxsplit=1)
    while words and words[0] == "--no-raise-error":
        words = words[1].split(maxsplit=1) if len(words) > 1 else []
    code = " ".join(words) or "pass"
    return f"{statement.assigned_to} = {code}" if statement.assigned_to else code
