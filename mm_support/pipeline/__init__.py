"""The flow of a turn: what a customer sent, step by step, until it is a reply.

turn.py runs it, step.py and results.py hold what passes between the steps; docs/code.md names them.

What single models, scores and sentences do lies in the rooms of the same names: inputs, encode,
fuse, knowledge, decide, actions, decode.
"""
