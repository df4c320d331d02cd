"""From a question to an answer, as an ordered list of steps."""

from knowledge.pipeline.context import Candidate, Context, Rejection
from knowledge.pipeline.run import LAST_STEPS, STEPS, run_pipeline

__all__ = ["LAST_STEPS", "STEPS", "Candidate", "Context", "Rejection", "run_pipeline"]
