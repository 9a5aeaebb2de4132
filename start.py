"""The commands of a fresh clone: `python3 start.py` opens the first notebook, `python3 start.py test` tests it all.

What lives here: making the environment in `.venv`, and running things in it; nothing but Python 3.11 and pip is needed.
What must not: any import but the standard library's, and any knowledge of what nbmicro does.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
FIRST_NOTEBOOK = "notebooks/01-hello.ipynb"
OLDEST_PYTHON = (3, 11)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WINDOWS = sys.platform == "win32"

# The versions that CI installs; `python3 start.py lock` renews them.
CONSTRAINTS = "tests/constraints.txt"
EXTENSIONS = "tests/extensions.txt"
# What each of the two is made of.
LOCKED = {CONSTRAINTS: ("--extra", "test"), EXTENSIONS: ("tests/extensions.in", "--extra", "nbval")}
# Steps of `test` that have an environment of their own: what uv installs there.
VERSIONS_NEED = ("pytest-xdist>=3.8", "hypothesis>=6.140", "pexpect>=4.9", "flask>=3.1.3,<3.2")
KERNEL_NEEDS = ("--editable", ".[lab,nbval]", *VERSIONS_NEED)
OWN_ENVIRONMENTS = {
    "lowest": ("--resolution", "lowest-direct", *KERNEL_NEEDS),  # the lowest that pyproject.toml declares
    "colab": ("--constraint", "tests/colab.txt", *KERNEL_NEEDS),
    "extensions": ("--requirement", EXTENSIONS, "--editable", ".[nbval]"),
}
# What the first two run: the kernel's side of everything that differs between the versions.
KERNEL_TESTS = (
    *("pytest", "-q", "-n", "auto", "--dist", "loadfile", "-W", "default", "-p", "no:cacheprovider"),
    *(
        f"tests/kernel/test_{name}.py"
        for name in ("beginners_requests", "in_a_terminal", "interrupts", "leaving", "loading", "tab")
    ),
    *("tests/notebook/test_completion.py", "tests/notebook/test_magics.py", "tests/server/test_waitress.py"),
)

# The programs that use Flask's extensions.
PROGRAMS = ("pytest", "-q", "-n", "auto", "-c", "tests/extensions/pytest.ini", "tests/extensions")

# Each step of `test`: its name, its commands (`python` is the environment's), and the seconds each command may take.
Command = tuple[str, ...]
STEPS: dict[str, tuple[int, tuple[Command, ...]]] = {
    "style": (120, (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("codespell",))),
    "types": (300, (("mypy",),)),
    "imports": (120, (("lint-imports",),)),
    "tests": (900, (("pytest", "-q", "-n", "auto", "--dist", "loadfile", "-m", "not browser"),)),
    **dict.fromkeys(("lowest", "colab"), (400, (KERNEL_TESTS,))),
    "extensions": (
        200,
        # The second run compares with what the first wrote down.
        tuple((*PROGRAMS, f"--on={name}") for name in ("flask", "nbmicro")),
    ),
    "notebooks": (
        300,
        # Twice: what a notebook leaves behind may not disturb its next run.
        (("pytest", "-q", "--nbval", "--nbval-current-env", "notebooks"),) * 2,
    ),
    "browser": (1200, (("pytest", "-q", "-m", "browser", "tests"),)),
}


class Stop(Exception):
    """The command cannot go on; the message says what came and what would do."""


class Environment:
    """A virtual environment, or with ``--here`` the one that this Python belongs to."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.scripts = Path(sys.executable).parent if folder is None else folder / ("Scripts" if WINDOWS else "bin")
        self.python = Path(sys.executable) if folder is None else self.scripts / ("python.exe" if WINDOWS else "python")

    def provide(self, extra: str) -> None:
        """Install nbmicro with `extra` from this clone, unless that has been done for this pyproject.toml."""
        locked = ["--constraint", str(ROOT / CONSTRAINTS)] if extra == "test" and "CI" in os.environ else []
        wanted = digest("pyproject.toml", *([CONSTRAINTS] if locked else []))
        stamp = None if self.folder is None else self.folder / f"nbmicro-{extra}"
        if stamp is not None and stamp.is_file() and stamp.read_text("ascii") == wanted and self.python.exists():
            return
        self.create()
        place = "this environment" if self.folder is None else f"{self.folder.name}/"
        print(f"Installing nbmicro[{extra}] into {place} (once; a minute or two) ...", flush=True)
        install = [*self.pip(), "install", "-qq", *locked, "--editable", f"{ROOT}[{extra}]"]
        run = subprocess.run(install, check=False)
        if run.returncode != 0:
            raise Stop("pip could not install nbmicro; its own words stand above. Run the same command again to retry.")
        if stamp is not None:
            stamp.write_text(wanted, "ascii")

    def create(self) -> None:
        """Make the virtual environment, also where Python has no ensurepip (Debian without python3-venv)."""
        if self.folder is None or self.python.exists():
            return
        base = [sys.executable, "-m"]
        quiet = subprocess.DEVNULL
        if subprocess.run([*base, "venv", str(self.folder)], check=False, stdout=quiet, stderr=quiet).returncode == 0:
            return
        bare = subprocess.run([*base, "venv", "--clear", "--without-pip", str(self.folder)], check=False)
        pip = [*base, "pip", "--python", str(self.python), "install", "-qq", "pip"]
        if bare.returncode != 0 or subprocess.run(pip, check=False).returncode != 0:
            raise Stop(
                "Python could make no virtual environment. On Debian and Ubuntu:  apt install python3-venv\n"
                "Or make one in your own way, and run this with its Python and --here."
            )

    def pip(self) -> list[str]:
        """The start of a pip command for this environment."""
        return [str(self.python), "-m", "pip", "--disable-pip-version-check"]

    def command(self, name: str, *arguments: str) -> list[str]:
        """The command line of a program of this environment."""
        return [str(self.scripts / (f"{name}.exe" if WINDOWS else name)), *arguments]

    def variables(self) -> dict[str, str]:
        """The process environment in which this environment's programs find one another."""
        variables = {**os.environ, "PATH": os.pathsep.join([str(self.scripts), os.environ.get("PATH", "")])}
        # The tests start hundreds of processes, and each would compile nbmicro anew.
        variables.pop("PYTHONDONTWRITEBYTECODE", None)
        return variables


def digest(*files: str) -> str:
    """The checksum of files of the clone."""
    return hashlib.sha256(b"".join((ROOT / file).read_bytes() for file in files)).hexdigest()


def provide_own(environment: Environment, name: str) -> Environment:
    """The environment of a step that has its own, made by the uv of `environment` where it is not there yet."""
    place = Environment(ROOT / f".venv-{name}")
    stamp = ROOT / f".venv-{name}" / "nbmicro"
    wanted = digest("pyproject.toml", "start.py", "tests/colab.txt", EXTENSIONS)
    if stamp.is_file() and stamp.read_text("ascii") == wanted:
        return place
    print(f"Installing what the step {name} needs into .venv-{name}/ (once; a minute) ...", flush=True)
    uv = environment.command("uv")
    make = [*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(place.folder)]
    install = [*uv, "pip", "install", "--quiet", "--python", str(place.python), *OWN_ENVIRONMENTS[name]]
    for command in (make, install):
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            raise Stop(f"uv could not install what the step {name} needs; its own words stand above.")
    stamp.write_text(wanted, "ascii")
    return place


def lock(environment: Environment) -> int:
    """Write the newest versions that go together into the files that CI installs."""
    environment.provide("test")
    options = ["--universal", "--python-version", ".".join(map(str, OLDEST_PYTHON)), "--upgrade"]
    quiet = ["--quiet", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    for file, parts in LOCKED.items():
        command = environment.command("uv", "pip", "compile", "pyproject.toml", *parts, *options, *quiet, "-o", file)
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        if code != 0:
            return code
    return 0


def find_browser() -> str | None:
    """The Chromium or Chrome of this machine, or None."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def provide_browser(environment: Environment) -> None:
    """Install Chromium where that can be done: by apt as root, else playwright's own for this user."""
    if find_browser():
        return
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        print("Installing Chromium for the browser tests (once) ...", flush=True)
        install = ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
        variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-qq"], install):
            subprocess.run(command, check=False, env=variables, stdout=subprocess.DEVNULL)
        if find_browser():
            return
    print("No Chromium on this machine; asking playwright for its own ...", flush=True)
    playwright = [str(environment.python), "-m", "playwright", "install", "chromium"]
    try:
        subprocess.run(playwright, check=False, timeout=600, stdout=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        print("It did not come within ten minutes; the browser tests will say so.", flush=True)


def provide_programs() -> None:
    """Install Nginx and curl for the tests beside them, in CI only.

    On a person's machine those tests skip, and an Nginx would begin to serve.
    """
    places = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin"
    missing = [program for program in ("nginx", "curl") if not shutil.which(program, path=places)]
    if "CI" not in os.environ or not missing:
        return
    if shutil.which("apt-get") and hasattr(os, "geteuid") and (os.geteuid() == 0 or shutil.which("sudo")):
        print(f"Installing {' and '.join(missing)} for the tests (once) ...", flush=True)
        root = [] if os.geteuid() == 0 else ["sudo", "-n", "-E"]
        variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-qq"], ["install", "-qq", "--yes", "--no-install-recommends", *missing]):
            subprocess.run([*root, "apt-get", *command], check=False, env=variables, stdout=subprocess.DEVNULL)


def open_lab(environment: Environment, extra: Sequence[str]) -> int:
    """Open the first notebook in JupyterLab; `extra` are JupyterLab's own options."""
    environment.provide("lab")
    options = list(extra)
    screen = WINDOWS or sys.platform == "darwin" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    if not screen and "--no-browser" not in options:
        options.append("--no-browser")
        print("This machine has no screen. Open the address that JupyterLab prints below. From another machine, first:")
        print("    ssh -L 8888:127.0.0.1:8888 THIS-MACHINE")
        print(
            "8888 is the port in that address; where JupyterLab prints another one, write that one twice.\n", flush=True
        )
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")  # a container; JupyterLab refuses root unless told
    # The address, not a file: then the address that JupyterLab prints leads to the notebook as well.
    page = f"--LabApp.default_url=/lab/tree/{FIRST_NOTEBOOK}"
    command = environment.command("jupyter-lab", page, f"--ServerApp.root_dir={ROOT}", *options)
    # Where JupyterLab's own terminal opens: the commands that the lessons give work there as they stand.
    os.chdir((ROOT / FIRST_NOTEBOOK).parent)
    sys.stdout.flush()
    if not WINDOWS:
        os.execve(command[0], command, environment.variables())  # Ctrl+C is then JupyterLab's own
    return subprocess.run(command, check=False, env=environment.variables()).returncode


def run_step(environment: Environment, name: str) -> bool:
    """Run the commands of one step, all of them even when one fails; True when all passed."""
    deadline, commands = STEPS[name]
    passed = True
    for program, *arguments in commands:
        print(f"\n--- {name}: {program} {' '.join(arguments)}", flush=True)
        command = environment.command(program, *arguments)
        process = subprocess.Popen(command, cwd=ROOT, env=environment.variables(), start_new_session=not WINDOWS)
        try:
            passed = process.wait(deadline) == 0 and passed
        except subprocess.TimeoutExpired:
            print(f"{program} was stopped: it had {deadline} s.", flush=True)
            passed = False
        finally:
            end(process)
    return passed


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process that still runs, and where the system has groups, what it started."""
    if process.poll() is not None:
        return
    if WINDOWS:
        process.kill()
    else:
        os.killpg(process.pid, 9)
    process.wait()


def run_tests(environment: Environment, names: Sequence[str]) -> int:
    """Run the steps, print one line for each, and return the exit code."""
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        raise Stop(f"`{unknown[0]}` is no step of the tests. The steps are: {' '.join(STEPS)}")
    began = time.monotonic()
    environment.provide("test")
    chosen = list(names) or list(STEPS)
    if "browser" in chosen:
        provide_browser(environment)
    if "tests" in chosen:
        provide_programs()
    results: list[tuple[str, bool, float]] = []
    for name in chosen:
        start = time.monotonic()
        place = provide_own(environment, name) if name in OWN_ENVIRONMENTS else environment
        results.append((name, run_step(place, name), time.monotonic() - start))
    print(f"\n{'-' * 40}")
    for name, passed, seconds in results:
        print(f"{name:<12}{'passed' if passed else 'FAILED':<8}{seconds:>7.0f} s")
    failed = [name for name, passed, _ in results if not passed]
    print(f"{'in all':<12}{'FAILED' if failed else 'passed':<8}{time.monotonic() - began:>7.0f} s", flush=True)
    return 1 if failed else 0


def main() -> int:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(
        prog="start.py",
        description="Open the first notebook of nbmicro in JupyterLab, or run its tests. What is missing is installed "
        "into .venv beside this file.",
    )
    parser.add_argument("--here", action="store_true", help="use the environment of this Python instead of .venv")
    commands = parser.add_subparsers(dest="command", metavar="{lab,test,lock}")
    commands.add_parser("lab", help="open notebooks/01-hello.ipynb (the default); JupyterLab's own options may follow")
    test = commands.add_parser("test", help="pass all the tests, or the named steps")
    test.add_argument("steps", nargs="*", metavar="STEP", help=" ".join(STEPS))
    commands.add_parser("lock", help=f"write the newest versions into {' and '.join(LOCKED)}, which CI installs")
    given = sys.argv[1:]
    words = ("lab", "test", "lock", "-h", "--help")
    begin = 1 if given[:1] == ["--here"] else 0
    if len(given) > begin and given[begin] not in words and given[begin].startswith("-"):
        given.insert(begin, "lab")  # whose option's value would else be taken for a command
    options, rest = parser.parse_known_args(given)
    if options.command in ("test", "lock") and rest:
        parser.error(f"{options.command} knows no {rest[0]}")
    environment = Environment(None if options.here else ROOT / ".venv")
    if options.command == "test":
        return run_tests(environment, options.steps)
    if options.command == "lock":
        return lock(environment)
    return open_lab(environment, rest)


if __name__ == "__main__":
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(f"nbmicro needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try:  python3.11 start.py")
    try:
        sys.exit(main())
    except Stop as stop:
        sys.exit(f"\n{stop}")
