"""The command `features`: a store of features that `train --features` learns from."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from viennatag.cli import options
from viennatag.cli.bulk import print_summary
from viennatag.cli.config import SetOption, read_options
from viennatag.cli.outputs import check_cache, check_outputs
from viennatag.cli.progress import show_progress


def features(
    source: Annotated[
        str, Argument(help="A folder, ZIP, TAR or Parquet file, a quoted pattern of these, or a marks table.")
    ],
    out: Annotated[Path, Option("-o", "--out", help="Folder of the store.")],
    images: Annotated[
        Path | None, Option(help="Folder of images; SOURCE is then a marks table that names them.")
    ] = None,
    backbone: Annotated[str, Option(help="A name as in train.")] = "efficientnet_b0",
    size: options.SizeOption = None,
    taxonomy: options.TaxonomyOption = "vienna",
    shard_size: Annotated[int, Option(help="Images in a shard, the unit that is repeated if killed.")] = 500,
    address: Annotated[
        str | None, Option(help="Ray cluster: HOST:PORT, auto, or local.", show_default="this machine alone")
    ] = None,
    settings: SetOption = None,
    cache: options.CacheOption = None,
) -> None:
    """Extract the features of millions of images into a store, on one machine or many.

    `viennatag train marks.csv --features STORE` then learns without images. Call it again to resume after an
    interruption; shards that are whole are not extracted again. With --taxonomy flat no crops and colours are kept,
    which only Vienna codes need.

    Example: viennatag features images -o store

    Example: viennatag features 'archives/*.tar' -o store --address auto
    """
    told = read_options(None, {"backbone": ("--backbone", backbone)}, settings, used=("onnx",)).options.onnx
    check_outputs(folders={"--out": out})
    check_cache(cache)
    from viennatag.bulk.extraction import extract_store
    from viennatag.data.taxonomy_files import find_taxonomy
    from viennatag.files import cache_folder
    from viennatag.model.bundle import open_bundle
    from viennatag.training.backbones.loading import BUNDLE, load_backbone

    crops = find_taxonomy(taxonomy) == "vienna"
    learned = open_bundle(backbone.removeprefix(BUNDLE)).seen if backbone.startswith(BUNDLE) else None
    with show_progress() as report:
        report("backbone", 0, 1, backbone)
        network = load_backbone(backbone, cache=cache or cache_folder(), size=size, onnx_input=told)
        report("backbone", 1, 1, f"{network.width} features at {network.size} pixels")
        summary = extract_store(
            source,
            out,
            network.graph,
            name=backbone,
            learned=learned,
            images=images,
            crops=crops,
            shard_size=shard_size,
            address=address,
            progress=lambda done, total, failed: report("images", done, total, f"{failed:,} failed" if failed else ""),
        )
    print_summary(summary, f"{out}: features by {backbone}")
