"""Train the identity recogniser on tables of faces, and say how well it knows people never seen.

    python scripts/train_identity.py --faces runs/faces --out runs/identity

A tenth of the training people are kept back: they decide how much each reading counts and from what
cosine it is the same person. OUT/identity.safetensors and OUT/report.json are written at the end.
OUT/maps-*.npy and OUT/fisher.safetensors, which take minutes to compute, stay for a training that
goes on.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.registry.checkpoint import load_checkpoint
from faceedit.training.recognisers.examine_expression import kept_back
from faceedit.training.recognisers.faces import FaceTable
from faceedit.training.recognisers.fisher import discriminants
from faceedit.training.recognisers.fit import fit
from faceedit.training.recognisers.identity import (
    Album,
    Drawer,
    IdentityRecipe,
    IdentityTrainer,
    make_album,
    make_maps,
)
from faceedit.training.recognisers.identity_examination import (
    calibrate,
    describe_maps,
    examine,
    studio_pairs,
)
from faceedit.training.recognisers.verification import (
    choose_pairs,
    merge_people,
    roc_area,
    tiny_pictures,
)


def main() -> None:
    """Train, choose the threshold, write and report."""
    parser = argparse.ArgumentParser(description="Train the identity recogniser.")
    parser.add_argument("--faces", type=Path, default=Path("runs/faces"))
    parser.add_argument("--out", type=Path, default=Path("runs/identity"))
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--max-minutes", type=float, default=float("inf"))
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--only-report", action="store_true", help="of the weights in the folder")
    arguments = parser.parse_args()
    recipe = IdentityRecipe()
    plan = replace(recipe.plan, steps=arguments.steps, batch=arguments.batch, rate=arguments.rate)
    recipe = replace(recipe, plan=plan)
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    tables = {n: FaceTable.load(arguments.faces / n) for n in ("web", "portraits", "studio")}
    web, studio = tables["web"], tables["studio"]
    tiny = tiny_pictures(web.pictures)
    people = {name: table.people for name, table in tables.items()}
    people["web"] = merge_people(web.people, tiny)
    # A person who shares a photo with somebody kept for validation is neither.
    barred = np.isin(people["web"], people["web"][web.validation])
    learned = {n: ~t.validation & ~kept_back(people[n]) for n, t in tables.items()}
    learned["web"] &= ~barred
    kept = kept_back(people["web"]) & ~barred
    if not arguments.only_report:
        torch.manual_seed(plan.seed)
        network = IdentityRecogniser()
        few, fewer = recipe.variants
        maps = {
            name: make_maps(
                network,
                table,
                fewer if name == "studio" else few,
                recipe.change,
                out / f"maps-{name}.npy",
            )
            for name, table in tables.items()
        }
        album = make_album(
            [maps[n] for n in tables],
            [people[n] for n in tables],
            [learned[n] for n in tables],
            [n != "web" for n in tables],
        )
        solve_places(network, album, out / "fisher.safetensors")
        tuning = choose_pairs(people["web"], kept, tiny=tiny)
        made = studio_pairs(studio, kept_back(studio.people) & ~studio.validation)

        def watch(trainer: IdentityTrainer) -> dict[str, float]:
            vectors = describe_maps(trainer.network, maps["web"], np.flatnonzero(kept))
            scores = tuning.cosines(vectors)
            turned = describe_maps(trainer.network, maps["studio"], made.pictures())
            again = made.cosines(turned)
            return {
                "area": roc_area(scores, tuning.same),
                "same": float(scores[tuning.same].mean()),
                "different": float(scores[~tuning.same].mean()),
                "studio same": float(again[made.same].mean()),
                "studio different": float(again[~made.same].mean()),
            }

        drawer = Drawer(album, recipe)
        count = int(album.people.max()) + 1
        print(len(album.people), "pictures of", count, "people", flush=True)
        trainer = fit(
            IdentityTrainer(network, recipe, count),
            IdentityTrainer(IdentityRecogniser(), recipe, count),
            lambda trainer, step: trainer.losses(drawer.draw(), step),
            plan,
            out,
            examine=watch,
            tell=lambda line: print(line, flush=True),
            resume=arguments.resume,
            max_seconds=arguments.max_minutes * 60,
        )
        network = trainer.network
        calibrate(network, maps["web"], tuning)
        network.save(out / "identity.safetensors")
    network = IdentityRecogniser.load(load_checkpoint(out / "identity.safetensors"))
    report = examine(network, web, people["web"], tiny, tables["portraits"], studio)
    (out / "report.json").write_text(json.dumps(report, indent=1))
    print(json.dumps(report, indent=1))


def solve_places(network: IdentityRecogniser, album: Album, path: Path) -> None:
    """Solve the linear reading for all variants of every web photo.

    Studio pictures make it blind to light and expression at the cost of real photos, and the
    residual reading has learned that already: it is solved without them.
    """
    linear = network.places
    if not path.exists():
        web = np.flatnonzero(~album.studio)
        variants = len(album.maps[0])
        index, luck = np.tile(web, variants), np.repeat(np.arange(variants), len(web))
        save_file(
            discriminants(
                album.draw(index, luck).flatten(1),
                torch.from_numpy(album.people[index]),
                linear.out_features,
                variants=variants,
            ),
            path,
        )
    linear.load_state_dict(load_file(path))


if __name__ == "__main__":
    main()
