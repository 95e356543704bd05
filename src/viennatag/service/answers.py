"""The shapes of the service's answers, for its description; the predictor's own types stay the source."""

from typing import Any

from pydantic import BaseModel, Field

from viennatag.prediction.predictor import Suggestion

_SUGGESTION = Suggestion("3.1.6", "cats", 0.8731, "section", ("3", "3.1", "3.1.6"), True)


class Model(BaseModel):
    """Which bundle answered."""

    name: str = Field(examples=["starter"])
    digest: str = Field(examples=["sha256:4ef94631d634f220"])


class Suggestions(BaseModel):
    """The suggestions for one image, best first."""

    image: str = Field(examples=["logo.png"], description="Name of the file, or image-1, image-2, ... without one.")
    width: int = Field(examples=[640])
    height: int = Field(examples=[480])
    suggestions: list[Suggestion] = Field(examples=[[_SUGGESTION]])


class Failure(BaseModel):
    """Why an image was not answered."""

    title: str = Field(examples=["The image cannot be read"])
    detail: str = Field(examples=["the image is empty (0 bytes)"])
    status: int = Field(examples=[422])


class Failed(BaseModel):
    """An image that could not be read, beside others that could."""

    image: str = Field(examples=["broken.png"])
    error: Failure


class Predictions(BaseModel):
    """Suggestions for each image, in the order sent."""

    model: Model
    results: list[Suggestions | Failed]


class Places(BaseModel):
    """What the network says of each place of a square."""

    map: list[list[float]] = Field(description="Evidence at each place of the square that the network sees, in logits.")
    area: tuple[float, float, float, float] = Field(
        examples=[(0.0, 0.125, 1.0, 0.875)],
        description="Left, top, right and bottom of the whole image in that square, in fractions of its side; beyond 0 "
        "and 1 is paper that was cropped.",
    )


class Evidence(Places):
    """Where in an image the evidence for a code lies."""

    code: str = Field(examples=["3.1.6"])
    score: float = Field(examples=[0.8731])
    part: Places | None = Field(
        None, description="Likewise of the part of the mark that speaks most for the code, if it was seen by itself."
    )


class Node(BaseModel):
    """A code and what it means."""

    code: str = Field(examples=["3.1.6"])
    heading: str = Field(examples=["cats or other small felines"])


class KnownMark(BaseModel):
    """A known mark that looks like the image."""

    image: str = Field(examples=["EM500000003.jpg"])
    codes: list[Node]
    similarity: float = Field(ge=-1, le=1, examples=[0.8731], description="Cosine; 1 for the same picture.")
    thumbnail: str | None = Field(description="Address of its picture, where the service has the pictures.")


class SimilarMarks(BaseModel):
    """Known marks, the most similar first."""

    marks: list[KnownMark]


class LeveledNode(Node):
    """A code, what it means and where it stands."""

    level: str = Field(examples=["section"])


class Nodes(BaseModel):
    """Codes, the closest match first, or in the order of the classification."""

    codes: list[LeveledNode]


class Place(LeveledNode):
    """A code in the tree."""

    path: list[Node] = Field(description="From the category down to the code itself.")
    children: list[Node]
    known_to_model: bool = Field(description="Whether the model can suggest it.")


class Card(BaseModel):
    """What the bundle is, how it was trained and what was measured."""

    name: str = Field(examples=["starter"])
    digest: str
    taxonomy: str = Field(examples=["vienna"])
    image_size: int = Field(examples=[160], description="Side of the square that the network sees, in pixels.")
    labels: dict[str, int] = Field(examples=[{"category": 28, "division": 121, "section": 962}])
    training: dict[str, Any]
    metrics: dict[str, Any]
    thresholds: dict[str, float] = Field(description="A code is suggested when its score is at least this.")


class Health(BaseModel):
    """How the service is."""

    status: str = Field(examples=["ok"])
