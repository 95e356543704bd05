import io
import multiprocessing
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from tests.bundles import plain_bundle, with_postprocessing
from tests.images.test_crops import combined, star_beside_a_word
from viennatag.calibration.calibration import coherent_scores
from viennatag.data.labels import LabelSet
from viennatag.errors import ImageError, OptionError
from viennatag.evaluation.evaluation import Evaluation
from viennatag.model.bundle import Bundle
from viennatag.model.postprocessing import Outputs
from viennatag.prediction.predictor import BLANK_NOTE, Predictor

NAMES = ("3", "3.1", "3.1.6", "3.1.8", "5", "5.3", "5.3.1", "26", "26.4")


def bundle_of(**postprocessing: object) -> Bundle:
    return plain_bundle(LabelSet("vienna", NAMES), **postprocessing)  # type: ignore[arg-type]


def suggester(bundle: Bundle) -> Predictor:
    """Return a predictor that can only suggest: it has no graph."""
    predictor = Predictor.__new__(Predictor)
    predictor.bundle = bundle
    predictor.postprocessor = bundle.postprocessor
    predictor._levels = np.array(bundle.labels.levels)
    return predictor


def codes(scores: list[float], **options: object) -> list[str]:
    found = suggester(bundle_of()).suggest(np.array(scores), **options)  # type: ignore[arg-type]
    return [each.code for each in found]


def test_the_deepest_sure_nodes_are_suggested() -> None:
    assert codes([0.9, 0.8, 0.7, 0.1, 0.6, 0.55, 0.2, 0.9, 0.1]) == ["26", "3.1.6", "5.3"]


def test_a_sure_section_speaks_for_its_ancestors() -> None:
    assert codes([0.9, 0.8, 0.6, 0.55, 0, 0, 0, 0, 0]) == ["3.1.6", "3.1.8"]


def test_an_answer_is_never_empty() -> None:
    (only,) = suggester(bundle_of()).suggest(np.array([0.2, 0.1, 0.1, 0.1, 0.3, 0.1, 0.1, 0.1, 0.1]))
    assert (only.code, only.level, only.above_threshold) == ("5", "category", False)
    assert only.heading


@pytest.mark.parametrize("colour", ["white", (200, 30, 30), (255, 255, 255, 0), (10, 200, 10, 0)])
def test_a_blank_image_has_no_codes_and_a_note(colour: str | tuple[int, ...]) -> None:
    image = Image.new("RGBA" if len(colour) == 4 else "RGB", (90, 60), colour)
    predictor = Predictor.load(threads=1)
    assert predictor.predict(image) == predictor.predict(image, top=5) == ()
    (found,) = predictor.predict_many([image])
    assert (found.suggestions, found.error) == ((), None)
    assert found.note == BLANK_NOTE == found.to_json()["note"]
    image.putpixel((40, 30), (0, 0, 0, 255) if len(image.mode) == 4 else (0, 0, 0))
    assert predictor.predict(image), "a dot is no blank"


def test_crops_are_made_only_where_they_count() -> None:
    images = [combined(), star_beside_a_word()]
    predictor = Predictor.load(threads=1)
    framed = [predictor.read(image) for image in images]
    outputs, _ = predictor.forward(framed)
    assert outputs.view_counts == [1, 2]
    assert ["crops" in vars(image) for image in framed] == [False, True]
    all_views = predictor.engine.run(np.stack([view for image in framed for view in image.views]), ("logits",))[0]
    expected = predictor.postprocessor.scores(replace(outputs, logits=all_views, view_counts=[2, 2]))
    np.testing.assert_array_equal(predictor.postprocessor.scores(outputs), expected)
    ((_, many),) = predictor.score_many(images)
    np.testing.assert_array_equal(many, expected)


def test_one_colour_may_mean_something_outside_of_vienna() -> None:
    blank = np.array([True])
    own, flat = bundle_of(), plain_bundle(LabelSet("flat", ("sea", "town")))
    assert not own.postprocessor.scores(Outputs(np.zeros((1, len(NAMES))), blank=blank)).any()
    assert flat.postprocessor.scores(Outputs(np.zeros((1, 2)), blank=blank)).all()


def test_top_ranks_a_level_whatever_the_thresholds() -> None:
    scores = [0.9, 0.8, 0.1, 0.3, 0.3, 0.2, 0.2, 0.1, 0.1]
    assert codes(scores, top=2) == ["3.1.8", "5.3.1"]
    assert codes(scores, top=2, level="division") == ["3.1", "5.3"]
    assert codes(scores, top=99, level="category") == ["3", "5", "26"]


def test_a_bundle_may_limit_how_many_are_suggested() -> None:
    few = suggester(bundle_of(top=1))
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.65, 0.62, 0.61, 0.6, 0.1])
    assert [each.code for each in few.suggest(scores)] == ["3.1.6"]
    assert [each.code for each in few.suggest(scores, exclude=("3",))] == ["5.3.1"]
    assert {each.code for each in few.suggest(scores, threshold=0.5)} == {"3.1.6", "3.1.8", "5.3.1", "26"}
    assert [each.code for each in few.suggest(scores, top=2)] == ["3.1.6", "5.3.1"]


def test_a_level_alone_keeps_thresholds() -> None:
    assert codes([0.9, 0.8, 0.7, 0.1, 0.6, 0.1, 0.1, 0.1, 0.1], level="category") == ["3", "5"]
    assert codes([0.9, 0.4, 0.3, 0.1, 0.6, 0.1, 0.1, 0.1, 0.1], level="division") == ["3.1"]


def test_suggestions_carry_their_path() -> None:
    found = suggester(bundle_of()).suggest(np.array([0.9, 0.8, 0.7, 0, 0, 0, 0, 0, 0]))
    assert found[0].path == ("3", "3.1", "3.1.6")
    assert found[0].heading == "Cats, small felines"


@settings(max_examples=50, deadline=None)
@given(arrays(np.float64, (4, len(NAMES)), elements=st.floats(-20, 20)))
def test_scores_are_probabilities_that_hold_the_hierarchy(logits: np.ndarray) -> None:
    bundle = bundle_of()
    scores = bundle.postprocessor.scores(Outputs(logits))
    assert ((scores >= 0) & (scores <= 1)).all()
    child = np.flatnonzero(bundle.labels.parents >= 0)
    assert (scores[:, bundle.labels.parents[child]] >= scores[:, child]).all()
    np.testing.assert_array_equal(scores, coherent_scores(scores, bundle.labels.parents))


def test_options_that_make_no_sense(trained: tuple[Bundle, Evaluation], collection: Path) -> None:
    predictor = Predictor(trained[0])
    with pytest.raises(OptionError, match="top is 0"):
        predictor.predict(collection / "000.png", top=0)
    for odd in (2.5, "3"):
        with pytest.raises(OptionError, match=f"top is {odd!r}"):
            predictor.predict(collection / "000.png", top=odd)  # type: ignore[arg-type]
    assert len(predictor.predict(collection / "000.png", top=np.int64(2))) == 2  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="no level 'label'; it has category, division, section"):
        predictor.predict(collection / "000.png", level="label")


def test_every_kind_of_source_gives_the_same_answer(trained: tuple[Bundle, Evaluation], collection: Path) -> None:
    predictor = Predictor(trained[0])
    path = collection / "000.png"
    answers = {predictor.predict(source) for source in (path, str(path), path.read_bytes(), Image.open(path))}
    assert len(answers) == 1
    assert repr(predictor) == f"Predictor({trained[0]!r})"


def test_one_bad_image_never_stops_the_rest(trained: tuple[Bundle, Evaluation], collection: Path) -> None:
    predictor = Predictor(trained[0])
    sources = [collection / "000.png", b"broken", collection / "none.png", collection / "001.png"]
    found = list(predictor.predict_many(sources))
    assert [prediction.error is None for prediction in found] == [True, False, False, True]
    assert found[0].suggestions == predictor.predict(sources[0])
    assert found[3].suggestions == predictor.predict(sources[3])
    assert found[2].to_json() == {"image": str(sources[2]), "error": "there is no such file"}
    with pytest.raises(ImageError):
        predictor.predict(b"broken")


def test_thresholds_are_the_bundles(trained: tuple[Bundle, Evaluation], collection: Path) -> None:
    bundle = trained[0]
    eager = Predictor(with_postprocessing(bundle, thresholds=np.zeros(len(bundle.labels))))
    sections = {each.code for each in eager.predict(collection / "000.png") if each.level == "section"}
    assert sections == {name for name in bundle.labels.names if name.count(".") == 2}


def test_several_images_are_not_one_image(trained: tuple[Bundle, Evaluation], collection: Path) -> None:
    predictor, path = Predictor(trained[0]), collection / "000.png"
    with Image.open(path) as file:
        pixels = np.asarray(file.convert("RGB"))
    for one in (
        str(path),
        path,
        path.read_bytes(),
        Image.fromarray(pixels),
        pixels,
        pixels[..., 0],
        io.BytesIO(),
        None,
    ):
        with pytest.raises(OptionError, match="takes several images, not one"):
            predictor.predict_many(one)  # type: ignore[arg-type]
    for named in ({"image": [path]}, pd.DataFrame({"image": [path]})):
        with pytest.raises(OptionError, match="pass the column or the list"):
            predictor.predict_many(named)
    with pytest.raises(OptionError, match="one text, 'cat'"):
        predictor.explain_codes(pixels, "cat")
    expected, found = predictor.predict(pixels), predictor.predict(path)
    for several in ([pixels], (pixels,), iter([pixels]), np.stack([pixels])):
        assert [each.suggestions for each in predictor.predict_many(several)] == [expected]
    for several in (np.array([str(path)]), np.array([path]), pd.Series([path])):
        assert [each.suggestions for each in predictor.predict_many(several)] == [found]


@pytest.mark.parametrize("threads", [0, "2", 2.5, 10**6])
def test_a_senseless_number_of_threads_is_refused(trained: tuple[Bundle, Evaluation], threads: int) -> None:
    with pytest.raises(OptionError, match="threads is"):
        Predictor(trained[0], threads=threads)


def test_a_bundle_is_found_after_a_change_of_folder(
    trained: tuple[Bundle, Evaluation], collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trained[0].path is not None
    monkeypatch.chdir(trained[0].path.parent)
    predictor = Predictor.load(trained[0].path.name)
    monkeypatch.chdir(tmp_path)
    assert predictor.predict(collection / "000.png") == Predictor(trained[0]).predict(collection / "000.png")


def test_a_predictor_survives_pickling(trained: tuple[Bundle, Evaluation], collection: Path) -> None:
    path = collection / "000.png"
    predictor = Predictor(trained[0], threads=1)
    fresh = pickle.loads(pickle.dumps(predictor))
    expected = predictor.predict(path)
    list(predictor.predict_many([path]))
    used = pickle.loads(pickle.dumps(predictor))
    for copied in (fresh, used):
        assert copied.predict(path) == expected
        assert [each.suggestions for each in copied.predict_many([path])] == [expected]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_a_predictor_arrives_in_another_process(
    method: str, trained: tuple[Bundle, Evaluation], collection: Path
) -> None:
    path = collection / "000.png"
    predictor = Predictor(trained[0], threads=1)
    expected = predictor.predict(path)
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.apply(predictor.predict, (path,)) == expected
