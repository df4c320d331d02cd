"""Document files of every format as Markdown text: recognised by content, read block by block."""
