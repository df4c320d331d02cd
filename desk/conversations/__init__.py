"""Conversations with staff: who owns one, the queue, who serves it, and how it ends."""
