"""Update a bundle with feedback, without forgetting what it knew."""
