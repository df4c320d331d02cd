"""How sure the assistant has to be: evidence, its weights, and what is learnt of them at each publication."""
