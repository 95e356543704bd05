from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageDraw

from tests.bundles import plain_bundle
from viennatag.data.labels import LabelSet
from viennatag.errors import BundleError, OptionError
from viennatag.evaluation.evaluation import Evaluation
from viennatag.explain.heatmap import RAMP, ClassActivationReader, Explanation, _colours
from viennatag.images.decoding import read_framed_image
from viennatag.model.bundle import Bundle
from viennatag.model.saving import write_bundle
from viennatag.prediction.predictor import Predictor
from viennatag.runtime.engine import Engine
from viennatag.training.backbones.backbone import OPSET, Backbone
from viennatag.training.heads.export import ExportedHead, export_graph
from viennatag.training.heads.exported import CosineHead, LinearHead, MeanHead, NeighbourHead

NAMES = ("3", "3.1", "3.1.6", "5")
WIDTH, LABELS, SIDE = 12, len(NAMES), 64
RANDOM = np.random.default_rng(0)


def normal(*shape: int) -> NDArray[np.float32]:
    return RANDOM.normal(size=shape).astype(np.float32)


MEAN, SCALE = normal(WIDTH), np.exp(normal(WIDTH))
LINEAR = LinearHead(normal(LABELS, WIDTH), normal(LABELS))
COSINE = CosineHead(normal(LABELS, WIDTH), normal(LABELS), MEAN, SCALE)
NEIGHBOURS = NeighbourHead(
    MEAN,
    SCALE,
    normal(9, WIDTH).astype(np.float16),
    np.eye(9, LABELS, dtype=np.uint8),
    np.full(LABELS, 0.2, np.float32),
    5,
    0.2,
    0.1,
)
MEANS = MeanHead((LINEAR, COSINE), normal(2, LABELS), normal(LABELS))
NESTED = MeanHead((MEANS, COSINE, LINEAR), normal(3, LABELS), normal(LABELS))
PLACED = {"linear": LINEAR, "cosine": COSINE, "mean": MEANS, "nested": NESTED}
MIXED = MeanHead((MEANS, NEIGHBOURS), normal(2, LABELS), normal(LABELS))


def random_backbone(*, with_map: bool = True) -> Backbone:
    """Return a graph that sees each block of 16 x 16 pixels through one random filter per feature."""
    random = np.random.default_rng(1)  # the same graph in whatever order tests run
    filters = (random.normal(size=(WIDTH, 3, 16, 16)) / 1000).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "filters"], ["seen"], strides=[16, 16]),
        helper.make_node("Relu", ["seen"], ["feature_map"]),
        helper.make_node("ReduceMean", ["feature_map", "axes"], ["features"], keepdims=0),
    ]
    outputs = [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["images", WIDTH])]
    if with_map:
        outputs.append(helper.make_tensor_value_info("feature_map", TensorProto.FLOAT, ["images", WIDTH, 4, 4]))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["images", SIDE, SIDE, 3])],
        outputs,
        [numpy_helper.from_array(filters, "filters"), numpy_helper.from_array(np.array([2, 3]), "axes")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    return Backbone("tiny", model.SerializeToString(), WIDTH, SIDE)


def bundle(path: Path, graph: bytes) -> Bundle:
    return write_bundle(plain_bundle(LabelSet("vienna", NAMES), prior=0.5, image_size=SIDE), graph, path)


def picture(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8))


def at_places(head: ExportedHead, spatial: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what a head says at places (rows, columns, width): its own formula, with the whole image's length."""
    if isinstance(head, MeanHead):
        parts = zip(head.slopes, head.members, strict=True)
        return np.sum([head.intercept + 0 * spatial[..., :1], *(s * at_places(each, spatial) for s, each in parts)], 0)
    if isinstance(head, CosineHead):
        length = np.linalg.norm((spatial.mean((0, 1)) - head.mean) / head.scale)
        return (spatial - head.mean) / head.scale / length @ head.weight.T + head.bias
    assert isinstance(head, LinearHead)
    return spatial @ head.weight.T + head.bias


@pytest.mark.parametrize("name", PLACED)
@pytest.mark.parametrize("size", [(64, 64), (90, 31), (20, 50)])
def test_the_mean_over_places_is_the_logit(name: str, size: tuple[int, int], tmp_path: Path) -> None:
    head = PLACED[name]
    predictor = Predictor(bundle(tmp_path / "b", export_graph(random_backbone(), head)))
    found = predictor.explain_codes(picture(*size), NAMES)
    pixels = np.random.default_rng(4).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)
    logits, spatial, features = predictor.engine.run(pixels, ("logits", "feature_map", "features"))
    np.testing.assert_allclose(logits, head(features), atol=1e-4)
    (places,) = predictor.engine.run(pixels, ("head_inputs",))
    for at in range(3):
        maps = ClassActivationReader.of(predictor.engine).local_logits([places[at]], [2, 0])
        expected = at_places(head, np.moveaxis(spatial[at], 0, -1))
        np.testing.assert_allclose(maps, np.moveaxis(expected[..., [2, 0]], -1, 0), atol=1e-4)
    for each in found:
        assert each.local_logits.shape == (4, 4)
        assert each.local_logits.std() > 1e-3
        assert each.local_logits.mean() == pytest.approx(each.logit, abs=1e-4)


def test_scores_are_those_of_a_prediction(tmp_path: Path) -> None:
    predictor = Predictor(bundle(tmp_path / "b", export_graph(random_backbone(), COSINE)))
    image = picture(40, 64)
    scores = {each.code: each.score for each in predictor.predict(image, top=1, level="section")}
    assert predictor.explain(image, "3.1.6").score == scores["3.1.6"]


def test_heads_that_cannot_be_read_at_places_say_so(tmp_path: Path) -> None:
    for at, (head, with_map) in enumerate(((NEIGHBOURS, True), (MIXED, True), (LINEAR, False))):
        graph = export_graph(random_backbone(with_map=with_map), head)
        assert set(Engine(graph).outputs) <= {"logits", "features", "feature_map"}
        with pytest.raises(BundleError, match="has no heat maps: its graph has no output 'head_inputs'"):
            Predictor(bundle(tmp_path / str(at), graph)).explain(picture(9, 9), "3.1.6")


def test_a_code_that_the_bundle_does_not_know(tmp_path: Path) -> None:
    predictor = Predictor(bundle(tmp_path / "b", export_graph(random_backbone(), LINEAR)))
    with pytest.raises(OptionError, match=r"no label '3\.1\.8'; it has 4"):
        predictor.explain(picture(9, 9), "3.1.8")


def explanation(values: NDArray[np.float32], box: tuple[float, float, float, float] = (0, 0, 1, 1)) -> Explanation:
    return Explanation("3", 0.5, float(values.mean()), values, box)


def test_the_background_is_no_evidence() -> None:
    baseline = np.zeros((5, 5), np.float32)
    baseline[0] = 9
    values = baseline.copy()
    values[3, 3] = 5
    assert explanation(values).heat(50, 50).argmax() // 50 < 10
    beyond = replace(explanation(values), baseline=baseline).heat(50, 50)
    np.testing.assert_allclose(beyond, explanation(values - baseline).heat(50, 50), atol=1e-6)
    y, x = np.unravel_index(beyond.argmax(), beyond.shape)
    assert (abs(x - 34.5) <= 1, abs(y - 34.5) <= 1) == (True, True)


@pytest.mark.parametrize("name", PLACED)
def test_a_blank_image_has_no_heat(name: str, tmp_path: Path) -> None:
    predictor = Predictor(bundle(tmp_path / "b", export_graph(random_backbone(), PLACED[name])))
    for each in predictor.explain_codes(Image.new("RGB", (50, 70), "white"), NAMES):
        assert each.baseline is not None
        np.testing.assert_allclose(each.local_logits, each.baseline, atol=1e-4)
        assert not each.heat(50, 70).any()


@pytest.mark.parametrize("name", PLACED)
def test_what_all_labels_have_in_common_is_no_evidence(name: str, tmp_path: Path) -> None:
    predictor = Predictor(bundle(tmp_path / "b", export_graph(random_backbone(), PLACED[name])))
    image = Image.new("RGB", (60, 60), "white")
    ImageDraw.Draw(image).ellipse([5, 20, 30, 50], fill="black")
    found, blank = (predictor.explain_codes(each, NAMES) for each in (image, Image.new("RGB", (60, 60), "white")))
    beyond = np.stack([each.local_logits for each in found]) - [each.local_logits for each in blank]
    shown = np.stack([each.local_logits - each.baseline for each in found if each.baseline is not None])
    np.testing.assert_allclose(shown, beyond - beyond.mean(axis=0), atol=1e-4)
    assert np.abs(shown).max() > 1e-3


def test_a_single_label_has_nothing_in_common_with_others() -> None:
    random = np.random.default_rng(0)
    places, blank = random.random((2, 4, 4, 3), np.float32)
    reader = ClassActivationReader(
        ("head_inputs",), (blank,), random.random((1, 3), np.float32), np.ones(1, np.float32)
    )
    np.testing.assert_array_equal(reader.baselines([places], [0]), reader.local_logits([blank], [0]))


def test_heat_peaks_where_the_evidence_is() -> None:
    values = np.zeros((5, 5), np.float32)
    values[3, 1] = 9
    heat = explanation(values).heat(100, 50)
    assert heat.shape == (50, 100)
    y, x = np.unravel_index(heat.argmax(), heat.shape)
    assert (abs(x - 29.5) <= 1, abs(y - 34.5) <= 1) == (True, True)
    assert (heat.min(), heat.max()) == (0, 1)
    values[3, 2] = 9
    heat = explanation(values).heat(100, 50)
    assert abs(np.unravel_index(heat.argmax(), heat.shape)[1] - 39.5) <= 1, "between two equal cells"


def test_white_beside_an_image_is_left_out() -> None:
    """A wide image lies in the middle rows of its square; the peak below it is not shown."""
    values = np.zeros((8, 8), np.float32)
    values[7, 0], values[2, 7] = 9, 5
    heat = explanation(values, (0, 0.25, 1, 0.75)).heat(80, 40)
    y, x = np.unravel_index(heat.argmax(), heat.shape)
    assert (x > 60, y < 20) == (True, True)


@pytest.mark.parametrize("page", [(400, 300), (150, 420)])
@pytest.mark.parametrize("at", [(0.0, 0.0), (0.6, 0.1), (1.0, 1.0)])
def test_the_heat_lies_on_the_device_wherever_the_mark_stands_on_its_page(
    page: tuple[int, int], at: tuple[float, float]
) -> None:
    """A frame holds the mark together; in its lower right is a device, where the network says that there is one."""
    sheet = Image.new("RGB", page, "white")
    x, y = (round(share * (side - 121)) for share, side in zip(at, page, strict=True))
    ImageDraw.Draw(sheet).rectangle([x, y, x + 120, y + 80], outline="silver", width=2)
    ImageDraw.Draw(sheet).ellipse([x + 80, y + 46, x + 108, y + 74], fill="black")
    framed = read_framed_image(sheet, 64)
    darkness = (framed.pixels.mean(axis=2) < 100).reshape(8, 8, 8, 8).mean(axis=(1, 3))
    assert min(framed.box) < 0 or max(framed.box) > 1, "the page is cropped"
    found = explanation(darkness.astype(np.float32) * 9, framed.box)
    for scale in (1, 2, 0.5):
        width, height = (round(side * scale) for side in page)
        heat = found.heat(width, height)
        top, left = np.unravel_index(heat.argmax(), heat.shape)
        assert (left / scale, top / scale) == pytest.approx((x + 94, y + 60), abs=14)
        colour = np.ptp(np.asarray(found.overlay(sheet.resize((width, height)))).astype(int), axis=2) > 60
        ys, xs = np.nonzero(colour)
        assert (xs.mean() / scale, ys.mean() / scale) == pytest.approx((x + 94, y + 60), abs=16)
        assert np.ptp(xs) / scale < 80


def test_an_even_map_stays_pale() -> None:
    values = np.full((5, 5), -3, np.float32)
    values[2, 2] += 0.2
    assert explanation(values).heat(20, 20).max() < 0.2
    assert not explanation(np.full((5, 5), -3, np.float32)).heat(20, 20).any()


def test_an_overlay_has_the_size_of_the_image_and_shows_evidence_in_colour() -> None:
    values = np.zeros((5, 5), np.float32)
    values[0, 0] = 9
    shown = np.asarray(explanation(values).overlay(Image.new("RGB", (120, 60), "white"))).astype(int)
    assert shown.shape == (60, 120, 3)
    np.testing.assert_array_equal(shown[-1, -1], [255, 255, 255])
    assert shown[6, 12].sum() < 400
    dark = np.asarray(explanation(values).overlay(Image.new("RGB", (120, 60), "black")))
    assert len(set(dark[-1, -1])) == 1, "where there is no evidence the image is grey"


def test_the_colours_differ_for_every_eye() -> None:
    """Ever darker, so they can be told apart without any colour; and from yellow to purple."""
    ramp = _colours(np.linspace(0, 1, 50, dtype=np.float32))
    brightness = ramp @ [0.2126, 0.7152, 0.0722]
    assert all(brighter - darker > 1 for brighter, darker in pairwise(brightness))
    assert brightness[0] - brightness[-1] > 120
    assert RAMP[0, 2] < RAMP[0, 0]
    assert RAMP[-1, 2] > RAMP[-1, 1]


def test_a_trained_bundle_explains(trained: tuple[Bundle, Evaluation], collection: Path) -> None:
    predictor = Predictor(trained[0])
    image = collection / "000.png"
    for suggestion in predictor.predict(image):
        found = predictor.explain(image, suggestion.code)
        assert found.score == suggestion.score
        assert found.local_logits.mean() == pytest.approx(found.logit, abs=1e-4)
        assert found.box == read_framed_image(image, trained[0].image_size).box
