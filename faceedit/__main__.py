"""``python -m faceedit`` is the command ``faceedit``."""

from faceedit.cli import main

if __name__ == "__main__":
    main()
