"""``python -m faceedit`` is the command ``faceedit``."""

from faceedit.process import import_nothing_from_here

if __name__ == "__main__":
    # Before anything else is imported.
    import_nothing_from_here()
    from faceedit.cli import main

    main()
