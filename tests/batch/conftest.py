import pytest

from faceedit.batch.run import RunOptions, run
from faceedit.photos import plan
from faceedit.targets import parse_target


@pytest.fixture
def run_folder(editor):
    """Edit a folder: ``run_folder(folder, on_no_face="skip") -> {name below it: Result}``.

    What lies in the output folder afterwards has to be outputs and nothing else.
    """

    def run_all(folder, **options):
        options = RunOptions(**{"target": parse_target(["happy"]), **options})
        jobs = plan([folder], format=options.write.format)
        results = {str(r.job.source.relative_to(folder)): r for r in run(jobs, editor, options)}
        left = {p for p in folder.with_name("photos-edited").rglob("*") if not p.is_dir()}
        assert left == {one.output for one in results.values() if one.output}
        return results

    return run_all
