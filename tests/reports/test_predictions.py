from viennatag.prediction.predictor import Prediction, Suggestion
from viennatag.reports.predictions import predictions_text

CAT = Suggestion("3.1.6", "Cats, small felines", 0.87, "section", ("3", "3.1", "3.1.6"), True)
PLANTS = Suggestion("5", "Plants", 0.04, "category", ("5",), False)


def test_columns_line_up_and_remarks_follow() -> None:
    text = predictions_text([Prediction("a.png", (CAT, PLANTS)), Prediction("b.png", error="damaged")], styled=False)
    assert text.splitlines() == [
        "a.png",
        "code   score              heading",
        "3.1.6   87 %  █████████   Cats, small felines",
        "5        4 %  █           Plants  category  below its threshold",
        "",
        "b.png: damaged",
    ]


def test_styles_wrap_text_and_nothing_else() -> None:
    found = [Prediction("a.png", (CAT, PLANTS)), Prediction("b.png", error="damaged")]
    styled = predictions_text(found, styled=True)
    plain = styled
    for sequence in ("\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"):
        assert sequence in styled
        plain = plain.replace(sequence, "")
    assert plain == predictions_text(found, styled=False)


def test_a_terminal_obeys_no_name_and_no_label() -> None:
    label = Suggestion("a\x1b[2J", "b\x07", 0.5, "label", (), True)
    text = predictions_text(
        [Prediction("c\x1b[31m\x9b2J.png", (label,)), Prediction("d\re", error="f\x08")], styled=False
    )
    assert all(each.isprintable() for each in text.splitlines())
    assert r"c\x1b[31m\x9b2J.png" in text
