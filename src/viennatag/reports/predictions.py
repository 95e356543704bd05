"""Predictions for people to read in a terminal: plain lines, since loading rich takes longer than predicting."""

from typing import TYPE_CHECKING

from viennatag.errors import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from viennatag.prediction.predictor import Prediction, Suggestion

_BOLD, _DIM, _RED, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"


def predictions_text(predictions: "Iterable[Prediction]", *, styled: bool) -> str:
    """Return one table per image: code, score, a bar as long as the score, and heading of each suggestion.

    It is bold, dim and red in places if `styled`, which the terminal must understand.
    """

    def style(text: str, sequence: str) -> str:
        shown = visible(text)
        return f"{sequence}{shown}{_PLAIN}" if styled and text else shown

    def line(each: "Suggestion", width: int) -> str:
        bar = f"{'█' * max(1, round(10 * each.score)):<10}"
        remarks = [each.level] if each.level in {"category", "division"} else []
        remarks += [f"of {each.group}"] if each.group else []
        if not each.above_threshold:
            bar, remarks = style(bar, _DIM), [*remarks, "below its threshold"]
        remark = style("".join(f"  {word}" for word in remarks), _DIM)
        code, heading = visible(each.code), visible(each.heading)
        return f"{code:<{width}}  {100 * each.score:3.0f} %  {bar}  {heading}{remark}"

    blocks = []
    for prediction in predictions:
        if prediction.error is not None:
            blocks.append(f"{style(prediction.image, _BOLD)}: {style(prediction.error, _RED)}\n")
            continue
        if prediction.note:
            blocks.append(f"{style(prediction.image, _BOLD)}: {prediction.note}\n")
            continue
        width = max(4, *(len(each.code) for each in prediction.suggestions), 4)
        rows = [style(prediction.image, _BOLD), f"{'code':<{width}}  score  {'':<10}  heading"]
        blocks.append("\n".join([*rows, *(line(each, width) for each in prediction.suggestions), ""]))
    return "\n".join(blocks)
