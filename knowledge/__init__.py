"""What the assistant knows: content, import, embedding, index, answer pipeline, releases."""
