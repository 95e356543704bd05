"""The model card: what a bundle was trained on, how good it is and at what, for people who find the folder.

It is made from what the bundle knows of itself, so that it cannot say anything else than `bundle.json` does. What only
people know (what a collection is, whose artwork it shows, its licence) stands between two comments in it and is kept
when the card is written anew. The card may be edited; no hash protects it, and no prediction reads it.

The header is what hubs of models read (https://huggingface.co/docs/hub/model-cards).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from viennatag.model.bundle import Bundle

ABOUT, ARTWORK = "about", "artwork"
"""What people add: about the model and its marks; whose artwork these show."""
SHOWN = 5
"""Best and worst categories that are named."""
LEAST_MARKS = 10
"""A category on fewer test marks is not called the best or the worst: that says little."""

_BANDS = ("macro_map", "head_map", "medium_map", "tail_map", "hit@1", "recall@10", "calibration_error")
_NAMES = {"macro_map": "macro mAP", "head_map": "head", "medium_map": "medium", "tail_map": "tail"}
_NAMES |= {"calibration_error": "calibration error"}


def model_card(bundle: Bundle, *, notes: Mapping[str, str] | None = None, license_: str = "other") -> str:
    """Return the card of a bundle in Markdown.

    Args:
        bundle: The bundle.
        notes: By name (`about`, `artwork`) what people add, in Markdown.
        license_: Of the model, as hubs call it.
    """
    notes = notes or {}
    name = bundle.path.name if bundle.path else "bundle"
    vienna = bundle.labels.taxonomy == "vienna"
    what = "codes of the Vienna Classification" if vienna else "labels"
    parts = [
        _header(license_, vienna=vienna),
        f"# {name}\n\nSuggests {what} for figurative trade marks: {len(bundle.labels):,} of them, each with a "
        "calibrated probability. Open it with viennatag (`pip install viennatag`):\n\n"
        "```\nviennatag predict IMAGE --model FOLDER\n```",
        _noted(ABOUT, notes.get(ABOUT, "")),
        "## What it was trained on\n\n" + "\n".join(f"- {line}" for line in _training(bundle)),
        "## What it does well, and what badly\n\n" + "\n\n".join(_figures(bundle)),
        "## What it cannot do\n\n" + "\n".join(f"- {line}" for line in _limits(bundle)),
        "## How to do better\n\n" + _BETTER,
        "## Artwork and licences\n\n" + _noted(ARTWORK, notes.get(ARTWORK, "")),
    ]
    return "\n\n".join(parts) + "\n"


def read_notes(card: str) -> tuple[dict[str, str], str]:
    """Return what people added to a card, by name, and the licence in its header."""
    found = {
        name: match[1].strip()
        for name in (ABOUT, ARTWORK)
        if (match := re.search(rf"<!-- {name} -->\n(.*?)\n<!-- end of {name} -->", card, re.DOTALL))
    }
    licence = re.match(r"---\n(?:.*\n)*?license: *(\S+)", card)
    return {name: text for name, text in found.items() if text}, licence[1] if licence else "other"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def percent(value: float | None) -> str:
    """Return a share in per cent with one digit, a dash for one that is undefined."""
    return "–" if value is None else f"{100 * value:.1f}"


def _header(license_: str, *, vienna: bool) -> str:
    tags = ["viennatag", "trademarks", "multi-label", "onnx", *(["vienna-classification"] if vienna else [])]
    lines = [f"license: {license_}", "library_name: viennatag", "pipeline_tag: image-classification", "tags:"]
    return "\n".join(["---", *lines, *(f"- {tag}" for tag in tags), "---"])


def _noted(name: str, text: str) -> str:
    return f"<!-- {name} -->\n{text.strip()}\n<!-- end of {name} -->"


def _gained(found: Mapping[str, float] | None, of: str, without: str, with_: str, what: str) -> str:
    """Return what something gave on the validation subset, nothing if that was not measured."""
    if not found:
        return ""
    return (
        f"macro mAP of {of} was {percent(found[without])} % without and {percent(found[with_])} % with {what} on the "
        "validation subset"
    )


def _training(bundle: Bundle) -> Iterator[str]:
    facts = bundle.training
    marks: Mapping[str, int] = facts.get("marks", {})
    if marks:
        yield f"{sum(marks.values()):,} marks: " + ", ".join(f"{count:,} for {part}" for part, count in marks.items())
    counts = bundle.train_counts
    yield (
        f"{len(bundle.labels):,} labels; the rarest has {counts.min():,} training marks, the most frequent "
        f"{counts.max():,}"
    )
    if "backbone" in facts:
        began = "its weights" if facts.get("pretrained") else "random weights"
        yield f"backbone {facts['backbone']}, begun with {began}; {bundle.image_size} pixels, {bundle.precision}"
    tuned = facts.get("finetune")
    if tuned:
        teacher = f", with {facts['teacher']} as its teacher" if facts.get("teacher") else ""
        yield f"the whole network was fine-tuned, at most {tuned['epochs']} epochs at {tuned['size']} pixels{teacher}"
    elif "backbone" in facts:
        yield "only a head was trained, on features of the frozen backbone"
    strategy = facts.get("strategy")
    if strategy:
        chosen = f", which chose {strategy['chosen']}" if "chosen" in strategy else ""
        yield f"strategy {strategy['name']}{chosen}; seed {facts.get('seed')}"
    if "target_prior_marks" in facts:
        yield f"scores are shifted to the code frequencies of {facts['target_prior_marks']:,} other marks"
    chain = bundle.postprocessor
    if chain.max_crops:
        gained = _gained(facts.get("crops"), "pictorial labels", "whole", "crops", "them")
        low, high = chain.crop_scores
        where = f", where its best pictorial category scores from {low:g} to {high:g}" if high - low < 1 else ""
        yield f"at most {chain.max_crops} crops of a mark are run besides the whole{where}{gained and f'; {gained}'}"
    if chain.pixel_labels:
        yield f"read from pixels, not by the head: {', '.join(chain.pixel_labels)}"
    for note in facts.get("updates", ()):
        yield f"updated with the feedback of examiners on {note['marks']:,} marks, which moved {note['moved']:,} labels"
    if "quantized" in facts:
        reduced = facts["quantized"]
        lost = f"{reduced['drop']} points of macro mAP on {reduced['marks']:,} marks"
        yield f"quantized to {reduced['precision']}, which costs {lost}"


def _figures(bundle: Bundle) -> Iterator[str]:
    groups: Sequence[Mapping[str, Any]] = bundle.metrics.get("groups", ())
    if not groups:
        yield "Nothing was measured."
        return
    yield (
        f"On {bundle.metrics['marks']:,} marks that it has not seen, in per cent, with the 95 % interval; in brackets "
        "what the frequency prior reaches. Head, medium and tail are the mean average precision of labels with more "
        "than 100, 20 to 100, and fewer training marks."
    )
    rows = [
        [part["level"], part["kind"], f"{part['labels']:,}", *(_cell(part["metrics"].get(name)) for name in _BANDS)]
        for part in groups
    ]
    yield table(["level", "codes", "labels", *(_NAMES.get(name, name) for name in _BANDS)], rows)
    singles = {
        name: each["average_precision"]
        for name, each in bundle.metrics.get("labels", {}).items()
        if each["marks"] >= LEAST_MARKS and each["average_precision"]["value"] is not None
    }
    if len(singles) > 2 * SHOWN:
        ranked = sorted(singles, key=lambda name: -singles[name]["value"])
        level = bundle.labels.level_names[0]
        yield f"Average precision by {level}: the best and the worst on at least {LEAST_MARKS} marks."
        named = [*ranked[:SHOWN], *ranked[-SHOWN:]]
        yield table(
            [level, "meaning", "marks", "average precision"],
            [
                [name, _meaning(name, bundle), f"{bundle.metrics['labels'][name]['marks']:,}", _cell(singles[name])]
                for name in named
            ],
        )
    exclusive = bundle.metrics.get("exclusive", ())
    if exclusive:
        yield "Groups of exclusive labels: on how many marks the right one is chosen, in per cent."
        rows = [[each["group"], each["rule"], f"{each['marks']:,}", _cell(each["accuracy"])] for each in exclusive]
        yield table(["group", "rule", "marks", "accuracy"], rows)
    readers = bundle.training.get("pixel_colours", {})
    if readers:
        yield "Colour codes on the validation subset: average precision of the head and of counted pixels, in per cent."
        yield table(
            ["code", "head", "pixels", "read from"],
            [
                [
                    code,
                    percent(each["head"]),
                    percent(each["pixels"]),
                    "pixels" if code in bundle.postprocessor.pixel_labels else "head",
                ]
                for code, each in readers.items()
            ],
        )


def _limits(bundle: Bundle) -> Iterator[str]:
    least = int(bundle.train_counts.min())
    vienna = bundle.labels.taxonomy == "vienna"
    yield (
        f"It knows only the {len(bundle.labels):,} labels that it was trained on"
        + (
            ", and of a rarer code only the division or category."
            if vienna
            else "."
            if bundle.labels.taxonomy == "flat"
            else ", and of a rarer one only its ancestors."
        )
    )
    rare = int((bundle.train_counts < 20).sum())
    if rare:
        yield f"{rare:,} labels had fewer than 20 training marks (the rarest {least:,}): expect little of these."
    yield (
        f"It sees a mark in {bundle.image_size} by {bundle.image_size} pixels and does not read: what words mean, and "
        "what is only to be seen enlarged, is lost on it."
    )
    yield (
        "A score is a probability for marks like those of training, as frequent and as completely coded. For others "
        "the order of codes says more than the scores."
    )
    yield "It proposes; whether a mark is registered with a code is for an examiner to decide."


_BETTER = """Train on your own register, which follows your office's practice, and evaluate on held-out marks:

```
viennatag train marks.csv --images images -o my-bundle --finetune
viennatag evaluate my-bundle later-marks.csv --images images
```

With the feedback of examiners on some hundreds of marks instead of a register, `viennatag update FOLDER feedback.csv
--images images -o my-bundle` adapts this bundle to it."""


def _cell(figure: Mapping[str, float | None] | None) -> str:
    if not figure or figure["value"] is None:
        return "–"
    low, high = figure["low"], figure["high"]  # of a few marks they may lie beyond what is possible
    span = "" if low is None or high is None else f" [{percent(max(low, 0))}, {percent(min(high, 1))}]"
    return f"{percent(figure['value'])}{span} ({percent(figure['prior'])})"


def _meaning(name: str, bundle: Bundle) -> str:
    heading = bundle.labels.hierarchy.heading(name)
    return heading.lower() if bundle.labels.taxonomy == "vienna" else heading if heading != name else ""
