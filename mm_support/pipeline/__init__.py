"""The flow of a turn: what a customer sent, step by step, until it is a reply. turn.py runs it.

    perceive.py     input, encode   what is heard in the recording and seen in the photo
    fuse.py         fuse            what is asked, as one query, alone or with the turn before
    retrieve.py     retrieve        what a base finds for it
    decide.py       decide          what that comes to
        decompose.py                    several questions in one message
        act.py                          what it does with an action
        disputed.py                     entries that contradict each other
    perform.py                      runs the action, where one is to be run
    decode.py       decode          the sentences of the reply, and their sound
        mask.py                         what a language model may read of it
    record.py                       what is kept, and what the next turn needs to know
    resume.py                       the rest of a reply that was interrupted

step.py and results.py hold what passes between them. What single models, scores and sentences do
lies in the rooms of the same names: inputs, encode, fuse, knowledge, decide, actions, decode.
"""
