"""The parts of the staff page: what it shows and keeps up to date, and the tools beside the conversation."""
