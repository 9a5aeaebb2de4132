"""``python -m nbmicro``."""

from nbmicro.cli import main

if __name__ == "__main__":
    main(prog_name="nbmicro")
