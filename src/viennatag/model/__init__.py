"""The bundle: the artefact on disk, its model card, and the postprocessing that it carries."""
