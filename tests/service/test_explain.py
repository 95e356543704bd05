"""Heat maps over HTTP."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.images.test_crops import star_beside_a_word
from tests.service.server import PNG, SAMPLE, ask, check_problem, picture, starter, talk
from viennatag.prediction.predictor import Predictor


def test_a_heat_map_has_the_size_of_the_image() -> None:
    answer = ask("POST", "/v1/explain?code=29.1.4", content=SAMPLE.read_bytes(), headers=PNG)
    assert answer.headers["content-type"] == "image/png"
    with Image.open(SAMPLE) as image, Image.open(io.BytesIO(answer.content)) as drawn:
        assert drawn.size == image.size
        assert np.asarray(drawn.convert("HSV"))[..., 1].max() > 100  # there is colour on it


def test_a_large_image_is_drawn_smaller() -> None:
    for format_ in ("PNG", "JPEG"):
        answer = ask("POST", "/v1/explain?code=3", files={"files": ("a", picture(2500, 1000, format_))})
        with Image.open(io.BytesIO(answer.content)) as drawn:
            assert drawn.size == (1024, 410)


def test_the_local_logits() -> None:
    headers = {**PNG, "Accept": "application/json"}
    found = ask("POST", "/v1/explain?code=26.01", content=picture(80, 40), headers=headers).json()
    explanation = starter().explain(picture(80, 40), "26.1")
    assert found["code"] == "26.1"
    assert found["score"] == explanation.score
    assert np.allclose(found["local_logits"], explanation.local_logits, atol=1e-3)
    assert found["box"] == [0.0, 0.25, 1.0, 0.75]


def test_the_heat_map_of_a_crop() -> None:
    file = io.BytesIO()
    star_beside_a_word().save(file, "PNG")
    headers = {**PNG, "Accept": "application/json"}
    for code, has_crop in (("26.1", False), ("1.1", True)):
        found = ask("POST", f"/v1/explain?code={code}", content=file.getvalue(), headers=headers).json()
        explanation = starter().explain(file.getvalue(), code)
        assert (found["crop"] is not None) == (explanation.crop is not None) == has_crop
        if explanation.crop:
            assert np.allclose(found["crop"]["local_logits"], explanation.crop.local_logits, atol=1e-3)
            assert found["crop"]["box"] == pytest.approx(explanation.crop.box)


def test_what_cannot_be_explained() -> None:
    def explain(code: str, **request: object) -> object:
        return ask("POST", f"/v1/explain?code={code}", headers=PNG, **{"content": picture(), **request})

    check_problem(explain("77.1.1"), 422, "invalid", "no label '77.1.1'")
    check_problem(explain("cat"), 422, "invalid", "'cat' is not a Vienna code")
    check_problem(explain("3", content=b"broken"), 422, "unreadable-image")
    check_problem(ask("POST", "/v1/explain", content=picture(), headers=PNG), 422, "invalid", "query.code")
    two = [("files", ("a.png", picture()))] * 2
    check_problem(ask("POST", "/v1/explain?code=3", files=two), 422, "invalid", "expected one image")


def test_a_bundle_without_heat_maps_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = Predictor.load(threads=1)
    monkeypatch.setattr(predictor.engine, "outputs", ("logits", "features"))
    answer = talk(lambda client: client.post("/v1/explain?code=3", content=picture(), headers=PNG), predictor=predictor)
    check_problem(answer, 404, "no-heat-map")
