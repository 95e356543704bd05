"""Make the bundle inside the package: run the stages of stages.toml one after the other.

    make starter                       (draws the artwork first)
    python recipes/starter             run what has not finished, then copy the last bundle into the package
    python recipes/starter --list      show the stages and which have finished
    python recipes/starter --dry-run   show what would be run and written
    python recipes/starter --stage round-4

A finished stage is skipped as long as its settings and those of the stages before it are the same. A stage that was
interrupted goes on from its last checkpoint. See README.md in this folder.
"""

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path

from stages import ROOT, STAGES, Recipe, read_recipe
from viennatag.cli.progress import show_progress
from viennatag.errors import ViennatagError
from viennatag.files import atomic_file


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python recipes/starter", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stages", type=Path, default=STAGES, help="the recipe, a TOML file")
    parser.add_argument("--work", type=Path, default=ROOT / "work/starter", help="folder for marks, cache and results")
    parser.add_argument("--stage", help="run this stage and those that it needs, and copy nothing")
    parser.add_argument("--list", action="store_true", help="show the stages and which have finished, then stop")
    parser.add_argument("--dry-run", action="store_true", help="show what would be run and written, then stop")
    options = parser.parse_args()
    try:
        recipe = read_recipe(options.stages)
        if options.stage and options.stage not in recipe.stages:
            parser.error(f"--stage is {options.stage}; expected one of {', '.join(recipe.stages)}")
        work = options.work.absolute()
        if options.list:
            list_stages(recipe, work)
        elif options.dry_run:
            plan(recipe, work, options.stage)
        else:
            run(recipe, work, options.stage)
    except ViennatagError as exc:
        sys.exit(f"error: {exc}")


def list_stages(recipe: Recipe, work: Path) -> None:
    """Print each stage, its settings and whether it has finished."""
    for name, stage in recipe.stages.items():
        print(f"{name:<10} {'finished' if finished(recipe, work, name) else 'to run':<9} {stage.kind}: ", end="")
        print(stage.describe())


def plan(recipe: Recipe, work: Path, stage: str | None) -> None:
    """Print what `run` would do."""
    for name in chosen(recipe, stage):
        if finished(recipe, work, name):
            print(f"{name}: finished, {shown(result_of(work, name))}")
        else:
            print(f"{name}: {recipe.stages[name].describe()}\n    writes {shown(result_of(work, name))}")
    if not stage:
        print(f"copies {shown(result_of(work, chosen(recipe, None)[-1]))} to {shown(recipe.output)}")


def run(recipe: Recipe, work: Path, stage: str | None) -> None:
    """Run the stages that have not finished and copy the last bundle, unless one stage was asked for."""
    names = chosen(recipe, stage)
    for number, name in enumerate(names, start=1):
        if finished(recipe, work, name):
            print(f"[{number}/{len(names)}] {name}: finished, {shown(result_of(work, name))}", flush=True)
            continue
        print(f"[{number}/{len(names)}] {name}: {recipe.stages[name].describe()}", flush=True)
        seconds = run_stage(recipe, work, name)
        print(f"    wrote {shown(result_of(work, name))} in {seconds / 60:.1f} minutes", flush=True)
    if not stage:
        copy_bundle(result_of(work, names[-1]), recipe.output)
        print(f"wrote {shown(recipe.output)}; next: benchmarks/real_logos.py -o FILE, then recipes/starter/card.py")


def run_stage(recipe: Recipe, work: Path, name: str) -> float:
    """Run one stage, record that it has finished, and return the seconds that it took."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is loaded: threads that wait must not spin
    from rounds import Workshop

    start = time.monotonic()
    result = result_of(work, name)
    record_of(work, name).unlink(missing_ok=True)
    shutil.rmtree(result, ignore_errors=True)  # of other settings, or incomplete
    with show_progress() as progress:
        Workshop(recipe, work, progress).run(recipe.stages[name])
    seconds = time.monotonic() - start
    record = {"stage": name, "settings": recipe.stages[name].describe(), "digest": recipe.digest(name)}
    with atomic_file(record_of(work, name)) as temporary:
        temporary.write_text(json.dumps({**record, "seconds": round(seconds)}, indent=1) + "\n", encoding="utf-8")
    return seconds


def chosen(recipe: Recipe, stage: str | None) -> list[str]:
    """Return the stages to run: all, or one and those that it needs."""
    return recipe.needed_for(stage) if stage else list(recipe.stages)


def finished(recipe: Recipe, work: Path, name: str) -> bool:
    """Return whether a stage has finished with these settings and from these predecessors."""
    record = record_of(work, name)
    if not record.is_file() or not result_of(work, name).is_dir():
        return False
    return bool(json.loads(record.read_text(encoding="utf-8"))["digest"] == recipe.digest(name))


def copy_bundle(bundle: Path, out: Path) -> None:
    """Replace a folder by a copy of a bundle."""
    staged = out.with_name(f".{out.name}-new")
    shutil.rmtree(staged, ignore_errors=True)
    shutil.copytree(bundle, staged)
    shutil.rmtree(out, ignore_errors=True)
    staged.rename(out)


def result_of(work: Path, name: str) -> Path:
    """Return the folder of a stage's result."""
    return work / "stages" / name


def record_of(work: Path, name: str) -> Path:
    """Return the file that says that a stage has finished."""
    return work / "stages" / f"{name}.json"


def shown(path: Path) -> str:
    """Return a path as it is best read: below the root of the repository without it."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


if __name__ == "__main__":
    main()
