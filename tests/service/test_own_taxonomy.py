"""A bundle with a tree of one's own is served: its levels, its tree, its groups."""

from dataclasses import replace

import httpx

from tests.service.server import PNG, check_problem, picture, starter, talk
from viennatag.data.labels import LabelSet
from viennatag.data.taxonomy import LabelNode, LabelTree
from viennatag.prediction.predictor import Predictor


def own() -> Predictor:
    """Return the starter under other names: a tree in which two roots exclude each other."""
    bundle = starter().bundle
    nodes = tuple(
        LabelNode(f"label {name}", f"label {above}" if (above := name.rpartition(".")[0]) else "", f"meaning of {name}",
                  "kind" if name in {"1", "2"} else "")
        for name in bundle.labels.names
    )  # fmt: skip
    labels = LabelSet(LabelTree(nodes, ("top", "middle", "low"), name="own.csv"), tuple(node.label for node in nodes))
    calibration = replace(bundle.postprocessor.calibration, exclusive=labels.exclusive)
    chain = replace(bundle.postprocessor, labels=labels, calibration=calibration, pixel_labels=(), max_crops=0)
    return Predictor(replace(bundle, postprocessor=chain), threads=1)


def test_levels_tree_and_groups_of_ones_own() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        answer = await client.post("/v1/predict?level=top&top=40", content=picture(), headers=PNG)
        found = answer.json()["results"][0]["suggestions"]
        assert {each["level"] for each in found} == {"top"}
        assert {each["code"] for each in found if "group" in each} == {"label 1", "label 2"}
        assert {each.get("group", "kind") for each in found} == {"kind"}
        check_problem(
            await client.post("/v1/predict?level=low1", content=picture(), headers=PNG), 422, "invalid", "top"
        )
        codes = (await client.get("/v1/codes")).json()["codes"]
        assert codes[0] == {
            "code": "label 1", "heading": "meaning of 1", "level": "top", "auxiliary": False, "matched": "",
            "group": "kind",
        }  # fmt: skip
        child = (await client.get("/v1/codes/label 3.1.1")).json()
        assert [each["code"] for each in child["path"]] == ["label 3", "label 3.1", "label 3.1.1"]
        assert child["level"] == "low"
        assert (await client.get("/v1/codes?q=meaning 3.1.1")).json()["codes"][0]["code"] == "label 3.1.1"
        check_problem(await client.get("/v1/codes/nothing"), 404, "not-found", "nothing")
        card = (await client.get("/v1/model")).json()
        assert (card["taxonomy"], card["groups"]) == ("own.csv", {"kind": ["label 1", "label 2"]})
        assert card["parents"]["label 3.1.1"] == "label 3.1"
        assert "label 3" not in card["parents"]

    talk(conversation, predictor=own())
